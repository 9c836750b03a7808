"""Asking a puller for what a person's login may not write on a guarded database."""

from collections.abc import Sequence

from app.domain.certification.wishes import AnyWish, Asked, asked_text
from app.models.events.action import Action, begin
from app.models.guard import leases
from app.models.pulling import wishes
from app.services.acting import Acting

JOB = "wishes"
"""The job of pullers that does what people ask for."""


def must_ask(acting: Acting) -> bool:
    """Whether automatic versions are a puller's alone to write here, so that one is asked.

    Refused where there is nowhere to ask.
    """
    if acting.db.writes_automatically:
        return False
    if acting.db.guard is None or not acting.db.record:
        acting.check_automatic()
    return True


def ask(acting: Acting, asked: Sequence[AnyWish], words: str = "") -> Asked:
    """Makes wishes, all or none; says so, in these words if they are many."""
    with begin(acting.db, []) as action:
        ids = tuple(add(acting, action, each) for each in asked)
    return told(acting, ids, words or asked[0].words)


def add(acting: Acting, action: Action, wish: AnyWish) -> int:
    """Adds a wish to an action, with which it lands or not; returns its number."""
    return wishes.add(action.connection, wish, acting.actor.email)


def told(acting: Acting, ids: tuple[int, ...], words: str, *, job: str = JOB) -> Asked:
    """What to tell of wishes that were made for a job of pullers."""
    return Asked(ids, asked_text(words, puller=is_alive(acting, job)))


def is_alive(acting: Acting, job: str = JOB) -> bool:
    """Whether a puller does what people ask for."""
    return any(each.alive and each.job == job for each in leases.holders(acting.db))
