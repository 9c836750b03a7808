"""What the sealing of this client does."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from app.domain.counting import counted
from app.domain.sources.pull import LoopStatus


class Sealed(Struct, frozen=True):
    """What one turn sealed, how large the tree is now, and what of the old history is left:
    versions up to `old_last`, of which those up to `old_done` are sealed."""

    leaves: int
    size: int
    signed: bool
    old_done: int = 0
    old_last: int = 0
    waits_for_index: bool = False
    more: bool = False

    @property
    def old_left(self) -> int:
        """Numbers of old versions that aren't accounted for yet."""
        return max(0, self.old_last - self.old_done)

    @property
    def text(self) -> str:
        """The state of the seal in a sentence."""
        how = "" if self.signed else ", unsigned"
        said = f"{counted(self.size, 'leaf', 'leaves')} sealed{how}"
        if self.old_left and self.waits_for_index:
            return f"{said}; the history before waits for an index: db index --create"
        if self.old_left:
            return f"{said}; of the history before {self.old_done / self.old_last:.0%}"
        return said


class Refusal(Struct, frozen=True):
    """A puller that seals nothing, because the history isn't the one it has sealed."""

    puller: str
    at: datetime
    why: str

    @property
    def text(self) -> str:
        """The same in two sentences."""
        return f"{self.puller} seals nothing since {self.at:%Y-%m-%d %H:%M} UTC. {self.why}"


@dataclass(frozen=True, slots=True)
class SealStatus(LoopStatus):
    """What the loop that seals tells of itself, and what pullers of any client refused."""

    refusals: tuple[Refusal, ...] = ()
