"""E-groups that are synchronised while somebody works."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from app.domain.errors import NotPermitted
from app.models.database.engine import Database
from app.models.database.listen import CHANNEL
from app.models.guard import logins
from app.services.acting import Acting, OfLogin
from app.services.editing import lumisections
from tests.conftest import TestServer
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import DBA, FIRST, LOGINS, PROMPT, address
from tests.models.guard.test_program_on_guard import a_cell


@pytest.fixture
def synchronise(guarded_dsn: str, server: TestServer) -> Iterator[Callable[..., None]]:
    """Brings who is in the DT experts up to date, as the administrator does."""

    def do(*members: str) -> None:
        dba = Database(address(guarded_dsn, DBA))
        wanted = {"dt-experts": set(members)}
        with dba.transaction() as connection:
            changes = logins.plan_egroups(connection, wanted)
            logins.apply_egroups(connection, wanted, changes, "test")
        dba.close()

    with server.alone_with_egroups():
        yield do
        do(*(login for login, (_, egroups) in LOGINS.items() if "dt-experts" in egroups))


def test_that_a_running_program_acts_by_the_new_e_groups(
    come_in: Login, synchronise: Callable[..., None]
) -> None:
    database = come_in("g_nobody")
    acting = Acting(database, OfLogin(database))
    with pytest.raises(NotPermitted):
        lumisections.edit_columns(acting, [a_cell(FIRST, PROMPT)])
    synchronise("g_dt", "g_nobody")
    database.renew_guard(older_than_s=60.0)
    assert acting.actor.egroups == frozenset()
    database.renew_guard()
    assert acting.actor.egroups == {"dt-experts"}
    lumisections.edit_columns(acting, [a_cell(FIRST, PROMPT)])


def test_that_everybody_is_told_of_it(guarded_dsn: str, synchronise: Callable[..., None]) -> None:
    with psycopg.connect(address(guarded_dsn, "g_nobody"), autocommit=True) as listening:
        listening.execute(f"LISTEN {CHANNEL}")
        synchronise("g_dt")
        told = [each.payload for each in listening.notifies(timeout=60, stop_after=1)]
    assert told == ["egroups"]
