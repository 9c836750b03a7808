"""What people asked pullers for and what became of it: listed, looked up, waited for."""

import time
from collections.abc import Callable, Collection

from app.domain.certification.wishes import MadeWish, WishState
from app.domain.counting import counted
from app.models.pulling import wishes
from app.services.acting import Acting
from app.services.certification import asking

_LOOK_S = 0.1
_NOBODY_FOR_S = 15.0


def listed(
    acting: Acting, *, everybodys: bool = False, only_waiting: bool = False
) -> tuple[MadeWish, ...]:
    """The newest wishes, the newest first: one's own, or everybody's."""
    if not acting.db.record:
        return ()
    by = None if everybodys else acting.actor.email
    with acting.db.primary.read() as connection:
        return tuple(wishes.newest(connection, by=by, only_waiting=only_waiting))


def found(acting: Acting, ids: Collection[int]) -> tuple[MadeWish, ...]:
    """Some wishes with what became of them."""
    with acting.db.primary.read() as connection:
        return tuple(wishes.made(connection, ids))


def news(
    acting: Acting, before: frozenset[int]
) -> tuple[str, frozenset[int], tuple[MadeWish, ...]]:
    """How many of one's own wishes wait, in words; their numbers; and those that waited `before`,
    or were heard of, and have their outcome now."""
    if acting.db.writes_automatically or not acting.db.record:
        return "", frozenset(), ()
    waiting = frozenset(each.id for each in listed(acting, only_waiting=True))
    gone = before - waiting
    ended = tuple(
        each for each in (found(acting, gone) if gone else ()) if each.by == acting.actor.email
    )
    if not waiting:
        return "", waiting, ended
    where = "on the way" if asking.is_alive(acting) else "waiting: no puller is running"
    return f"{counted(len(waiting), 'wish', 'wishes')} {where}", waiting, ended


def wait(
    acting: Acting,
    ids: Collection[int],
    tell: Callable[[str], None] = lambda _text: None,
    *,
    nobody_for_s: float = _NOBODY_FOR_S,
) -> tuple[MadeWish, ...]:
    """Waits until each wish has its outcome, or nobody is there to do it: at first not at all,
    later not for so long [s]."""
    alive = float("-inf")
    while True:
        made = found(acting, ids)
        left = [each for each in made if each.state is WishState.WAITING]
        if not left:
            return made
        if asking.is_alive(acting):
            alive = time.monotonic()
        elif time.monotonic() - alive > nobody_for_s:
            return made
        tell(left[0].told)
        time.sleep(_LOOK_S)
