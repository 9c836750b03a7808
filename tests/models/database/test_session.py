"""Whatever a role or a database has for defaults: a session is as the program relies on it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database import session
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.database.locks import PullerLock
from app.models.events import states
from app.models.schemas import shared_schema as schema
from app.services import databases, examining
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.models.events.test_event_log import check_folds
from tests.plain_folds import rr_objects

UNUSUAL = {
    "DateStyle": "'SQL, DMY'",
    "TimeZone": "'Asia/Kolkata'",
    "IntervalStyle": "'iso_8601'",
    "extra_float_digits": "-15",
    "bytea_output": "'escape'",
    "array_nulls": "off",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "quote_all_identifiers": "on",
    "search_path": "nowhere",
    "exit_on_error": "on",
    "client_encoding": "'LATIN1'",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "statement_timeout": "'900ms'",
    "lock_timeout": "'1ms'",
    "idle_in_transaction_session_timeout": "'900ms'",
}


def _alter(dsn: str, settings: dict[str, str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as control:
        _alter_here(control, settings)


def _alter_here(control: psycopg.Connection, settings: dict[str, str]) -> None:
    for setting, value in settings.items():
        control.execute(f"ALTER DATABASE {control.info.dbname} SET {setting} = {value}")


@pytest.fixture
def unusual(dsn: str) -> Iterator[Database]:
    """A database with other defaults for all that is relied on."""
    _alter(dsn, UNUSUAL)
    db = Database(dsn)
    yield db
    db.close()


def test_that_all_of_it_is_set_in_every_transaction(unusual: Database):
    for begun in (unusual.transaction, unusual.read, unusual.transaction):
        with begun() as connection:
            for name, value in session._WHILE_IN_TRANSACTION.items():
                found = connection.execute(
                    sa.text("SELECT current_setting(:name)"), {"name": name}
                ).scalar_one()
                assert found == value.strip("'"), name
            level, readonly = connection.execute(
                sa.text(
                    "SELECT current_setting('transaction_isolation'),"
                    " current_setting('transaction_read_only')"
                )
            ).one()
            reading = begun == unusual.read
            assert (level, readonly) == (
                ("repeatable read", "on") if reading else ("read committed", "off")
            )


def test_that_a_shift_goes_as_anywhere(unusual: Database):
    assert unusual.prepare()
    assert databases.recognise(unusual).kind is schema.SchemaKind.RUN_REGISTRY
    configure(unusual)
    begun = datetime.now(UTC)
    pull.apply(Acting(unusual), a_run(390001, 12))
    range_ = (LumiRange(2, 4),)
    triplet = Triplet("BAD", "ünlit \\ 'quoted'", "c\\d")
    lumisections.edit_columns(
        Acting(unusual, EXPERT), [ColumnEdit(390001, "online", "dt-dt", range_, triplet)]
    )
    lumisections.edit_bits(
        Acting(unusual, EXPERT),
        [BitEdit(390001, "online", "dt0_ready", range_, value=False)],
        comment="seen",
    )
    check_folds(unusual)
    with unusual.read() as connection:
        loaded = states.load(connection, [(390001, "online")], desk=False)
        made = connection.execute(sa.text('SELECT max("createdAt") FROM "Version"')).scalar_one()
        tenth, span, nothing = connection.execute(
            sa.text(
                "SELECT CAST('0.1' AS float8) + 0.2, interval '90 minutes',"
                " (CAST(:items AS text[]))[2]"
            ),
            {"items": ["a", None]},
        ).one()
    assert rr_objects(loaded[390001, "online"].state)[3]["dt-dt"] == triplet.as_json()
    assert made.utcoffset() == timedelta(0)
    assert begun - timedelta(minutes=1) < made <= datetime.now(UTC)
    assert (tenth, span, nothing) == (0.30000000000000004, timedelta(minutes=90), None)


def test_that_the_tables_are_made_in_public_whatever_the_path(empty_dsn: str):
    _alter(empty_dsn, UNUSUAL)
    db = Database(empty_dsn)
    made = databases.initialise(db, default_configuration=True)
    assert (made.created, made.configured, made.desk, made.record) == (True,) * 4
    assert examining.examine(db).problems == ()
    db.close()


def test_that_news_and_locks_outlive_the_limits_of_idle_sessions(unusual: Database):
    configure(unusual)
    # Connections of the pool heal at their next use; these two would be lost again and again.
    with unusual.raw_connection("control") as control:
        _alter_here(control, {"idle_session_timeout": "'200ms'"})
    heard: list[Change] = []
    lost: list[bool] = []
    listener = ChangeListener(unusual, heard.append, lambda ok, _: lost.append(ok))
    lock = PullerLock(unusual)
    assert lock.try_acquire()
    listener.start()
    try:
        with unusual.read() as connection:
            connection.execute(sa.text("SELECT pg_sleep(0.5)"))
        assert lock.held()
        assert False not in lost
    finally:
        lock.release()
        listener.stop()


def test_that_an_error_in_a_savepoint_ends_only_that(unusual: Database):
    with unusual.transaction() as connection:
        with pytest.raises(sa.exc.DBAPIError), connection.begin_nested():
            connection.execute(sa.text("SELECT 1/0"))
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1


def test_that_what_cannot_be_set_is_told(database: Database):
    assert examining.examine(database).server == ()
    with database.transaction() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        (told,) = session.problems(connection)
        assert "triggers and foreign keys" in told


class Pooler:
    """Stands before the server as a pooler does: what it says of the session is its own."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._ends += [client, server]
                for source, target, changed in ((client, server, False), (server, client, True)):
                    passing = threading.Thread(
                        target=self._pass_on, args=(source, target, changed), daemon=True
                    )
                    passing.start()
                    self._threads.append(passing)

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, changed: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                at = data.find(b"K\x00\x00\x00\x0c") if changed else -1
                if at >= 0:
                    data = data[: at + 5] + b"\x00\x00\x00\x07" + data[at + 9 :]
                    changed = False
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # To close it alone doesn't wake who waits for a client.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(10)
        for passing in self._threads:
            passing.join(10)
        for end in self._ends:
            end.close()


