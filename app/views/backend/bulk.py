"""The same edit on many datasets, and files of changes: looked at first, then one version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.views.backend.done import Done
from app.views.backend.history import CellValue, ChangeLine

Report = Callable[[float], None]
Asked = Callable[[], bool]

OK = "ok"
NO_CHANGE = "no change"
LINE_REFUSED = "refused"
OUTCOMES = (OK, NO_CHANGE, LINE_REFUSED)


@dataclass(frozen=True, slots=True)
class BulkWish:
    """What the chosen columns or DCS bits (`to` true or false) become, in some lumisections or in
    whole datasets; `comment` of the version, which DCS bits need."""

    names: tuple[str, ...]
    to: Triplet | bool
    ranges: tuple[LumiRange, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What one line would do, or why it can't; `number` is the line of the file.

    A line that can't be read has no run, but what stands in it: run, dataset, column or bit, LS,
    and what they should become.
    """

    number: int
    run_number: int | None
    dataset: str
    name: str
    ranges: tuple[LumiRange, ...]
    to: CellValue
    outcome: str
    cells: int
    reason: str = ""
    unread: tuple[str, str, str, str, str] = ("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class GoldenChange:
    """What a golden rule loses and gains: lumisections and recorded luminosity [pb^-1]."""

    rule: str
    lumisections_leaving: int
    lumisections_entering: int
    recorded_leaving: float
    recorded_entering: float


@dataclass(frozen=True)
class BulkReport:
    """A look at an edit before it is written; luminosities [pb^-1] of the lumisections with a
    changed cell. `seen` lets the writing notice what changes after it."""

    lines: tuple[ReportLine, ...]
    changes: tuple[ChangeLine, ...] = ()
    cells: int = 0
    datasets: int = 0
    lumisections: int = 0
    recorded: float = 0.0
    delivered: float = 0.0
    golden: GoldenChange | None = None
    seen: Mapping[DatasetKey, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Lines that can't be written."""
        return sum(line.outcome == LINE_REFUSED for line in self.lines)


class Bulk(Protocol):
    """Editing many datasets; all of it may be cancelled, which answers None and writes nothing."""

    def preview_bulk(
        self, keys: tuple[DatasetKey, ...], wish: BulkWish, progress: Report, cancelled: Asked
    ) -> BulkReport | None:
        """Writes nothing."""
        ...

    def write_bulk(
        self,
        keys: tuple[DatasetKey, ...],
        wish: BulkWish,
        seen: Mapping[DatasetKey, int],
        progress: Report,
        cancelled: Asked,
        *,
        leave_out_refused: bool,
    ) -> Done | None:
        """One version, all or none; refused lines are left out only when asked."""
        ...

    def preview_changes(
        self, content: str, comment: str, progress: Report, cancelled: Asked
    ) -> BulkReport | None:
        """What a file of changes would do; writes nothing."""
        ...

    def write_changes(
        self,
        content: str,
        comment: str,
        seen: Mapping[DatasetKey, int],
        progress: Report,
        cancelled: Asked,
        *,
        leave_out_refused: bool,
    ) -> Done | None:
        """Writes a file of changes as one version, all or none."""
        ...
