"""What the person may do: the permissions in force, asked without waiting for the database."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.domain.configuration.permissions import Permissions
from app.services.acting import Acting
from app.services.configuration import in_force
from app.views.background import Background, Work


class Rights(QObject):
    """Answers before an action is tried; whether it is allowed is decided by its service.

    Signals: `changed()` when the permissions were read.
    """

    changed = Signal()

    def __init__(self, acting: Acting, background: Background) -> None:
        super().__init__()
        self._acting = acting
        self._background = background
        self._reading = Work(background, self)
        self._permissions: Permissions | None = None
        # All actions are asked about at each step through a table.
        self._answers: dict[tuple[str, ...], str] = {}

    def load(self) -> None:
        """Reads the permissions in force."""
        self._reading.renew(self._read)

    def why_not(self, paths: Sequence[str]) -> str:
        """Why none of the paths is allowed, as the service would refuse it; empty when one is.

        Empty also while the permissions aren't read yet, and for a path with a `{name}` in it:
        that is chosen later.
        """
        if self._permissions is None or any("{" in path for path in paths):
            return ""
        asked = tuple(paths)
        if asked not in self._answers:
            self._answers[asked] = self._permissions.why_not(self._acting.actor, asked)
        return self._answers[asked]

    async def _read(self) -> None:
        acting = self._acting
        configuration = await self._background.read(lambda: in_force.current(acting))
        if configuration.permissions is not self._permissions:
            self._permissions = configuration.permissions
            self._answers.clear()
            self.changed.emit()
