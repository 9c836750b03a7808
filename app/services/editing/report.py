"""What edits of many datasets would do, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.counting import counted
from app.domain.editing.edits import Edit
from app.domain.errors import Refused
from app.services.editing.bulk import Preview

OK = "ok"
NO_CHANGE = "no change"
REFUSED = "refused"
OUTCOMES = (OK, NO_CHANGE, REFUSED)


@dataclass(frozen=True)
class ReportLine:
    """What one line would change; `refused` says why it can't be written.

    `number` is the line of a file, or the place of an edit from 1 on. A line that can't be read
    has no edit; `values` is what stands in it, by the names of a file's columns.
    """

    number: int
    edit: Edit | None
    cells: int
    refused: Refused | None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`."""
        if self.refused is not None:
            return REFUSED
        return OK if self.cells else NO_CHANGE


@dataclass(frozen=True)
class Report:
    """Edits line by line; `preview` is None when no line can be read."""

    lines: tuple[ReportLine, ...]
    preview: Preview | None

    @property
    def refused(self) -> tuple[ReportLine, ...]:
        """Lines that can't be written."""
        return tuple(line for line in self.lines if line.refused is not None)

    @property
    def cells(self) -> int:
        """Cells that change."""
        return self.preview.cells if self.preview is not None else 0

    @property
    def text(self) -> str:
        """The outcome in a sentence."""
        counts = [
            f"{number} {outcome}"
            for outcome in OUTCOMES
            if (number := sum(line.outcome == outcome for line in self.lines))
        ]
        return f"{counted(len(self.lines), 'line')}: {', '.join(counts)}."


def report_of(preview: Preview) -> Report:
    """A preview with its edits numbered."""
    lines = (
        ReportLine(number, line.edit, line.cells, line.refused)
        for number, line in enumerate(preview.lines, 1)
    )
    return Report(tuple(lines), preview)
