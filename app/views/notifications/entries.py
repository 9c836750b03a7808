"""What waits for the person, as lines that open it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.services.notifications.book import Happened

TITLE = "What happened"


@dataclass(frozen=True)
class Entry:
    """Something that waits, and what opens it."""

    name: str
    text: str
    open: Callable[[], object]


@dataclass(frozen=True)
class State:
    """What happened, what waits, and whether the desktop is left alone."""

    happened: Happened = field(default_factory=Happened)
    entries: Sequence[Entry] = ()
    quiet: bool = False

    @property
    def words(self) -> str:
        """All of it in a line, for tips."""
        unread = self.happened.unread
        things = "thing" if unread == 1 else "things"
        parts = [f"{self.happened.number} {things} happened"] if unread else []
        parts += [each.text for each in self.entries]
        words = "; ".join(parts) or "Nothing waits"
        return f"{words}. Do not disturb is on." if self.quiet else words
