"""What a table of runs or datasets is asked for."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.domain.filters import Field, Node, Source, fields_of

TableKind: TypeAlias = Literal["runs", "datasets"]

MOST_ROWS = 1000
"""Rows of one page at most."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A field to sort by; what is missing comes last in both directions."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What a table shows.

    `states` are states of the run, for datasets of their `workspace`. Datasets named `online` and
    what is deleted are left out unless asked for; `only_hidden` keeps nothing but the datasets
    that are deleted, of runs that aren't. `cycle` keeps the datasets of one cycle.
    """

    kind: TableKind
    filter: Node | None = None
    sort: tuple[Sort, ...] = ()
    offset: int = 0
    limit: int = 50
    significant_only: bool = False
    workspace: str = "global"
    states: tuple[str, ...] = ()
    include_online: bool = False
    include_deleted: bool = False
    only_hidden: bool = False
    cycle: int | None = None

    @property
    def asked(self) -> frozenset[Source]:
        """Where the values come from that the filter and the order ask for."""
        sorted_by = {sort.field.source for sort in self.sort}
        return frozenset(sorted_by | {field.source for field in fields_of(self.filter)})
