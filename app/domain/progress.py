"""Telling how far long work is, and stopping it."""

from collections.abc import Callable

from msgspec import Struct

from app.domain.errors import RegistryError


class Cancelled(RegistryError):
    """The person who asked for the work stopped it; nothing of it is left."""


class Progress(Struct, frozen=True):
    """`report` takes the share done, 0 to 1; `is_cancelled` is asked between blocks of work."""

    report: Callable[[float], None] | None = None
    is_cancelled: Callable[[], bool] | None = None

    def checkpoint(self) -> None:
        """Raises Cancelled when somebody asked for it."""
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled("Cancelled: nothing was written.")

    def at(self, share: float) -> None:
        """A checkpoint that also reports the share done."""
        self.checkpoint()
        self.tell(share)

    def tell(self, share: float) -> None:
        """Reports the share done, also when it is too late to cancel."""
        if self.report is not None:
            self.report(share)

    def part(self, begin: float, end: float) -> "Progress":
        """The progress of a part of the work, which takes the share from `begin` to `end`."""
        return Progress(lambda share: self.tell(begin + (end - begin) * share), self.is_cancelled)


SILENT = Progress()
"""For work that nobody watches."""
