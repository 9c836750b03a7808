"""The connection that everything is read through."""

import json
import operator
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from run_registry.addresses import is_door
from run_registry.agents import Agent, Proposal
from run_registry.errors import NotConnected, RunRegistryError, UnknownVariableWarning
from run_registry.lumi_list import LumiList, Luminosity
from run_registry.lumisections import Lumisections
from run_registry.records import Records
from run_registry.season import Season
from run_registry.source import Rule, Source

Moment = int | str | datetime
"""A version, a day or minute in UTC as a text (`2025-08-18`, `2025-08-18T06:12`), or a time."""


def connect(
    address: str | None = None,
    *,
    as_of: Moment | None = None,
    token: str | Callable[[], str] | None = None,
) -> "Registry":
    """A registry to read from: a context manager.

    `address` is that of a database (`postgresql://...`) or of a door (`http://...`); without one
    it is the database that the program's settings name, else its own. With `as_of` everything is
    as it was then: after that version, at the end of that day, at that time. `token` is a bearer
    token for a door, or a function that gives one. Raises RunRegistryError.
    """
    moment = _text_of(as_of)
    source: Source
    if address is not None and is_door(address):
        from run_registry.door import HttpSource

        source = HttpSource(address, token)
    else:
        from run_registry.database import DatabaseSource

        if token is not None:
            raise RunRegistryError("A token is for a door (http://...), not for a database.")
        source = DatabaseSource(address)
    return Registry(source, moment)


def _text_of(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    if isinstance(moment, int) and not isinstance(moment, bool):
        return str(moment)
    if isinstance(moment, str) and moment.strip():
        return moment.strip()
    raise RunRegistryError(
        f"as_of={moment!r} is no moment: give a version (48213), a day ('2025-08-18') or a time."
    )


class Registry:
    """Reads runs, datasets, lumisections and golden lists; writes nothing but what agents say.

    Filters are those of the window: `run > 380000 and oms.energy >= 6000 and dt-dt.BAD > 0`.
    `datasets` is a pattern of names as golden JSONs take it (SQL `SIMILAR TO`).
    """

    def __init__(self, source: Source, as_of: str | None = None) -> None:
        self._source: Source | None = source
        self._as_of = as_of

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connection up; nothing can be read any more."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def runs(self, filter: str = "", *, sort: str = "") -> Records:  # noqa: A002
        """Runs, the newest first, or in the order of the fields of `sort`: `class,-run`."""
        return Records(list(self._open.runs(_filter(filter), sort, self._as_of)))

    def datasets(self, filter: str = "", *, sort: str = "") -> Records:  # noqa: A002
        """Datasets with the attributes of their run, the newest first, or as `sort` says."""
        return Records(list(self._open.datasets(_filter(filter), sort, self._as_of)))

    def lumisections(self, run_number: int, name: str = "online") -> Lumisections:
        """The lumisections of a dataset."""
        return self._open.lumisections(_run(run_number), name, self._as_of)

    def season(self, datasets: str) -> Season:
        """The lumisections of all datasets whose names match, of one moment."""
        return Season(self._open.season(datasets, self._as_of))

    def golden(self, rule: Rule | str, datasets: str) -> LumiList:
        """The lumisections that a rule selects; nothing is stored.

        The rule is JSON logic, or its text. UnknownVariableWarning tells of each variable in it
        that no lumisection has: a condition on it says the same everywhere.
        """
        selected = self._open.golden(_rule(rule), datasets, self._as_of)
        for sentence in selected.warnings:
            warnings.warn(sentence, UnknownVariableWarning, stacklevel=2)
        return LumiList(selected.ranges, self.luminosity)

    def stored_golden(self, number: int) -> LumiList:
        """A golden JSON that is stored, by its number."""
        return LumiList(self._open.stored_golden(_run(number)), self.luminosity)

    def luminosity(self, lumi_list: LumiList) -> Luminosity:
        """Luminosity of any list [pb^-1], from what OMS said of its runs."""
        return self._open.luminosity(lumi_list.ranges)

    def agent(self, name: str) -> Agent:
        """A registered agent, to propose as. It takes a database, and being its owner."""
        return self._open.agent(name)

    def proposals(self, *states: str) -> tuple[Proposal, ...]:
        """What all agents said: with these states, or everything. It takes a database."""
        return tuple(self._open.proposals(None, states))

    @property
    def _open(self) -> Source:
        if self._source is None:
            raise NotConnected("This registry is closed.")
        return self._source


def _filter(given: object) -> str:
    if isinstance(given, str):
        return given
    raise RunRegistryError(
        f"{given!r} is no filter: write a text such as 'class = Collisions25 and dt-dt.BAD > 0'."
        " Filters of the old client are for run_registry.compat."
    )


def _run(given: object) -> int:
    try:
        return int(given) if isinstance(given, str) else operator.index(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise RunRegistryError(f"{given!r} is no run number.") from None


def _rule(given: object) -> Rule:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise RunRegistryError(f"The rule is no JSON: {error}.") from error
    if isinstance(given, Mapping):
        return given
    raise RunRegistryError(f"{given!r} is no rule: a rule of JSON logic is an object.")
