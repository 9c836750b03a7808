"""Runs and datasets one page after the other, as they are or as they were at a version.

A page goes on from the last row of the one before, wherever that row would be now: whatever is
written meanwhile, a row that stays as it is comes exactly once.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.certification.second_eyes import Mark
from app.domain.errors import NotFound, Refused
from app.domain.filters import Node, Source
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import GREATEST_NUMBER
from app.domain.state.summaries import summarise
from app.models.events import states
from app.models.golden import generated_json
from app.models.lists import past_rows
from app.models.lists.past_rows import PastRow
from app.models.lists.tables.query import TableKind, TableQuery
from app.models.lists.tables.records import Place, places_after, run_numbers_down_from
from app.models.lists.tables.rows import attributes_by_key
from app.services.acting import Acting
from app.services.certification import second_eyes, summaries

_RUNS_AT_ONCE = 200
_MOST_RUNS = 10_000
_MOST_RUNS_WITH_STATES = 400
"""Runs that one page looks at; fewer where their lumisections have to be counted."""

_AFTER_ALL_NAMES = chr(sys.maxunicode)
_FIRST = Place((), GREATEST_NUMBER, "")
_OF_STATES = {Source.COLUMN, Source.BIT, Source.RECORDED, Source.DELIVERED}


@dataclass(frozen=True, slots=True)
class Record:
    """A run (its dataset `online`) or another dataset, with its attributes and those of its run;
    as it is now also with marks, and the frozen cycle that holds it."""

    run_number: int
    name: str
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    dataset_attributes: JsonObject
    marks: tuple[Mark, ...] = ()
    frozen_in: str = ""

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page, and the place of its last row where others follow."""

    records: tuple[Record, ...]
    last: Place | None


def page(acting: Acting, query: TableQuery, after: Place | None = None) -> RecordPage:
    """Rows as they are now, in the order of the query. Refused while a filter over summaries
    can't be answered, BadInput for a place of another order."""
    computed = summaries.needed(acting, query)
    limit = query.limit
    with acting.db.read() as connection:
        one_more = replace(query, limit=limit + 1)
        places = places_after(connection, one_more, after, computed, desk=acting.db.desk)
        keys = [place.key for place in places[:limit]]
        found = attributes_by_key(connection, query.kind, keys)
    known = second_eyes.protected(acting, {number for number, *_ in found})
    records = tuple(
        Record(
            *each,
            known.marks.get((each[0], each[1]), ()),
            known.frozen.get((each[0], each[1]), ""),
        )
        for each in found
    )
    return RecordPage(records, places[limit - 1] if len(places) > limit else None)


def page_at(
    acting: Acting, query: TableQuery, as_of: int, after: Place | None = None
) -> RecordPage:
    """The same as it was at a version, by run, the newest first, then by name.

    A page for which many runs were looked at ends early, and others follow. Refused for another
    order.
    """
    if query.sort:
        raise Refused(
            "What was at a version comes in the order of its runs, the newest first: leave the"
            " sorting out."
        )
    node = query.filter
    if Source.VERIFIED in query.asked:
        raise Refused(
            'What is verified can be asked of now only: leave "verified" out of the filter of what'
            " was at a version."
        )
    asks_states = not _OF_STATES.isdisjoint(query.asked)
    most = _MOST_RUNS_WITH_STATES if asks_states else _MOST_RUNS
    found: list[Record] = []
    begin = after or _FIRST
    greatest = begin.run_number
    for _ in range(0, most, _RUNS_AT_ONCE):
        with acting.db.read() as connection:
            numbers = run_numbers_down_from(connection, greatest, _RUNS_AT_ONCE)
        if not numbers:
            return RecordPage(tuple(found), None)
        rows = _past(acting, query.kind, numbers, as_of, begin)
        if asks_states:
            rows = _with_summaries(acting, rows, as_of)
        for row in _passing(acting, rows, node):
            if len(found) == query.limit:
                last = found[-1]
                return RecordPage(tuple(found), Place((), last.run_number, last.name))
            found.append(_record(row))
        greatest = numbers[-1] - 1
    return RecordPage(tuple(found), Place((), numbers[-1], _AFTER_ALL_NAMES))


def run(acting: Acting, run_number: int, as_of: int | None = None) -> tuple[Record, list[str]]:
    """A run, now or at a version, and the names of its datasets that weren't hidden, `online`
    first. NotFound where there is none, or wasn't yet."""
    with acting.db.read() as connection:
        found = generated_json.matching_datasets(
            connection, "%", as_of=as_of, run_numbers=[run_number]
        )
    online = next((each for each in found if each.name == ONLINE), None)
    if online is None:
        when = "" if as_of is None else f" at version {as_of}"
        raise NotFound(f"There is no run {run_number}{when}.")
    names = [each.name for each in found if each.name != ONLINE]
    return _record(_row(online)), [ONLINE, *sorted(names)]


def _past(
    acting: Acting, kind: TableKind, run_numbers: Sequence[int], as_of: int, after: Place
) -> list[PastRow]:
    """What some runs had at a version, as far as it follows a place, in order."""
    with acting.db.read() as connection:
        matched = generated_json.matching_datasets(
            connection, ONLINE if kind == "runs" else "%", as_of=as_of, run_numbers=run_numbers
        )
    rows = [
        _row(each)
        for each in matched
        if (each.name == ONLINE) == (kind == "runs")
        and (-each.run_number, each.name) > (-after.run_number, after.name)
    ]
    return sorted(rows, key=lambda row: (-row.run_number, row.name))


def _passing(acting: Acting, rows: Sequence[PastRow], node: Node | None) -> Sequence[PastRow]:
    if node is None or not rows:
        return rows
    with acting.db.read() as connection:
        kept = past_rows.passing(connection, rows, node)
    return [row for row in rows if row.key in kept]


def _record(row: PastRow) -> Record:
    return Record(
        row.run_number,
        row.name,
        row.oms_attributes,
        row.rr_attributes,
        row.dataset_attributes,
    )


def _row(dataset: generated_json.MatchedDataset) -> PastRow:
    own = dict(dataset.attributes)
    in_gui = own.pop("datasets_in_gui", None)
    return PastRow(
        dataset.run_number,
        dataset.name,
        dataset.oms_attributes,
        dataset.rr_attributes,
        own,
        in_gui,
    )


def _with_summaries(acting: Acting, rows: Sequence[PastRow], as_of: int) -> list[PastRow]:
    """The rows with summaries of the lumisections that they had."""
    with acting.db.read() as connection:
        found = states.load(connection, [row.key for row in rows], desk=acting.db.desk, as_of=as_of)
    made = [summarise(found[row.key].state) for row in rows]
    return [
        replace(
            row,
            triplet_summary=summary.triplet_summary,
            dcs_summary=summary.dcs_summary,
            recorded=summary.recorded,
            delivered=summary.delivered,
        )
        for row, summary in zip(rows, made, strict=True)
    ]
