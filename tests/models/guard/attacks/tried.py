"""Trying an attack, and looking whether it got anywhere."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from app.models.schemas import desk, record, seal, tables
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


class Attacked:
    """A guarded database under attack: one session for each login, new again for each attack."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sessions: dict[str, psycopg.Connection] = {}
        self._control = psycopg.connect(dsn, autocommit=True)

    def close(self) -> None:
        """Ends all sessions."""
        for each in (self._control, *self._sessions.values()):
            each.close()

    def outcomes(self, attacks: Iterable[Attack]) -> list[str]:
        """How far those attacks get that get anywhere."""
        tried = ((attack, self._outcome(attack)) for attack in attacks)
        return [f"{attack.name}: {far}" for attack, far in tried if far]

    def _outcome(self, attack: Attack) -> str:
        """How far an attack gets, in words; nowhere is an empty text."""
        before = self._content() if attack.told == NOTHING else {}
        with self._session(attack.login) as session:
            try:
                session.execute(attack.sql)
                session.commit()
            except psycopg.Error as refused:
                return _wrong(attack, refused)
        if attack.told != NOTHING:
            return "It got through."
        now = self._content()
        return ", ".join(f"It changed {table}." for table in TABLES if now[table] != before[table])

    @contextmanager
    def _session(self, login: str) -> Iterator[psycopg.Connection]:
        """A session in which nothing of an earlier attack is left."""
        session = self._sessions.pop(login, None)
        if session is None:
            session = psycopg.connect(address(self._dsn, login), prepare_threshold=None)
        yield session
        session.rollback()
        session.autocommit = True
        session.execute("DISCARD ALL")
        session.autocommit = False
        self._sessions[login] = session

    def _content(self) -> dict[str, object]:
        """What is in every table."""
        each = (
            f"(SELECT md5(string_agg(line::text, '|' ORDER BY line::text)) FROM {table} AS line)"
            for table in TABLES
        )
        found = self._control.execute(f"SELECT {', '.join(each)}").fetchone()
        assert found is not None
        return dict(zip(TABLES, found, strict=True))


def _wrong(attack: Attack, refused: psycopg.Error) -> str:
    """What is wrong with a refusal."""
    told = attack.told != NOTHING and re.search(attack.told, str(refused)) is not None
    if told and refused.sqlstate not in _MISTAKES:
        return ""
    return f"It was refused for another reason ({refused.sqlstate}): {refused}"
