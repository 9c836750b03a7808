"""What the window needs from outside: bootstrap hands it in, so that views know no database.

Every function may be called from any thread of the pool and may take its time; it raises `Refused`
or `Unavailable` (`app.domain.errors`) and nothing else that isn't a bug. What comes back is never
changed afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from app.domain.edits import BitEdit, ColumnEdit
from app.domain.filters import Field, Node, Vocabulary
from app.domain.grid import DatasetState
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import Mask
from app.domain.pull import PullStatus

TableKind = Literal["runs", "datasets"]
ONLINE = "online"


# Who, where


class PlaceKind(StrEnum):
    """What kind of database this is; the status bar's strip tells them apart."""

    PRODUCTION = "production"
    TEST = "test"
    DEMONSTRATION = "demonstration"


@dataclass(frozen=True, slots=True)
class Session:
    """Who works where: `database` is a short name such as `cms-prod`, never with a password."""

    database: str
    kind: PlaceKind
    person: str
    rights: str = ""
    strip_colour: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceColumns:
    """A workspace and its columns, `{workspace}-{column}`; `global` has the certifiable ones."""

    name: str
    columns: tuple[str, ...]


# Tables


class Row(Protocol):
    """A run with its dataset `online`, or a dataset with its run.

    Summaries and luminosities are None while they are missing or out of date.
    """

    @property
    def run_number(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def oms_attributes(self) -> JsonObject: ...
    @property
    def rr_attributes(self) -> JsonObject: ...
    @property
    def dataset_attributes(self) -> JsonObject: ...
    @property
    def datasets_in_gui(self) -> tuple[str, ...]: ...
    @property
    def triplet_summary(self) -> JsonObject | None: ...
    @property
    def dcs_summary(self) -> JsonObject | None: ...
    @property
    def recorded_luminosity(self) -> float | None: ...
    @property
    def delivered_luminosity(self) -> float | None: ...
    @property
    def needs_manual_update(self) -> bool: ...


class Page(Protocol):
    """Rows of a table, and how many there are in all: at least `count` unless `exact`."""

    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def count(self) -> int: ...
    @property
    def exact(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class SortBy:
    """A field to sort by."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Part of a table; without `sort` the greatest run number comes first."""

    kind: TableKind
    workspace: str = "global"
    filter: Node | None = None
    sort: tuple[SortBy, ...] = ()
    offset: int = 0
    limit: int = 50
    significant_only: bool = False


# One run, one dataset


@dataclass(frozen=True, slots=True)
class RunDetails:
    """Everything recorded of a run; `datasets` are those that aren't hidden, `online` first."""

    run_number: int
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    datasets: tuple[str, ...]
    dataset_attributes: Mapping[str, JsonObject]

    @property
    def state(self) -> str:
        return str(self.rr_attributes.get("state", ""))

    @property
    def significant(self) -> bool:
        return self.rr_attributes.get("significant") is True

    @property
    def needs_manual_update(self) -> bool:
        return self.rr_attributes.get("run_needs_to_be_updated_manually") is True


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a run or of its datasets; `what` says it in a line, `details` in full."""

    atomic_version: int
    at: datetime
    by: str
    comment: str
    what: str
    details: str = ""
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a version would do now, in lines of text.

    `changed_since` and `kept` stay as they are; `refused` is what the person may not change now.
    """

    atomic_version: int
    summary: str
    restored: tuple[str, ...] = ()
    changed_since: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who gave a cell the value it has, and when."""

    by: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DatasetLumisections:
    """A dataset's state and where a person's word holds: one mask per column, index 0 is LS 1."""

    state: DatasetState
    by_hand: Mapping[str, Mask]


# Golden JSON


class GoldenList(StrEnum):
    """Which of the generated JSONs are listed."""

    MINE = "mine"
    ALL = "all"
    OFFICIAL = "official"


@dataclass(frozen=True, slots=True)
class GoldenConfiguration:
    """A rule that is offered: shipped with the program or saved by somebody."""

    name: str
    rule: JsonValue
    shipped: bool
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class GoldenRequest:
    """What to generate: `pattern` is one of dataset names (`SIMILAR TO`)."""

    pattern: str
    rule: JsonValue
    tags: str = ""
    official: bool = False


@dataclass(frozen=True, slots=True)
class MatchingDatasets:
    """Names that a pattern matches, the first of them, and in how many runs they are."""

    names: tuple[str, ...]
    datasets: int


@dataclass(frozen=True, slots=True)
class GoldenEntry:
    """A generated JSON as the list shows it; luminosity in pb^-1, -1 while unknown."""

    id: int
    pattern: str
    created_by: str
    created_at: datetime
    official: bool
    tags: str
    runs: int
    lumisections: int
    recorded_luminosity: float


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """A generated JSON whole; the texts are what is saved, byte for byte. Luminosity in pb^-1."""

    entry: GoldenEntry
    version: int
    rule: str
    generated: str
    with_dataset_names: str
    anti: str
    anti_with_dataset_names: str
    delivered_luminosity: float
    total_recorded_luminosity: float
    total_delivered_luminosity: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long action is; `total` 0 while unknown."""

    text: str
    done: int = 0
    total: int = 0


# What happened elsewhere


@dataclass(frozen=True, slots=True)
class Change:
    """Something was written to the database; no run numbers mean that any may be concerned."""

    run_numbers: frozenset[int] = frozenset()


class Tables(Protocol):
    """Reading tables."""

    def workspaces(self, kind: TableKind) -> Sequence[WorkspaceColumns]:
        """Workspaces of the online or offline place, `global` first."""
        ...

    def vocabulary(self, kind: TableKind) -> Vocabulary:
        """What a filter may ask about."""
        ...

    def page(self, request: PageRequest) -> Page: ...


class Runs(Protocol):
    """Reading and acting on runs and datasets; actions answer with a sentence for the person."""

    def run_details(self, run_number: int) -> RunDetails: ...

    def run_history(self, run_number: int) -> Sequence[HistoryEntry]:
        """Newest first."""
        ...

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections: ...

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        """Who set a column or bit, None when no event did."""
        ...

    def classes(self) -> Sequence[str]:
        """Classes that the classifiers know."""
        ...

    def mark_significant(self, run_number: int) -> str: ...

    def edit_run(self, run_number: int, attribute: str, value: JsonValue) -> str: ...

    def settle_manual_update(self, run_number: int) -> str: ...

    def refresh(self, run_number: int) -> str: ...

    def reset_and_refresh(self, run_number: int) -> str: ...

    def move_run(self, run_number: int, from_state: str, to_state: str) -> str: ...

    def move_datasets(
        self,
        keys: Sequence[tuple[int, str]],
        workspace: str,
        from_state: str | None,
        to_state: str,
    ) -> str:
        """Run numbers and names of offline datasets, all or none; `from_state` is the state that
        all those have that would move, None when they have several."""
        ...

    def edit_lumisections(self, edit: ColumnEdit) -> str: ...

    def edit_dcs_bit(self, edit: BitEdit, comment: str) -> str: ...

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        """Writes nothing."""
        ...

    def undo(self, atomic_version: int, *, leave_out_refused: bool = False) -> str:
        """Refused as a whole while any part is, unless such parts are to be left out."""
        ...


class Golden(Protocol):
    """Golden JSONs."""

    def golden_configurations(self) -> Sequence[GoldenConfiguration]: ...

    def matching_datasets(self, pattern: str) -> MatchingDatasets: ...

    def generate_golden(
        self,
        request: GoldenRequest,
        progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> int | None:
        """Id of the new row, None when cancelled; a cancelled one leaves nothing behind.

        Both functions may be called from the thread that computes.
        """
        ...

    def golden_list(self, which: GoldenList, before: int | None) -> Sequence[GoldenEntry]:
        """The newest 50, or the next 50 with ids below `before`."""
        ...

    def golden_row(self, id_: int) -> GoldenResult: ...


class Pull(Protocol):
    """The puller."""

    def pull_status(self) -> PullStatus:
        """What the puller does now; quick, asked every second."""
        ...

    def pull_now(self, run_number: int | None = None) -> str:
        """Asks for a pull at once: of everything new, or of one run again."""
        ...


class Backend(Tables, Runs, Golden, Pull, Protocol):
    """All that a window needs."""

    def session(self) -> Session:
        """Who works where; quick, known from the start."""
        ...

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        """Calls back, in any thread, when something was written, and when the connection is lost
        (false and the reason) or back (true); the function that is returned ends it."""
        ...
