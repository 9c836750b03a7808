"""Guarded and pooled: people log in to the pooler by their own password, and are who they are."""

import pytest

from app.domain.errors import Refused
from app.models.database.engine import Database
from app.models.guard.leases import Leases, holders
from tests.models.guard.guarded import address
from tests.pooler import needs_pgbouncer, pooler

pytestmark = needs_pgbouncer


def opened(dsn: str) -> Database:
    """The database as a login meets it."""
    db = Database(dsn)
    db.prepare()
    return db


def test_that_each_is_who_the_pooler_let_in(guarded_dsn: str) -> None:
    with pooler(guarded_dsn, pool_size=1) as behind:
        people = [opened(address(behind, login)) for login in ("g_shifter", "g_expert")]
        try:
            for _ in range(2):
                for db, login in zip(people, ("g_shifter", "g_expert"), strict=True):
                    db.renew_guard()
                    assert db.guard is not None
                    assert db.guard.login == login
        finally:
            for db in people:
                db.close()


def test_that_a_wrong_password_stays_outside(guarded_dsn: str) -> None:
    with pooler(guarded_dsn) as behind:
        db = Database(address(behind, "g_shifter").replace(":p@", ":wrong@"))
        try:
            with pytest.raises(Refused), db.read():
                pass
        finally:
            db.close()


def test_that_pullers_hold_their_leases_without_a_session_of_their_own(guarded_dsn: str) -> None:
    with pooler(guarded_dsn) as behind:
        first, second = (
            opened(address(behind, "g_puller")),
            opened(address(guarded_dsn, "g_puller")),
        )
        held, other = Leases(first, "behind"), Leases(second, "direct")
        try:
            assert held.take("oms")
            assert not other.take("oms")
            assert [each.client for each in holders(second)] == ["behind"]
            held.let_go("oms")
            assert other.take("oms")
        finally:
            held.close()
            other.close()
            first.close()
            second.close()
