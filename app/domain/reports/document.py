"""What a report says: sections of sentences, tables and plots, and what it was made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.domain.reports.plots import Plot


class Tone(StrEnum):
    """How a sentence is said."""

    PLAIN = ""
    HINT = "hint"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Table:
    """Rows of text below their heads; those in `right` are numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str] = frozenset()
    title: str = ""


@dataclass(frozen=True)
class Listing:
    """A text in lines, such as a rule."""

    text: str


@dataclass(frozen=True)
class Drawing:
    """A plot."""

    plot: Plot


Block = Sentence | Table | Listing | Drawing


@dataclass(frozen=True)
class Section:
    """A part with a title of its own; `level` 3 is a part of the one before."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 2


@dataclass(frozen=True)
class Report:
    """A report as it is printed; `basis` names what it was made from, and `file` is what its file
    is called, without the ending."""

    title: str
    file: str
    basis: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots, in their order."""
        return tuple(block.plot for block in self._blocks() if isinstance(block, Drawing))

    def _blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks


LONGEST_CELL = 1000
"""Letters of a cell; what is longer is cut off."""


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 2]} …"


def table(
    heads: tuple[str, ...],
    rows: list[tuple[object, ...]],
    *,
    right: tuple[str, ...] = (),
    title: str = "",
    most: int = 200,
    nothing: str = "None.",
) -> tuple[Block, ...]:
    """A table, a sentence where it would be empty; what is more than `most` rows is counted."""
    if not rows:
        return (Sentence(f"{title}: {nothing}" if title else nothing, Tone.HINT),)
    shown = tuple(tuple(_bounded(str(cell)) for cell in row) for row in rows[:most])
    blocks: tuple[Block, ...] = (Table(heads, shown, frozenset(right), title),)
    if len(rows) > most:
        blocks += (Sentence(f"{len(rows) - most} more are left out here.", Tone.HINT),)
    return blocks
