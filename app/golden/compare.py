"""How two golden JSONs differ."""

from dataclasses import dataclass

from app.golden.document import Document, and_, minus


@dataclass(frozen=True)
class Comparison:
    """From an old document to a new one: `gained` is only in the new, `lost` only in the old."""

    gained: Document
    lost: Document
    common: Document
    runs_gained: tuple[int, ...]
    runs_lost: tuple[int, ...]

    @property
    def equal(self) -> bool:
        """Whether both hold the same lumisections."""
        return not self.gained and not self.lost


def compare(old: Document, new: Document) -> Comparison:
    """Lumisections and whole runs gained and lost from `old` to `new`."""
    return Comparison(
        minus(new, old),
        minus(old, new),
        and_(old, new),
        tuple(run_number for run_number in new if run_number not in old),
        tuple(run_number for run_number in old if run_number not in new),
    )
