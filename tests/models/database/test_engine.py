"""Transactions, and what the driver's errors become."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from app.domain.errors import BadInput, LoginRefused, NotFound, Refused, Unavailable
from app.domain.masking import masked
from app.models.database import times
from app.models.database.engine import BINARY, Database
from app.models.schemas import tables


def _count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(tables.version)
        ).scalar_one()


def _append(connection: sa.Connection) -> None:
    connection.execute(tables.version.insert().values(by="a@b", createdAt=sa.func.now()))


def _disconnect_all(database: Database) -> None:
    with database.raw_connection("disconnects") as control:
        control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def test_that_a_transaction_is_committed_at_its_end(database: Database) -> None:
    with database.transaction() as connection:
        _append(connection)
    assert _count(database) == 1


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:hun/ter2@db/x", "postgresql://me:hun@ter2@db/x", "host=db hunter2 user=me"],
)
def test_that_an_address_that_can_t_be_read_tells_no_password(address: str) -> None:
    with pytest.raises(BadInput, match="The database address") as refused:
        Database(address)
    assert "hun" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("port", ["port", "0", "99999", "-1"])
def test_that_a_port_that_there_isn_t_is_no_fault_of_the_network(port: str) -> None:
    with pytest.raises(BadInput, match="The port in the database address is a number"):
        Database(f"postgresql://me@db:{port}/x")


def test_that_a_value_that_no_option_has_is_named() -> None:
    database = Database("postgresql://me@localhost:1/x?sslmode=often")
    with (
        closing(database),
        pytest.raises(Refused, match=r'behind \? .*\(invalid sslmode value: "often"\)'),
        database.read(),
    ):
        pass


def test_that_the_password_of_the_database_is_masked_everywhere() -> None:
    Database("postgresql://me:pa%2Fss-of-db@db/x").close()
    assert masked("the server got pa/ss-of-db") == "the server got ***"


def test_that_any_exception_undoes_the_whole_transaction(database: Database) -> None:
    def fail_halfway() -> None:
        with database.transaction() as connection:
            _append(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert _count(database) == 0


def test_that_a_read_sees_one_moment_and_cannot_write(database: Database) -> None:
    with database.read() as connection:
        count = sa.select(sa.func.count()).select_from(tables.version)
        before = connection.execute(count).scalar_one()
        with database.transaction() as other:
            _append(other)
        assert connection.execute(count).scalar_one() == before
        with pytest.raises(sa.exc.InternalError, match="read-only"):
            _append(connection)
    assert _count(database) == 1


def test_that_writing_after_reading_on_the_same_connection_works(dsn: str) -> None:
    database = Database(dsn, pool_size=1)
    for _ in range(3):
        _count(database)
        with database.transaction() as connection:
            _append(connection)
            level = connection.execute(sa.text("SHOW transaction_isolation")).scalar_one()
            assert level == "read committed"
    assert _count(database) == 3
    database.close()


def test_that_lost_connections_heal_at_the_next_use(database: Database) -> None:
    assert _count(database) == 0
    _disconnect_all(database)
    assert _count(database) == 0


def test_that_a_connection_lost_in_a_transaction_is_unavailable_and_nothing_lands(
    database: Database,
) -> None:
    def append_twice() -> None:
        with database.transaction() as connection:
            _append(connection)
            _disconnect_all(database)
            _append(connection)

    with pytest.raises(Unavailable, match="shut down by its administrator"):
        append_twice()
    assert _count(database) == 0


def test_that_a_connection_lost_while_committing_says_that_the_outcome_is_unknown(
    database: Database,
) -> None:
    def append() -> None:
        with database.transaction() as connection:
            _append(connection)
            _disconnect_all(database)

    with pytest.raises(Unavailable, match="Look whether it is there"):
        append()


def test_that_a_refused_connection_is_unavailable_without_the_password() -> None:
    database = Database("postgresql://shifter:very-secret@127.0.0.1:1/registry")
    with pytest.raises(Unavailable) as told, database.read():
        pass
    assert "postgresql://shifter@127.0.0.1:1/registry can't be reached" in str(told.value)
    assert "very-secret" not in str(told.value) + repr(database)


def test_that_an_unknown_host_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="can't be reached"):
        Database("postgresql://a@no-such-host.invalid/b").prepare()


def test_that_a_wrong_password_is_refused(dsn: str) -> None:
    wrong = dsn.replace(psycopg.conninfo.conninfo_to_dict(dsn)["password"], "wrong")
    with pytest.raises(Refused, match="password authentication failed") as told:
        Database(wrong).prepare()
    # The address is right: what is to be mended is the password, and where it belongs.
    assert "~/.pgpass" in str(told.value)
    assert "Check the address" not in str(told.value)
    assert ":PASSWORD" in str(told.value)
    assert "wrong" not in str(told.value)


def test_that_a_missing_password_says_where_it_belongs(dsn: str, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    without = dsn.replace(f":{given['password']}@", "@")
    with pytest.raises(Refused, match=r"Put the line .*:PASSWORD into ~/\.pgpass"):
        Database(without).prepare()


def test_that_a_missing_database_is_not_found(dsn: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    database = Database(dsn.replace(str(name), "nowhere"))
    with pytest.raises(NotFound, match='"nowhere" does not exist'), database.read():
        pass


def test_that_an_unreadable_address_is_bad_input_that_does_not_repeat_it() -> None:
    with pytest.raises(BadInput, match="looks like") as told:
        Database("postgresql://a:secret@[nonsense/")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_that_every_spelling_of_an_address_is_understood(dsn: str, scheme: str) -> None:
    database = Database(dsn.replace("postgresql", scheme, 1))
    assert _count(database) == 0
    database.close()


def test_that_a_missing_privilege_is_refused_and_names_the_table(database: Database) -> None:
    def append_as_a_reader() -> None:
        with database.transaction() as connection:
            connection.execute(sa.text("SET LOCAL ROLE pg_monitor"))
            _append(connection)

    with pytest.raises(Refused, match="permission denied for table Version"):
        append_as_a_reader()


def test_that_a_statement_that_takes_too_long_is_unavailable(database: Database) -> None:
    def sleep() -> None:
        with database.transaction() as connection:
            connection.execute(sa.text("SET LOCAL statement_timeout = 20"))
            connection.execute(sa.text("SELECT pg_sleep(10)"))

    with pytest.raises(Unavailable, match="took too long"):
        sleep()


def test_that_a_broken_constraint_stays_a_bug(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as connection:
        connection.execute(tables.event.insert().values(atomic_version=4711))


def test_that_more_threads_than_connections_all_get_their_turn(dsn: str) -> None:
    database = Database(dsn, pool_size=2)
    start = threading.Barrier(16)

    def work(_: int) -> None:
        start.wait()
        with database.transaction() as connection:
            _append(connection)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert _count(database) == 16
    database.close()


def test_that_json_is_written_as_it_is_and_nan_never(database: Database) -> None:
    value = {"é": [1, 0.5, None, True], "b": {"c": ""}}
    with database.transaction() as connection:
        stored = connection.execute(
            tables.jsonb_deduplication.insert()
            .values(jsonb=value, unique_hash="x")
            .returning(tables.jsonb_deduplication.c.jsonb)
        ).scalar_one()
    assert stored == value
    with (
        pytest.raises(ValueError, match="not JSON compliant"),
        database.transaction() as connection,
    ):
        connection.execute(
            tables.jsonb_deduplication.insert().values(jsonb=float("nan"), unique_hash="y")
        )


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("by", "a\0b", "NUL"),
        ("by", "a\ud800", "a character that no text there can have"),
        ("atomic_version", 2**31, "a number is greater than its column takes"),
    ],
)
def test_that_what_the_database_can_t_hold_is_the_fault_of_what_was_given(
    database: Database, column: str, value: object, said: str
) -> None:
    values = {"by": "a@b", "createdAt": sa.func.now(), column: value}
    with (
        pytest.raises(BadInput, match=f"can't hold this: .*{said}"),
        database.transaction() as connection,
    ):
        connection.execute(tables.version.insert().values(values))
    assert _count(database) == 0


def test_that_a_password_that_expires_is_told_and_everything_goes_on_once_it_is_renewed(
    dsn: str, database: Database
) -> None:
    with psycopg.connect(dsn, autocommit=True) as control:
        login = f"{control.info.dbname}_late"
        control.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'p'")
        address = make_conninfo(dsn, user=login, password="p")
        with closing(Database(address)) as late, closing(Database(address)) as newcomer:
            late.prepare()
            control.execute(f"ALTER ROLE {login} VALID UNTIL '2020-01-01'")
            control.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [login],
            )
            with suppress(Unavailable), late.read():
                pass  # what was in the pool is gone
            with pytest.raises(LoginRefused, match="password, which may also have expired"):
                late.read().__enter__()
            with pytest.raises(Refused, match="password, which may also have expired"):
                newcomer.prepare()
            control.execute(f"ALTER ROLE {login} VALID UNTIL 'infinity'")
            with late.read() as connection:
                assert connection.execute(sa.text("SELECT 1")).scalar() == 1
        control.execute(f"DROP ROLE {login}")


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("infinity", times.LAST),
        ("20000-01-01", times.LAST),
        ("-infinity", times.FIRST),
        ("0044-03-15 BC", times.FIRST),
        ("2025-05-01 10:00:00.5+00", datetime(2025, 5, 1, 10, 0, 0, 500_000, UTC)),
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_that_every_time_is_read(database: Database, stored: str, read: datetime, *, binary: bool):
    with database.read() as connection:
        asked = sa.text("SELECT CAST(:stored AS timestamptz)")
        if binary:
            asked = asked.execution_options(**{BINARY: True})
        found = connection.execute(asked, {"stored": stored}).scalar_one()
    assert found == read
    # In every time zone.
    assert {found.astimezone(timezone(timedelta(hours=hours))) for hours in (-14, 14)} == {read}
