"""No attack in plain SQL gets through, whoever tries it."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import TestServer
from tests.models.guard.attacks.all_of_them import ATTACKS, PARTS
from tests.models.guard.attacks.tried import TABLES, Attacked


@pytest.fixture(scope="module")
def attacked(server: TestServer, guarded_template: str) -> Iterator[Attacked]:
    """A guarded database that all attacks are tried on."""
    with server.copy(guarded_template) as dsn:
        attacked = Attacked(dsn)
        yield attacked
        attacked.close()


def test_that_there_are_attacks_on_every_table() -> None:
    said = " ".join(attack.sql for attack in ATTACKS)
    names = [table.replace("public.", "") for table in TABLES]
    assert [name for name in names if name not in said] == []
    assert len(ATTACKS) >= 150


@pytest.mark.parametrize("part", PARTS)
def test_that_no_attack_gets_anywhere(part: str, attacked: Attacked) -> None:
    assert attacked.outcomes(PARTS[part]) == []


def test_that_nobody_can_call_what_goes_by_the_names_of_its_caller(guarded_dsn: str) -> None:
    with psycopg.connect(guarded_dsn) as control:
        found = control.execute(
            "SELECT proname::text, 'search_path=pg_catalog, pg_temp' = ANY (proconfig) AND"
            " (prosecdef OR proname = 'refuse'), EXISTS (SELECT FROM pg_trigger"
            "  WHERE tgfoid = pg_proc.oid) OR EXISTS (SELECT FROM aclexplode(coalesce(proacl,"
            "  acldefault('f', proowner))) AS given WHERE given.grantee <> proowner)"
            " FROM pg_proc WHERE pronamespace = 'guard'::regnamespace AND prokind = 'f'"
        ).fetchall()
    assert [name for name, closed, called in found if called and not closed] == []
    assert {called for _name, _closed, called in found} == {True, False}
