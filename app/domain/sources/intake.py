"""How complete the read model is for what other programs write."""

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


@dataclass(frozen=True)
class IntakeState:
    """How far it is: all lumisection events up to `event` are in, of `newest`; of all `runs` the
    older `runs_left` weren't looked at yet. `event` None: it hasn't begun."""

    event: int | None
    newest: int
    runs: int
    runs_left: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left but what is being written."""
        return self.event is not None and not self.runs_left

    @property
    def text(self) -> str:
        """The same in sentences."""
        if self.event is None:
            return (
                "Nothing that other programs wrote was taken into the quick copy yet: a puller"
                " begins with it, or db take-in."
            )
        waits = (
            "all that other programs write is in the quick copy"
            if self.event >= self.newest
            else f"up to event {number(self.event)} of {number(self.newest)} all that other"
            " programs write is in the quick copy"
        )
        if not self.runs_left:
            return f"{waits[:1].upper()}{waits[1:]}."
        done = self.runs - self.runs_left
        return (
            f"{number(done)} of {counted(self.runs, 'run')} were looked at, the newest first, for"
            f" what other programs wrote before; since then {waits}."
        )
