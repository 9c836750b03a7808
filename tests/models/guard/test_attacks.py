"""No attack in plain SQL gets through, whoever tries it."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.models.guard.attacks.all_of_them import ATTACKS
from tests.models.guard.attacks.said import Attack
from tests.models.guard.attacks.tried import TABLES, try_attack


@pytest.fixture(scope="module")
def control(attacked_dsn: str) -> Iterator[psycopg.Connection]:
    """Somebody who sees all."""
    with psycopg.connect(attacked_dsn, autocommit=True) as connection:
        yield connection


def test_that_there_are_attacks_on_every_table() -> None:
    said = " ".join(attack.sql for attack in ATTACKS)
    names = [table.replace("public.", "") for table in TABLES]
    assert [name for name in names if name not in said] == []
    assert len(ATTACKS) >= 150


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_that_an_attack_gets_nowhere(
    attack: Attack, attacked_dsn: str, control: psycopg.Connection
) -> None:
    assert try_attack(attack, attacked_dsn, control) == ""
