"""Who acts on what: the first argument of every service."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from app.domain.errors import NotPermitted, Refused
from app.domain.identity import NOBODY, Actor
from app.domain.keys import RunNumber
from app.domain.sources.oms import OmsRun
from app.models.database.engine import Database


def oms_is_silent(_run_number: RunNumber) -> OmsRun | None:
    """The answer where nobody can ask OMS: none, so that what is recorded serves."""
    return None


class OfLogin(Actor):
    """The person whose login this is, with the e-groups that the database said last."""

    __slots__ = ("_db",)

    _db: Database

    def __init__(self, db: Database) -> None:
        guard = db.guard
        assert guard is not None
        object.__setattr__(self, "email", guard.email or guard.login)
        object.__setattr__(self, "_db", db)

    @property
    def egroups(self) -> frozenset[str]:
        """Those at this moment: they may change while the program runs."""
        guard = self._db.guard
        return frozenset() if guard is None else guard.egroups


@dataclass(frozen=True)
class Acting:
    """A database, the person or agent that acts on it, and what some actions need besides.

    Without an actor it only reads: nobody has rights, so every action is refused. `ask_oms`
    answers what OMS says of a run now, None when OMS can't be asked. `client` names this window
    among those that have a dataset open; `draft_folder` keeps drafts while the database is away.
    `reason`: why something that is verified is changed.
    """

    db: Database
    actor: Actor = NOBODY
    ask_oms: Callable[[RunNumber], OmsRun | None] = oms_is_silent
    client: str = ""
    draft_folder: Path | None = None
    reason: str = ""

    def check_automatic(self) -> None:
        """Refused where automatic versions come from the logins of pullers alone, or where nothing
        can be written."""
        if self.db.guard is None and not self.db.writes_automatically:
            how = (
                "this connection is read-only" if self.db.read_only else "this login may only read"
            )
            raise NotPermitted(
                f"Nothing was changed: {how}. Take a connection whose login may append to the"
                " events, or ask an administrator of the database for that right."
            )
        if not self.db.writes_automatically:
            raise NotPermitted(
                "This writes an automatic version, which on this database only the login of a"
                " puller may do. Ask who runs the puller to do it."
            )

    def check_reads_record(self, what: str) -> None:
        """Refused where what was asked for may be there, and this login can't read it: that there
        is none would not be true."""
        if self.db.no_record.hidden:
            raise Refused(f"{what} can't be read here: {self.db.no_record.why}")

    def because(self, reason: str) -> Self:
        """The same, with the reason for changing what is verified."""
        return replace(self, reason=reason)

    def by(self, actor: Actor) -> Self:
        """The same database with somebody else acting on it."""
        return replace(self, actor=actor)
