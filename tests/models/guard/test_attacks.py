"""No attack in plain SQL gets through, whoever tries it."""

from collections.abc import Iterator

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
