"""What the client does that keeps the read model complete."""

from dataclasses import dataclass

from app.domain.counting import counted, number


@dataclass(frozen=True)
class TakenIn:
    """What one step took in: datasets that others had changed, and older ones that weren't there.

    `runs_left` haven't been looked at yet. With `more` the next step has something to do already.
    """

    changed: int = 0
    older: int = 0
    runs_left: int = 0
    more: bool = False

    @property
    def text(self) -> str:
        """The state of the read model in a sentence."""
        if self.runs_left:
            return f"reading {number(self.runs_left)} older runs"
        if self.changed:
            return f"took in {counted(self.changed, 'dataset')} that others changed"
        return "all that others wrote is taken in"
