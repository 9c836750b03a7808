"""Telling how far a long computation is, and stopping it."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import RegistryError


class Cancelled(RegistryError):
    """The person who asked for the computation stopped it; nothing of it is left."""


@dataclass(frozen=True)
class Progress:
    """`report` takes the share done, 0 to 1; `cancelled` is asked between blocks of work."""

    report: Callable[[float], None] | None = None
    cancelled: Callable[[], bool] | None = None

    def checkpoint(self) -> None:
        """Raises Cancelled when somebody asked for it."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("Stopped.")

    def at(self, share: float) -> None:
        """Checkpoint that also reports the share done."""
        self.checkpoint()
        if self.report is not None:
            self.report(share)


SILENT = Progress()
