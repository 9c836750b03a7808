"""What each event changed: attributes as they were and became, and values of lumisections."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from app.domain.history.authorship import attributed
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange, join
from app.domain.state.differences import changed_attributes

Part = Literal["oms", "rr", "dataset"]
"""What an attribute belongs to: OMS or RR attributes of the run, or a dataset."""

MOST_VALUES = 12
"""Values of one column or bit that a change lists; more are only counted (luminosity has many)."""


class AttributeEvent(NamedTuple):
    """Attributes that one event set; `manual` ones beat automatic ones where that rule holds."""

    version: int
    manual: bool
    values: JsonObject


class AttributeChange(NamedTuple):
    """One attribute in one event: before, after, and what was written.

    `overruled`: it was written, but a manual value of an earlier version holds.
    A value that was missing is None.
    """

    part: Part
    dataset: str
    name: str
    before: JsonValue
    after: JsonValue
    written: JsonValue
    overruled: bool = False


class LumisectionChange(NamedTuple):
    """A column's triplet or a DCS bit's value in some lumisections of a dataset.

    When an action wrote more than `MOST_VALUES` values, `value` is None and `values` counts them.
    """

    dataset: str
    oms: bool
    key: str
    value: JsonValue
    ranges: tuple[LumiRange, ...]
    values: int = 1


class LumisectionWrite(NamedTuple):
    """One stored event: an object that was written to ranges of lumisections."""

    version: int
    dataset: str
    oms: bool
    content: JsonObject
    ranges: tuple[LumiRange, ...]


class HistoryEntry(Struct, frozen=True):
    """One action of somebody, as far as it touched a run: who, when, why and what it changed."""

    version: int
    author: str
    manual: bool
    comment: str
    at: datetime
    attributes: tuple[AttributeChange, ...]
    lumisections: tuple[LumisectionChange, ...]
    writer: str = ""

    @property
    def by(self) -> str:
        """The author, with the login that wrote it where that isn't the author's own."""
        return attributed(self.author, self.writer)


class Origin(NamedTuple):
    """The value of an attribute and the event it comes from.

    `automatic` is what it would be without the words of persons.
    """

    value: JsonValue
    version: int
    manual: bool
    automatic: JsonValue


def attribute_changes(
    events: Iterable[AttributeEvent], part: Part, dataset: str = "", *, manual_first: bool
) -> dict[int, tuple[AttributeChange, ...]]:
    """Per version what its event changed, and what it wrote in vain.

    `manual_first`: a manual value beats every automatic one, earlier or later.
    """
    holding: dict[str, tuple[tuple[bool, int], JsonValue]] = {}
    changes: dict[int, tuple[AttributeChange, ...]] = {}
    for event in sorted(events, key=lambda event: event.version):
        rank = (event.manual and manual_first, event.version)
        found: list[AttributeChange] = []
        for name, written in event.values.items():
            known = holding.get(name)
            before = known[1] if known else None
            wins = known is None or rank > known[0]
            if wins:
                holding[name] = (rank, written)
            differs = known is None or bool(changed_attributes({name: before}, {name: written}))
            if differs:
                after = written if wins else before
                change = AttributeChange(part, dataset, name, before, after, written, not wins)
                found.append(change)
        if found:
            changes[event.version] = tuple(found)
    return changes


def origins(events: Iterable[AttributeEvent], *, manual_first: bool) -> dict[str, Origin]:
    """Where the value that holds comes from, for every attribute, by name."""
    ordered = sorted(events, key=lambda event: event.version)
    automatic: JsonObject = {}
    for event in ordered:
        if not event.manual:
            automatic.update(event.values)
    if manual_first:
        ordered.sort(key=lambda event: event.manual)
    holding = {
        name: Origin(value, event.version, event.manual, automatic.get(name))
        for event in ordered
        for name, value in event.values.items()
    }
    return dict(sorted(holding.items()))


def lumisection_changes(writes: Sequence[LumisectionWrite]) -> tuple[LumisectionChange, ...]:
    """What the events of one action wrote, joined per dataset, column or bit, and value."""
    found: dict[tuple[str, bool, str], dict[str, list[LumiRange]]] = {}
    for write in writes:
        for key, value in write.content.items():
            by_value = found.setdefault((write.dataset, write.oms, key), {})
            by_value.setdefault(json.dumps(value), []).extend(write.ranges)
    changes: list[LumisectionChange] = []
    for (dataset, oms, key), by_value in sorted(found.items()):
        changes.extend(_changes_of(dataset, key, by_value, oms=oms))
    return tuple(changes)


def _changes_of(
    dataset: str, key: str, by_value: dict[str, list[LumiRange]], *, oms: bool
) -> Iterator[LumisectionChange]:
    if len(by_value) > MOST_VALUES:
        everywhere = join(each for ranges in by_value.values() for each in ranges)
        yield LumisectionChange(dataset, oms, key, None, everywhere, len(by_value))
        return
    joined = sorted((join(ranges), value) for value, ranges in by_value.items())
    for ranges, value in joined:
        yield LumisectionChange(dataset, oms, key, json.loads(value), ranges)
