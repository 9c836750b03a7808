"""The puller."""

from typing import Protocol

from app.domain.sources.pull import PullStatus


class Pull(Protocol):
    """The puller."""

    def pull_status(self) -> PullStatus:
        """What the puller does now; quick, asked every second."""
        ...

    def pull_now(self, run_number: int | None = None) -> str:
        """Asks for a pull at once: of everything new, or of one run again."""
        ...
