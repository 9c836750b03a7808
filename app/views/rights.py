"""What the person may do: the permissions in force, asked without waiting for the database."""

import time
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton

from app.domain.configuration.permissions import Permissions
from app.domain.errors import NotPermitted, Refused
from app.services.acting import Acting
from app.services.configuration import in_force
from app.views.background import Background, Work
from app.views.widgets.plain import tip

_FRESH_S = 60.0
READ_ONLY = "This connection is read-only. Open another one to write (File, Connections)."
READS_ALONE = (
    "This login may only read this database. Open a connection with another login (File,"
    " Connections), or ask the administrator of the database for the right to write."
)
_OWN_TIP = "own tip"


def offer(button: QAbstractButton | QAction, why_not: str, *, possible: bool = True) -> None:
    """Greys a button that isn't possible now, or, with the reason as its tip, not allowed."""
    if button.property(_OWN_TIP) is None:
        button.setProperty(_OWN_TIP, button.toolTip())
    button.setEnabled(possible and not why_not)
    button.setToolTip(tip(why_not) if why_not else str(button.property(_OWN_TIP)))


def nothing_here(acting: Acting) -> str:
    """Why nothing at all can be changed on this connection; empty where something can."""
    if acting.db.read_only:
        return READ_ONLY
    return READS_ALONE if acting.db.reads_alone else ""


class Rights(QObject):
    """Answers before an action is tried; whether it is allowed is decided by its service.

    Signals: `changed()` when more is known than before.
    """

    changed = Signal()

    def __init__(self, acting: Acting, background: Background) -> None:
        super().__init__()
        self._acting = acting
        self._background = background
        self._reading = Work(background, self)
        self._asking = Work(background, self)
        self._permissions: Permissions | None = None
        self.egroups = acting.actor.egroups
        """Those of the person, as they were read last."""
        self._read_at = 0.0
        # All actions are asked about at each step through a table.
        self._answers: dict[tuple[str, ...], str] = {}
        self._unknown: set[tuple[str, ...]] = set()

    def load(self) -> None:
        """Reads the permissions in force, and the e-groups as a guarded database has them."""
        self._read_at = time.monotonic()
        self._reading.renew(self._read)

    def keep_fresh(self) -> None:
        """Reads them when that was a minute ago: their changes aren't announced."""
        if time.monotonic() - self._read_at >= _FRESH_S:
            self.load()

    def why_not(self, paths: Sequence[str]) -> str:
        """Why none of the paths is allowed, as the service would refuse it; empty when one is.

        Where nothing can be written none is. Empty also while the permissions aren't read yet, or
        the database is still asked, and for a path with a `{name}` in it: that is chosen later.
        """
        if why_nothing := self.why_nothing():
            return why_nothing
        if self._permissions is None or any("{" in path for path in paths):
            return ""
        asked = tuple(paths)
        if asked in self._answers:
            return self._answers[asked]
        if not self._permissions.knows(asked):
            self._unknown.add(asked)
            self._asking.renew(self._ask)
            return ""
        answer = self._answers[asked] = self._permissions.why_not(self._acting.actor, asked)
        return answer

    def refusal(self, paths: Sequence[str]) -> Refused | None:
        """The same as what the service would raise, with the e-groups that are allowed."""
        why_not = self.why_not(paths)
        if not why_not or self._permissions is None or self.why_nothing():
            return Refused(why_not) if why_not else None
        return NotPermitted(why_not, self._permissions.egroups_for_any(paths))

    def refusal_of_all(self, wanted: Iterable[Sequence[str]]) -> Refused | None:
        """The same for several things that must all be allowed, each with its paths."""
        if why_nothing := self.why_nothing():
            return Refused(why_nothing)
        return next(filter(None, map(self.refusal, wanted)), None)

    def why_nothing(self) -> str:
        """Why nothing at all can be changed here; empty where something can."""
        return nothing_here(self._acting)

    async def _read(self) -> None:
        acting = self._acting

        def read() -> Permissions:
            acting.db.renew_guard()
            return in_force.columns_and_rights(acting).permissions

        permissions = await self._background.read(read)
        egroups = acting.actor.egroups
        if permissions is not self._permissions or egroups != self.egroups:
            self._permissions, self.egroups = permissions, egroups
            self._answers.clear()
            self.changed.emit()

    async def _ask(self) -> None:
        """Has a guarded database judge the paths that nobody asked about before."""
        permissions, actor = self._permissions, self._acting.actor
        asked = tuple(self._unknown)
        if permissions is None:
            return
        answers = await self._background.read(
            lambda: {paths: permissions.why_not(actor, paths) for paths in asked}
        )
        self._unknown.difference_update(asked)
        if permissions is self._permissions:
            self._answers.update(answers)
            self.changed.emit()
