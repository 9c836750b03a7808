"""The golden JSON workbench: why, losses, comparing, reproducing, combining, luminosity.

What comes back are the services' own frozen values: nothing in them depends on a database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.domain.json_value import JsonValue
from app.golden.document import Document
from app.golden.list_luminosity import ListLuminosity
from app.services.golden.explain import Explained, RunExplained
from app.services.golden.lists import ComparedLists, GoldenList, Operation
from app.services.golden.losses import ListLosses
from app.services.golden.luminosity import ImportReport
from app.services.golden.reproduce import Changes, Reproduced

Tell = Callable[[float], None]
"""Takes the share done, 0 to 1."""
IsCancelled = Callable[[], bool]

Source = int | Path
"""The number of a stored list, or a file."""


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A stored list, as it was made."""

    id: int


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """A rule over the datasets that match a pattern, as they are now."""

    rule: JsonValue
    pattern: str = "%"


Asked = ListAsked | RuleAsked


@dataclass(frozen=True, slots=True)
class Part:
    """A list of a combination, and how it is joined to what stands before it; the first one's
    operation says nothing."""

    source: Source
    operation: Operation = Operation.OR


@dataclass(frozen=True, eq=False)
class Combined:
    """Lists combined from left to right; `remarks` say where files break the format."""

    document: Document
    by_run: Mapping[int, ListLuminosity]
    luminosity: ListLuminosity
    remarks: tuple[str, ...]


class Workbench(Protocol):
    """Everything about lists that are there already.

    What takes `tell` and `is_cancelled` may call them from its own thread; it returns None when
    it was cancelled, and leaves nothing behind.
    """

    def explain_lumisection(
        self, asked: Asked, run_number: int, lumisection: int, dataset: str
    ) -> Explained | None:
        """None when the list or rule doesn't ask about that dataset of the run."""
        ...

    def explain_run(self, asked: Asked, run_number: int) -> Sequence[RunExplained]: ...

    def runs_of_golden(self, id_: int) -> tuple[int, ...]:
        """Runs of the datasets a stored list was made from, ascending."""
        ...

    def golden_losses(self, id_: int) -> ListLosses: ...

    def luminosity_of_lumisections(self, document: Document) -> Mapping[int, ListLuminosity]:
        """By run, as the `online` datasets have it now."""
        ...

    def read_golden(self, source: Source) -> GoldenList: ...

    def compare_golden(self, old: Source, new: Source) -> ComparedLists: ...

    def golden_changes(
        self, old: int, new: int | None, tell: Tell, is_cancelled: IsCancelled
    ) -> Changes | None:
        """Between two stored lists, or since one was made; with the events responsible."""
        ...

    def reproduce_golden(
        self, id_: int, tell: Tell, is_cancelled: IsCancelled
    ) -> Reproduced | None: ...

    def combine_golden(
        self, parts: Sequence[Part], first_run: int | None, last_run: int | None
    ) -> Combined: ...

    def import_luminosity(
        self, file: Path, tell: Tell, is_cancelled: IsCancelled, *, dry_run: bool
    ) -> ImportReport | None:
        """Of a file of `brilcalc lumi --byls`; a dry run says what would change."""
        ...
