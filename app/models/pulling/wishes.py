"""Wishes of people in schema `record`, and what pullers made of them."""

import time
from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.domain.certification.wishes import AnyWish, MadeWish, WishKind, WishState, wish_of
from app.domain.json_value import as_object
from app.models.database import outcome
from app.models.schemas import record
from app.models.statements import text

_LONGEST_TEXT = 2_000
_MOST_SHOWN = 500
_WHOLE_S = 60.0


def add(connection: Connection, wish: AnyWish, by: str) -> int:
    """Adds a wish; returns its number. The guard judges it, names its author, and announces it."""
    values = {"kind": wish.kind.value, "arguments": wish.arguments, "by": by}
    return int(outcome.added(connection, record.wish, values).id)


class Looks:
    """Looks at wishes of some kinds again and again, however many have their outcome.

    Now and again all are looked through for the oldest that waits; in between only what is newer
    than that. A wish that was committed later than newer ones is seen then.
    """

    def __init__(
        self, kinds: Collection[WishKind], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kinds = sorted(kinds)
        self._clock = clock
        self._oldest = 0
        self._looked_at: float | None = None

    def waiting(
        self, connection: Connection, limit: int, but: Collection[int] = ()
    ) -> list[tuple[int, str, AnyWish | None]]:
        """Wishes without an outcome, `but` for some: number, author, and the wish, None where it
        can't be read. The oldest of each author come first, so that nobody waits for all of
        another's."""
        now = self._clock()
        if self._looked_at is None or now - self._looked_at > _WHOLE_S:
            self._oldest = self._find_oldest(connection)
            self._looked_at = now
        wish = record.wish
        mine = sa.func.row_number().over(partition_by=wish.c.by, order_by=wish.c.id)
        rows = connection.execute(
            sa.select(wish.c.id, wish.c.by, wish.c.kind, wish.c.arguments)
            .where(wish.c.id >= self._oldest, self._waits, wish.c.id != sa.all_(_numbers(but)))
            .order_by(mine, wish.c.id)
            .limit(limit)
        )
        return [(id_, by, _wish(kind, arguments)) for id_, by, kind, arguments in rows]

    def _find_oldest(self, connection: Connection) -> int:
        """The number of the oldest wish that waits, of the newest of all when none does."""
        oldest = sa.select(sa.func.min(record.wish.c.id)).where(self._waits).scalar_subquery()
        newest = sa.select(sa.func.max(record.wish.c.id)).scalar_subquery()
        return int(connection.execute(sa.select(sa.func.coalesce(oldest, newest, 0))).scalar_one())

    @property
    def _waits(self) -> sa.ColumnElement[bool]:
        outcome = record.wish_outcome.c.wish == record.wish.c.id
        return record.wish.c.kind.in_(self._kinds) & ~sa.exists().where(outcome)


def _numbers(ids: Collection[int]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(ids), ARRAY(sa.BigInteger))


def has_outcome(connection: Connection, wish_id: int) -> bool:
    """Whether somebody has done or refused it, as of what was committed until now."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM record.wish_outcome WHERE wish = :id)"),
            {"id": wish_id},
        ).scalar()
    )


def settle(connection: Connection, wish_id: int, state: WishState, said: str) -> bool:
    """Adds the outcome of a wish; false when it has one already, and nothing of this may stand."""
    added = connection.execute(
        insert(record.wish_outcome)
        .values(wish=wish_id, state=state.value, text=said[:_LONGEST_TEXT], by="auto@auto")
        .on_conflict_do_nothing()
        .returning(record.wish_outcome.c.wish)
    )
    return added.one_or_none() is not None


def made(connection: Connection, ids: Collection[int]) -> list[MadeWish]:
    """Some wishes with what became of them, by number."""
    return _read(connection, record.wish.c.id.in_(sorted(ids)))


def newest(connection: Connection, *, by: str | None, only_waiting: bool) -> list[MadeWish]:
    """The newest wishes, of one person or of all; `only_waiting` those without an outcome."""
    condition = sa.true() if by is None else record.wish.c.by == by
    if only_waiting:
        condition &= record.wish_outcome.c.wish.is_(None)
    return _read(connection, condition)[::-1]


def _read(connection: Connection, condition: sa.ColumnElement[bool]) -> list[MadeWish]:
    wish, outcome = record.wish, record.wish_outcome
    rows = connection.execute(
        sa.select(
            wish.c.id,
            wish.c.kind,
            wish.c.arguments,
            wish.c.by,
            wish.c.at,
            outcome.c.state,
            outcome.c.text,
            outcome.c.at.label("ended"),
        )
        .select_from(wish.outerjoin(outcome, outcome.c.wish == wish.c.id))
        .where(condition)
        .order_by(wish.c.id.desc())
        .limit(_MOST_SHOWN)
    )
    return [_made(row) for row in rows][::-1]


def _made(row: Row[*tuple[Any, ...]]) -> MadeWish:
    wish = _wish(row.kind, row.arguments)
    return MadeWish(
        row.id,
        row.kind if wish is None else wish.words,
        row.by,
        row.at,
        _state(row.state),
        row.text or "",
        row.ended,
    )


def _state(stored: str | None) -> WishState:
    """What became of a wish; what nobody here knows is no success."""
    if stored is None:
        return WishState.WAITING
    known = {each.value: each for each in WishState}
    return known.get(stored, WishState.FAILED)


def _wish(kind: str, arguments: object) -> AnyWish | None:
    try:
        return wish_of(kind, as_object(arguments))
    except ValueError:
        return None