def _prepared_after_much(db: Database) -> int:
    for _ in range(8):
        with db.transaction() as connection:
            connection.execute(
                sa.text('SELECT max(version) FROM "Event" WHERE version > :n'), {"n": 1}
            )
    with db.read() as connection:
        return connection.execute(
            sa.text("SELECT count(*) FROM pg_prepared_statements")
        ).scalar_one()


def test_that_nothing_is_prepared_in_a_session_of_a_pooler(dsn: str):
    parts = conninfo_to_dict(dsn)
    pooler = Pooler(str(parts["host"]), int(str(parts["port"])))
    behind = Database(make_conninfo(dsn, host="127.0.0.1", port=pooler.port), pool_size=1)
    direct = Database(dsn, pool_size=1)
    try:
        (told,) = examining.examine(behind).server
        assert "The address is that of a pooler" in told
        assert _prepared_after_much(behind) == 0
        assert examining.examine(direct).server == ()
        assert _prepared_after_much(direct) > 0
    finally:
        behind.close()
        direct.close()
        pooler.close()


def test_that_hidden_rows_are_told(dsn: str):
    with psycopg.connect(dsn, autocommit=True) as control:
        name = f"{control.info.dbname}_reader"
        control.execute(f"CREATE ROLE {name}")
        control.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        control.execute('ALTER TABLE "RunEvent" ENABLE ROW LEVEL SECURITY')
    db = Database(dsn)
    try:
        with db.transaction() as connection:
            assert session.problems(connection) == ()
            connection.execute(sa.text(f"SET LOCAL ROLE {name}"))
            (told,) = session.problems(connection)
            assert "hides rows of RunEvent" in told
    finally:
        db.close()
        with psycopg.connect(dsn, autocommit=True) as control:
            control.execute(f"DROP OWNED BY {name}")
            control.execute(f"DROP ROLE {name}")


def test_that_another_encoding_is_told(server):
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as control:
        name = f"test_latin_{control.info.backend_pid}"
        control.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    db = Database(server.dsn(name))
    with db.read() as connection:
        (told,) = session.problems(connection)
    assert "keeps text as LATIN1" in told
    db.close()
    server.drop(name)
