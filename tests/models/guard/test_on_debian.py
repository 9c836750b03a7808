"""The guard on the server of Debian, which has other rules for who may make and give roles."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.domain.errors import NotPermitted
from app.models.database.engine import Database
from app.models.guard import install
from app.services.editing import lumisections
from tests.conftest import another_server
from tests.models.guard.attacks.all_of_them import ATTACKS
from tests.models.guard.attacks.said import DT, cells, covers, said
from tests.models.guard.attacks.tried import Attacked
from tests.models.guard.guarded import DBA, FIRST, OPEN_RUN, PROMPT, address, build
from tests.models.guard.test_program_on_guard import ACTIONS, a_cell, acting_as

_BINARIES = Path("/usr/lib/postgresql/15/bin")

pytestmark = pytest.mark.skipif(
    not (_BINARIES / "postgres").exists(), reason="needs Debian's postgresql-15 (apt-get install)"
)


@pytest.fixture(scope="module")
def debian() -> Iterator[str]:
    """Address of a guarded database on a server of Debian's."""
    # Not 0, which it is where nobody says anything: then there is more to attack.
    with another_server(_BINARIES, max_prepared_transactions=2) as server:
        made = server.create(server.template("base"))
        dsn = server.dsn(made)
        database = Database(dsn)
        database.prepare()
        build(database, dsn)
        database.close()
        yield dsn
        server.drop(made)


def test_that_the_guard_is_whole_there(debian: str) -> None:
    dba = Database(address(debian, DBA))
    with dba.transaction() as connection:
        found = install.check(connection)
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    dba.close()
    assert (found.missing, found.extra) == ((), ())
    assert found.problems == (
        "the server's max_prepared_transactions is 2: a login could leave a prepared"
        " transaction that holds others up, and no puller can end that; set it to 0",
    )
    assert not found.whole
    assert version.startswith("15")


def test_that_no_attack_gets_through_there(debian: str) -> None:
    attacked = Attacked(debian)
    assert attacked.outcomes(ATTACKS) == []
    attacked.close()


def test_that_no_write_is_prepared_but_what_holds_others_up(debian: str) -> None:
    with (
        psycopg.connect(debian, autocommit=True) as control,
        psycopg.connect(address(debian, "g_dt")) as connection,
    ):
        with pytest.raises(psycopg.Error, match="cannot PREPARE a transaction that has executed"):
            connection.execute(said(cells(DT)) + covers(1) + "PREPARE TRANSACTION 'written'")
        connection.rollback()
        connection.execute(
            f'SELECT FROM "Run" WHERE run_number = {OPEN_RUN} FOR UPDATE;'
            "PREPARE TRANSACTION 'held'"
        )
        try:
            with pytest.raises(psycopg.errors.LockNotAvailable):
                control.execute(
                    f'SELECT FROM "Run" WHERE run_number = {OPEN_RUN} FOR UPDATE NOWAIT'
                )
        finally:
            control.execute("ROLLBACK PREPARED 'held'")


def test_that_a_person_edits_there(debian: str) -> None:
    database = Database(address(debian, "g_dt"))
    try:
        database.prepare()
        acting = acting_as(database)
        lumisections.edit_columns(acting, [a_cell(FIRST, PROMPT)])
        with pytest.raises(NotPermitted):
            ACTIONS["move a run"](acting)
        with pytest.raises(NotPermitted):
            lumisections.edit_columns(acting, [a_cell(OPEN_RUN, "online")])
    finally:
        database.close()
