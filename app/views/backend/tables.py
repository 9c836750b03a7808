"""The tables of runs and of datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.filters import Field, Node, Vocabulary
from app.domain.json_value import JsonObject

TableKind = Literal["runs", "datasets"]


@dataclass(frozen=True, slots=True)
class WorkspaceColumns:
    """A workspace and its columns, `{workspace}-{column}`; `global` has the certifiable ones."""

    name: str
    columns: tuple[str, ...]


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
    """Part of a table; without `sort` the greatest run number comes first.

    Of the datasets those that are in one of `states` in the workspace, if any are named; of one
    `cycle`; or the hidden ones and no other.
    """

    kind: TableKind
    workspace: str = "global"
    filter: Node | None = None
    sort: tuple[SortBy, ...] = ()
    offset: int = 0
    limit: int = 50
    significant_only: bool = False
    states: tuple[str, ...] = ()
    only_hidden: bool = False
    cycle: int | None = None


class Tables(Protocol):
    """Reading tables."""

    def workspaces(self, kind: TableKind) -> Sequence[WorkspaceColumns]:
        """Workspaces of the online or offline place, `global` first."""
        ...

    def vocabulary(self, kind: TableKind) -> Vocabulary:
        """What a filter may ask about."""
        ...

    def page(self, request: PageRequest) -> Page: ...
