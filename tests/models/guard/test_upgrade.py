"""The next version of the guard comes to a database that older clients are working on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest
from sqlalchemy import text

from app.domain.errors import Refused, Unavailable
from app.models.database.engine import Database
from app.models.guard import holding, install
from app.models.schemas import desk
from app.services import guard
from app.services.editing import lumisections
from tests.models.guard.attacks.said import DT, cells, covers, said
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import DBA, OPEN_RUN, address
from tests.models.guard.test_program_on_guard import a_cell, acting_as
from tests.services.offline_runs import newest_version

NEXT = install.VERSION + 1


@pytest.fixture
def dba(guarded_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The administrator, with the program that brings the next version."""
    monkeypatch.setattr(install, "VERSION", NEXT)
    with psycopg.connect(guarded_dsn) as control:
        # A copy belongs to whoever made it.
        control.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO g_owner', current_database());"
            " END $$"
        )
    database = Database(address(guarded_dsn, DBA))
    yield database
    database.close()


def installed(dba: Database) -> int:
    with dba.transaction() as connection:
        return install.installed(connection)


def an_edit() -> str:
    return said(cells(DT, "online", OPEN_RUN), "shifter@cern.ch") + covers(1)


def test_that_an_upgrade_waits_and_names_who_is_at_the_tables(
    come_in: Login, dba: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "hold_tables", partial(holding.hold_tables, patience_s=1.0))
    client = come_in("g_shifter")
    with client.transaction() as connection:
        connection.exec_driver_sql(an_edit())
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with pytest.raises(Unavailable, match=rf"g_shifter \(.*, process {process}\)"):
            guard.upgrade(dba)
        # Nothing is half done, and the edit goes on.
        assert installed(dba) == install.VERSION - 1
    assert newest_version(client)[1] == "shifter@cern.ch"
    guard.upgrade(dba)
    assert installed(dba) == NEXT


def test_that_an_attempt_ends_before_the_server_ends_who_writes(
    come_in: Login, dba: Database
) -> None:
    patience = "SELECT 1e3 * extract(epoch FROM current_setting('deadlock_timeout')::interval)"
    with come_in("g_shifter").transaction() as writing, dba.transaction() as connection:
        writing.exec_driver_sql(an_edit())
        patience_ms = connection.execute(text(patience)).scalar_one()
        # Of all tables together: none of them has a patience of its own.
        assert float(holding._ATTEMPT.removesuffix("ms")) < patience_ms
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"
        assert not holding._held(connection)
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "0"


def test_that_an_upgrade_goes_on_when_the_open_edit_ends(come_in: Login, dba: Database) -> None:
    client = come_in("g_shifter")
    with ThreadPoolExecutor(1) as pool:
        with client.transaction() as connection:
            connection.exec_driver_sql(an_edit())
            upgrade = pool.submit(guard.upgrade, dba)
            with pytest.raises(TimeoutError):
                upgrade.result(timeout=1)
        assert upgrade.result().version == NEXT
    lumisections.edit_columns(acting_as(client), [a_cell(OPEN_RUN, "online", "csc-csc")])
    assert newest_version(client)[1] == "shifter@cern.ch"


def test_that_a_transaction_that_began_before_is_judged_by_the_new_guard(
    come_in: Login, dba: Database
) -> None:
    client = come_in("g_shifter")
    with client.transaction() as connection:
        connection.execute(text("SELECT 1"))
        guard.upgrade(dba)
        connection.exec_driver_sql(an_edit())
    version, by, _ = newest_version(client)
    with client.read() as connection:
        closed = connection.execute(
            text("SELECT closed FROM guard.authentic WHERE atomic_version = :version"),
            {"version": version},
        ).scalar_one()
    assert (by, closed) == ("shifter@cern.ch", True)


def test_that_who_reads_meanwhile_waits_no_longer_than_an_attempt(
    come_in: Login, dba: Database
) -> None:
    reader, other = come_in("g_dt"), come_in("g_expert")
    with ThreadPoolExecutor(1) as pool, reader.read() as connection:
        connection.execute(text('SELECT count(*) FROM "Version"'))
        upgrade = pool.submit(guard.upgrade, dba)
        for _ in range(3):
            assert newest_version(other)[0] > 0
        assert not upgrade.done()
        connection.rollback()
        assert upgrade.result().version == NEXT


def test_that_triggers_call_what_an_upgrade_by_a_member_of_the_owner_made(
    come_in: Login, dba: Database, guarded_dsn: str
) -> None:
    with psycopg.connect(guarded_dsn) as control:
        control.execute("DROP SCHEMA desk CASCADE")
    guard.upgrade(dba)
    client = come_in("g_shifter")
    before = _count_of(client)
    lumisections.edit_columns(acting_as(client), [a_cell(OPEN_RUN, "online")])
    assert _count_of(client) != before
    with client.read() as connection:
        found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'desk%'"))
        assert set(found.scalars()) == desk.TRIGGERS
    with (
        pytest.raises(Refused, match="permission denied for table counts"),
        client.transaction() as connection,
    ):
        connection.execute(text("UPDATE desk.counts SET columns = '{}'"))


def test_that_a_member_of_the_owner_upgrades_tables_of_the_owner(
    come_in: Login, dba: Database, guarded_dsn: str
) -> None:
    with psycopg.connect(guarded_dsn) as control:
        control.execute(
            "DROP FUNCTION desk.count_again, desk.counts_due;"
            "DROP FUNCTION desk.count_dataset, desk.count_summary, desk.count_older,"
            " desk.count_anew, desk.place_keys, desk.sees_what_holds, desk.column_counts,"
            " desk.bit_counts CASCADE;"
            "DROP TABLE desk.counts, desk.counted_key, desk.counting, desk.uncounted;"
            "UPDATE desk.alembic_version SET version_num = '0008'"
        )
    assert guard.upgrade(dba).version == install.VERSION
    client = come_in("g_shifter")
    lumisections.edit_columns(acting_as(client), [a_cell(OPEN_RUN, "online")])
    assert _count_of(client)


def _count_of(client: Database) -> object:
    with client.read() as connection:
        return connection.execute(
            text(
                "SELECT version, summary_version, columns FROM desk.counts WHERE run_number = :run"
                " AND name = 'online' AND version = summary_version"
            ),
            {"run": OPEN_RUN},
        ).one()
