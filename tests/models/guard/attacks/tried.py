"""Trying an attack, and looking whether it got anywhere."""

import re

import psycopg

from app.models.database import desk, record, seal, tables
from tests.models.guard.attacks.said import NOTHING, Attack
from tests.models.guard.guarded import address

TABLES = (
    *(f'public."{name}"' for name in tables.metadata.tables),
    *(f"desk.{name}" for name in desk.OWN.privileges),
    *(f"record.{name}" for name in record.OWN.privileges),
    *(f"seal.{name}" for name in seal.OWN.privileges),
    *(f"guard.{name}" for name in ("person", "service", "egroup", "action")),
)

_MISTAKES = frozenset({"42601", "42P01", "42703", "42883", "42P02", "22023", "42804"})
"""Errors of an attack that says something wrong, and so proves nothing."""


def try_attack(attack: Attack, dsn: str, control: psycopg.Connection) -> str:
    """How far an attack gets, in words; nowhere is an empty text. `control` sees all tables."""
    before = _content(control) if attack.told == NOTHING else {}
    with psycopg.connect(address(dsn, attack.login)) as connection:
        try:
            connection.execute(attack.sql)
            connection.commit()
        except psycopg.Error as refused:
            connection.rollback()
            return _wrong(attack, refused)
    if attack.told != NOTHING:
        return "It got through."
    now = _content(control)
    return ", ".join(f"It changed {table}." for table in TABLES if now[table] != before[table])


def _wrong(attack: Attack, refused: psycopg.Error) -> str:
    """What is wrong with a refusal."""
    told = attack.told != NOTHING and re.search(attack.told, str(refused)) is not None
    if told and refused.sqlstate not in _MISTAKES:
        return ""
    return f"It was refused for another reason ({refused.sqlstate}): {refused}"


def _content(control: psycopg.Connection) -> dict[str, object]:
    """What is in every table."""
    return {
        table: control.execute(
            f"SELECT md5(string_agg(line::text, '|' ORDER BY line::text)) FROM {table} AS line"
        ).fetchone()
        for table in TABLES
    }
