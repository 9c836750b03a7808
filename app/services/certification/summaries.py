"""Summaries that are missing or old when somebody needs them: computed at once, and told of where
they are too many for that.

The client that counts again stores them soon; nothing is stored here, where a login may not.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from msgspec import Struct

from app.domain.errors import Refused
from app.domain.filters import Source
from app.domain.keys import DatasetKey
from app.domain.state.summaries import Summary, summarise
from app.models.database.engine import Database
from app.models.events import rows, states
from app.models.events.ground import ground
from app.models.events.states import EventCounts
from app.models.lists.computed_summaries import ComputedSummary, dcs_text
from app.models.lists.tables import pages
from app.models.lists.tables.pages import Page
from app.models.lists.tables.query import MOST_ROWS, TableKind, TableQuery
from app.models.lists.tables.rows import Row, marked, rows_by_key
from app.models.lists.tables.stale import Stale, stale_for
from app.models.recount.new_events import late_summaries
from app.services.acting import Acting

AT_ONCE = 200
"""So many are computed while a person waits; it takes some seconds."""

_BLOCK = 20
_REMEMBERED = 2_000


class _Made(Struct, frozen=True):
    """A summary, and what it was made of: the web service writes OMS events without a new version
    of the dataset."""

    version: int
    counts: EventCounts
    summary: Summary


_Known = dict[DatasetKey, _Made]
_known: WeakKeyDictionary[Database, tuple[str, _Known]] = WeakKeyDictionary()
"""With the ground that it was read on."""
_guard = threading.Lock()


def page(acting: Acting, query: TableQuery, *, counts: bool = True) -> Page:
    """A page that passes over no dataset because its summary is old; `uncounted` are too many.
    Without `counts` their number is left for `number_of_rows` where that takes another search."""
    desk, record = acting.db.desk, acting.db.record
    _check(acting, query)
    with acting.db.read() as connection:
        stale = stale_for(connection, query, MOST_ROWS, late_summaries, desk=desk)
        if not stale:
            found = pages.page(connection, query, desk=desk, record=record, counts=counts)
            uncounted = 0
    if stale:
        computed, uncounted = _at_once(acting, stale)
        with acting.db.read() as connection:
            found = pages.page(connection, query, computed, desk=desk, record=record, counts=counts)
    return replace(found, rows=_filled(acting, found.rows, AT_ONCE), uncounted=uncounted)


def number_of_rows(acting: Acting, query: TableQuery) -> int:
    """How many rows pass, as far as their summaries can be told now, wherever the page is."""
    computed, _ = _needed(acting, query)
    with acting.db.read() as connection:
        return pages.number_of_rows(connection, query, computed, desk=acting.db.desk)


def keys(acting: Acting, query: TableQuery) -> tuple[DatasetKey, ...]:
    """Keys of everything that passes; Refused while nobody can say of all whether it does."""
    computed = needed(acting, query)
    with acting.db.read() as connection:
        return pages.matching_keys(connection, query, computed, desk=acting.db.desk)


def page_of_keys(acting: Acting, query: TableQuery) -> tuple[tuple[DatasetKey, ...], int]:
    """Keys of a page, and how many rows pass in all; Refused as by `keys`."""
    computed = needed(acting, query)
    with acting.db.read() as connection:
        return pages.matching_page(connection, query, computed, desk=acting.db.desk)


def of_keys(acting: Acting, kind: TableKind, wanted: Iterable[DatasetKey]) -> tuple[Row, ...]:
    """Exactly these rows, with their summaries."""
    with acting.db.read() as connection:
        found = rows_by_key(connection, kind, tuple(wanted))
        if acting.db.record:
            found = marked(connection, found)
    return _filled(acting, found, len(found))


def needed(acting: Acting, query: TableQuery) -> tuple[ComputedSummary, ...]:
    """Summaries that a query asks for and that aren't stored; Refused where they are too many."""
    computed, uncounted = _needed(acting, query)
    if uncounted:
        raise Refused(
            f"The filter asks for summaries, and those of {uncounted} datasets or more aren't"
            " counted yet, so nobody can say what passes. They are counted in the background:"
            " try again later, or count them now with db check --repair."
        )
    return computed


def _needed(acting: Acting, query: TableQuery) -> tuple[tuple[ComputedSummary, ...], int]:
    """Summaries that the query asks for and that aren't stored, and how many are left out."""
    _check(acting, query)
    with acting.db.read() as connection:
        stale = stale_for(connection, query, MOST_ROWS, late_summaries, desk=acting.db.desk)
    return _at_once(acting, stale)


def _check(acting: Acting, query: TableQuery) -> None:
    """Raises Refused where the query asks for marks that this database can't have."""
    if not acting.db.record and Source.VERIFIED in query.asked:
        raise Refused(
            f"Nothing can be verified here: {acting.db.no_record.why} Leave"
            ' "verified" out of the filter and of the order.'
        )


def _at_once(acting: Acting, stale: Stale) -> tuple[tuple[ComputedSummary, ...], int]:
    """Summaries of as many as can be computed while a person waits, and how many are left out."""
    return _computed(acting, stale[:AT_ONCE]), max(0, len(stale) - AT_ONCE)


def _filled(acting: Acting, found: Sequence[Row], most: int) -> tuple[Row, ...]:
    stale = [row for row in found if not row.summary_is_current and row.dataset_version][:most]
    made = {
        each.key: each.summary
        for each in _computed(acting, [(row.key, row.dataset_version) for row in stale])
    }
    return tuple(
        row
        if (summary := made.get(row.key)) is None or row.summary_is_current
        else replace(
            row,
            triplet_summary=summary.triplet_summary,
            dcs_text=dcs_text(summary),
            recorded_luminosity=summary.recorded,
            delivered_luminosity=summary.delivered,
            summary_is_current=True,
        )
        for row in found
    )


def _computed(
    acting: Acting, wanted: Sequence[tuple[DatasetKey, int]]
) -> tuple[ComputedSummary, ...]:
    """Summaries under these versions, of which those seen lately are remembered."""
    if not wanted:
        return ()
    with acting.db.read() as connection:
        here = ground(connection, desk=acting.db.desk)
        with _guard:
            on, known = _known.get(acting.db.origin, (here, {}))
            if on != here:
                known = {}
            _known[acting.db.origin] = here, known
            made = {key: known[key] for key, _ in wanted if key in known}
        counts = states.event_counts(connection, [*made])
    made = {
        key: made[key]
        for key, version in wanted
        if key in made and (made[key].version, made[key].counts) == (version, counts[key])
    }
    rest = [key for key, _ in wanted if key not in made]
    for begin in range(0, len(rest), _BLOCK):
        block = rest[begin : begin + _BLOCK]
        with acting.db.read() as connection:
            loaded = states.load(connection, block, desk=acting.db.desk)
            now = rows.datasets_of_runs(connection, {run for run, _ in block})
        made.update(
            (key, _Made(now[key].version, each.counts, summarise(each.state)))
            for key, each in loaded.items()
        )
    with _guard:
        known.update(made)
        while len(known) > _REMEMBERED:
            known.pop(next(iter(known)))
    return tuple(ComputedSummary(key, each.version, each.summary) for key, each in made.items())
