"""What a registry is read from: a database, or a door."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from run_registry.agents import Agent, Proposal, Value
from run_registry.lumi_list import Luminosity
from run_registry.lumisections import Lumisections
from run_registry.records import Record

Rule = Mapping[str, Any]
"""JSON logic."""

Ranges = Mapping[int, Sequence[tuple[int, int]]]


class Selected(NamedTuple):
    """What a rule selects; `warnings` are sentences about what it reads."""

    ranges: Ranges
    warnings: Sequence[str]


class Source(Protocol):
    """`as_of` is a version, or a day or minute in UTC, as a text; None means now. Each raises
    RunRegistryError."""

    def runs(self, filter: str, sort: str, as_of: str | None) -> Iterable[Record]: ...  # noqa: A002
    def datasets(self, filter: str, sort: str, as_of: str | None) -> Iterable[Record]: ...  # noqa: A002
    def lumisections(self, run_number: int, name: str, as_of: str | None) -> Lumisections: ...
    def season(self, datasets: str, as_of: str | None) -> Iterable[Lumisections]: ...
    def golden(self, rule: Rule, datasets: str, as_of: str | None) -> Selected: ...
    def stored_golden(self, number: int) -> Ranges: ...
    def luminosity(self, ranges: Ranges) -> Luminosity: ...
    def agent(self, name: str) -> Agent: ...
    def proposals(self, agent: str | None, states: Collection[str]) -> Iterable[Proposal]: ...
    def propose(
        self, agent: str, values: Iterable[Value], dry_run: bool
    ) -> tuple[str, int, int, int]: ...
    def withdraw(self, agent: str, numbers: Collection[int]) -> None: ...
    def close(self) -> None: ...
