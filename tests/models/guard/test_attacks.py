"""No attack in plain SQL gets through, whoever tries it."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from app.models.database import desk, record, seal, tables
from tests.models.guard.attacks import ATTACKS, NOTHING, Attack
from tests.models.guard.guarded import address

_TABLES = (
    *(f'public."{name}"' for name in tables.metadata.tables),
    *(f"desk.{name}" for name in desk.OWN.privileges),
    *(f"record.{name}" for name in record.OWN.privileges),
    *(f"seal.{name}" for name in seal.OWN.privileges),
    *(f"guard.{name}" for name in ("person", "service", "egroup", "action")),
)

_MISTAKES = frozenset({"42601", "42P01", "42703", "42883", "42P02", "22023", "42804"})
"""Errors of an attack that says something wrong, and so proves nothing."""


@pytest.fixture(scope="module")
def control(attacked_dsn: str) -> Iterator[psycopg.Connection]:
    """Somebody who sees all."""
    with psycopg.connect(attacked_dsn, autocommit=True) as connection:
        yield connection


def _content(control: psycopg.Connection) -> dict[str, object]:
    """What is in every table."""
    return {
        table: control.execute(
            f"SELECT md5(string_agg(line::text, '|' ORDER BY line::text)) FROM {table} AS line"
        ).fetchone()
        for table in _TABLES
    }


def test_that_there_are_attacks_on_every_table() -> None:
    said = " ".join(attack.sql for attack in ATTACKS)
    names = [table.replace("public.", "") for table in _TABLES]
    assert [name for name in names if name not in said] == []
    assert len(ATTACKS) >= 150


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_that_an_attack_gets_nowhere(
    attack: Attack, attacked_dsn: str, control: psycopg.Connection
) -> None:
    with psycopg.connect(address(attacked_dsn, attack.login)) as connection:
        if attack.told == NOTHING:
            before = _content(control)
            connection.execute(attack.sql)
            connection.commit()
            assert _content(control) == before
            return
        with pytest.raises(psycopg.Error) as refused:
            _try(connection, attack.sql)
        assert re.search(attack.told, str(refused.value))
        assert refused.value.sqlstate not in _MISTAKES, str(refused.value)
        connection.rollback()


def _try(connection: psycopg.Connection, statements: str) -> None:
    connection.execute(statements)
    connection.commit()
