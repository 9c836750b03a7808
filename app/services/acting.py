"""Who acts on what: the first argument of every service."""

from dataclasses import dataclass, replace
from typing import Self

from app.domain.identity import NOBODY, Actor
from app.models.database.engine import Database


@dataclass(frozen=True)
class Acting:
    """A database, and the person or machine that acts on it.

    Without an actor it only reads: nobody has rights, so every action is refused.
    """

    db: Database
    actor: Actor = NOBODY

    def by(self, actor: Actor) -> Self:
        """The same database with somebody else acting on it."""
        return replace(self, actor=actor)
