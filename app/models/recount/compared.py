"""Derived rows beside what the events say: `Run`, `Dataset`, `DatasetTripletCache` and our own
`desk.lumisection_state`, which are all the tables that are derived from events, and `desk.counts`,
which is derived from those."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from sqlalchemy import Connection

from app.domain.keys import DatasetKey, RowKey
from app.domain.recount.discrepancies import (
    Discrepancy,
    first_of,
    of_states,
    of_summaries,
)
from app.domain.state.compact import CompactState
from app.domain.state.summaries import Summary, summarise_compact
from app.models.events import behind, event_columns, states
from app.models.events.event_columns import Folded
from app.models.events.states import EventCounts
from app.models.recount import attributes, counts
from app.models.recount.attributes import Attributes
from app.models.recount.counts import CountsFound
from app.models.statements import key_arrays, text

RUN, DATASET, SUMMARY, STATE = "Run", "Dataset", "DatasetTripletCache", "desk.lumisection_state"
COUNTS = "desk.counts"
DERIVED = (RUN, DATASET, SUMMARY, STATE, COUNTS)
"""Every table whose rows follow from events, as the database names it."""

_NAMED = 5
_UNREADABLE = Discrepancy("the row", "the state of the dataset", "what can't be read as that")
_NO_EVENT = Discrepancy("the row", "no event of it", "a row")
_NO_ROW = Discrepancy("the row", "a row", "missing")


class Verdict(Enum):
    """What a row is beside the events: as they say; older, or missing; or it says something that
    they never said. A row without events can't be judged, and is left alone."""

    RIGHT = 1
    OLD = 2
    FALSE = 3
    UNFOUNDED = 4


WRONG = (Verdict.OLD, Verdict.FALSE)
"""What is written anew."""


@dataclass(frozen=True)
class Judged:
    """One row of one table."""

    table: str
    key: RowKey
    verdict: Verdict
    discrepancies: tuple[Discrepancy, ...] = ()


@dataclass(frozen=True)
class Mark:
    """What a row was when it was counted: its version, its newest event, the checksum of its
    state."""

    version: int
    newest_event: int
    checksum: bytes | None


@dataclass(frozen=True)
class Compared:
    """Rows with what they should be: `folded` are the states, `marks` those of the rows; `odd` says
    what of their events can't be read, and where it stands."""

    judged: tuple[Judged, ...]
    folded: Mapping[DatasetKey, Folded]
    marks: Mapping[RowKey, Mark]
    odd: Mapping[RowKey, str] = field(default_factory=dict)

    def of(self, *verdicts: Verdict) -> tuple[Judged, ...]:
        """Rows that are any of these."""
        return tuple(each for each in self.judged if each.verdict in verdicts)

    def without(self, runs: Collection[int]) -> "Compared":
        """The same of other runs alone."""
        return Compared(
            tuple(each for each in self.judged if each.key[0] not in runs),
            {key: each for key, each in self.folded.items() if key[0] not in runs},
            {key: each for key, each in self.marks.items() if key[0] not in runs},
            {key: each for key, each in self.odd.items() if key[0] not in runs},
        )

    def keys(self, table: str, *verdicts: Verdict) -> set[RowKey]:
        """Keys of the rows of one table that are any of these."""
        return {each.key for each in self.of(*verdicts) if each.table == table}


@dataclass
class _Judging:
    connection: Connection
    desk: bool
    judged: list[Judged] = field(default_factory=list)

    def add(
        self,
        table: str,
        key: RowKey,
        verdict: Verdict,
        discrepancies: tuple[Discrepancy, ...] = (),
    ) -> None:
        self.judged.append(Judged(table, key, verdict, discrepancies))

    def attributes(
        self,
        table: str,
        key: RowKey,
        folded: Attributes | None,
        found: Attributes | None,
    ) -> None:
        """Judges a row of `Run` or `Dataset`, which is read whatever version it has."""
        if folded is None:
            if found is not None:
                self.add(table, key, Verdict.UNFOUNDED, (_NO_EVENT,))
        elif found is None:
            if self._is_long_ago(table, folded):
                self.add(table, key, Verdict.FALSE, (_NO_ROW,))
            else:
                self.add(table, key, Verdict.OLD)
        elif differing := first_of(folded.differing(found)):
            # Others append first and fold a moment later: that row says what was true before.
            before = self._fold(table, key, found.version)
            was_true = before is not None and not first_of(before.differing(found))
            if found.version < folded.version and was_true and not self._is_long_ago(table, folded):
                self.add(table, key, Verdict.OLD)
            else:
                self.add(table, key, Verdict.FALSE, differing)
        elif found.version != folded.version:
            said = Discrepancy("version", str(folded.version), str(found.version))
            older = found.version < folded.version
            self.add(table, key, *((Verdict.OLD,) if older else (Verdict.FALSE, (said,))))
        else:
            self.add(table, key, Verdict.RIGHT)

    def _is_long_ago(self, table: str, folded: Attributes) -> bool:
        """Whether nobody is about to fold its newest event: what is remembered of the row has to be
        forgotten then."""
        return behind.is_long_ago(self.connection, f"{table}Event", folded.version)

    def _fold(self, table: str, key: RowKey, up_to: int) -> Attributes | None:
        folds = attributes.runs_folded if table == RUN else attributes.datasets_folded
        return folds(self.connection, [key], up_to).get(key)

    def summary(
        self,
        key: DatasetKey,
        state: CompactState,
        found: tuple[Summary, int] | None,
        version: int,
    ) -> None:
        """Judges a summary, which is only read under the version of its dataset."""
        if found is None or found[1] < version:
            self.add(SUMMARY, key, Verdict.OLD)
            return
        differing = first_of(of_summaries(summarise_compact(state), found[0]))
        if not differing and found[1] > version:
            differing = (Discrepancy("version", str(version), str(found[1])),)
        self.add(SUMMARY, key, Verdict.FALSE if differing else Verdict.RIGHT, differing)

    def state(
        self, key: DatasetKey, folded: Folded, found: tuple[EventCounts, bytes, bytes | None] | None
    ) -> None:
        """Judges a state, which is only read when it was folded from as many events."""
        if found is None or found[0] != EventCounts(*folded.numbers):
            self.add(STATE, key, Verdict.OLD)
            return
        counts, content, checksum = found
        differing = _differing(folded.state, content)
        if differing:
            # What an older program wrote in a format of its own is only old.
            old = checksum is None and differing == (_UNREADABLE,)
            self.add(STATE, key, *((Verdict.OLD,) if old else (Verdict.FALSE, differing)))
        elif checksum != states.checksum(key, counts, content):
            said = Discrepancy("checksum", "that of the state", "another one")
            missing = checksum is None
            self.add(STATE, key, *((Verdict.OLD,) if missing else (Verdict.FALSE, (said,))))
        else:
            self.add(STATE, key, Verdict.RIGHT)

    def counts(self, key: DatasetKey, found: CountsFound) -> None:
        """Judges counts, beside the row and the summary that they are of, whatever these say."""
        if found.is_missing:
            self.add(COUNTS, key, Verdict.OLD)
        else:
            differing = found.discrepancies
            self.add(COUNTS, key, Verdict.FALSE if differing else Verdict.RIGHT, differing)


def _differing(folded: CompactState, content: bytes) -> tuple[Discrepancy, ...]:
    """How a kept state differs from the folded one; whatever bytes somebody put there."""
    if folded.to_bytes() == content:
        return ()
    try:
        kept = CompactState.from_bytes(content)
        if (kept.run_number, kept.name) != (folded.run_number, folded.name):
            return (_UNREADABLE,)
        return first_of(of_states(folded, kept))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError):
        return (_UNREADABLE,)


def compare(connection: Connection, keys: Collection[RowKey], *, desk: bool) -> Compared:
    """Judges the rows of these runs and datasets as the transaction sees them."""
    if not keys:
        return Compared((), {}, {})
    judging = _Judging(connection, desk)
    runs = sorted(key for key in keys if not key[1])
    datasets = sorted(key for key in keys if key[1])
    folded_runs, found_runs = (
        attributes.runs_folded(connection, runs),
        attributes.runs_found(connection, runs),
    )
    for key in runs:
        judging.attributes(RUN, key, folded_runs.get(key), found_runs.get(key))
    said, found = (
        attributes.datasets_folded(connection, datasets),
        attributes.datasets_found(connection, datasets),
    )
    for key in datasets:
        judging.attributes(DATASET, key, said.get(key), found.get(key))
    # Rows of a dataset that no event knows are told of as a whole, above.
    known = [key for key in datasets if key in said]
    folded = event_columns.fold(connection, known)
    summaries = _summaries_found(connection, known)
    kept = _states_found(connection, known) if desk else {}
    for key in known:
        judging.summary(key, folded[key].state, summaries.get(key), said[key].version)
        if desk:
            judging.state(key, folded[key], kept.get(key))
    if desk:
        for key, each in counts.found(connection, datasets).items():
            judging.counts(key, each)
    marks: dict[RowKey, Mark] = {
        key: Mark(folded_runs[key].version, folded_runs[key].version, None)
        for key in runs
        if key in folded_runs
    }
    right = {each.key for each in judging.judged if each.table == STATE} - {
        each.key
        for each in judging.judged
        if each.table == STATE and each.verdict is not Verdict.RIGHT
    }
    for key in known:
        checksum = kept[key][2] if key in right else None
        newest = max(folded[key].newest, said[key].version)
        marks[key] = Mark(said[key].version, newest, checksum)
    unfounded = {key for key in keys if key not in marks}
    marks.update({key: Mark(0, 0, None) for key in unfounded})
    odd = _odd_attributes({**folded_runs, **said}) | _odd_objects(folded)
    return Compared(tuple(judging.judged), folded, marks, odd)


def _odd_attributes(folds: Mapping[RowKey, Attributes]) -> dict[RowKey, str]:
    return {
        key: f"an event in {'DatasetEvent' if key[1] else 'RunEvent'} has {' and '.join(fold.odd)}"
        " that is no JSON object, or nested too deeply; only the rest is counted"
        for key, fold in folds.items()
        if fold.odd
    }


def _odd_objects(folded: Mapping[DatasetKey, Folded]) -> dict[RowKey, str]:
    return {
        key: f"what JSONBDeduplication has as {', '.join(map(str, each.odd[:_NAMED]))} is no JSON"
        " object, or nested too deeply; only the rest is counted"
        for key, each in folded.items()
        if each.odd
    }


def incomplete(connection: Connection, keys: Collection[RowKey], *, desk: bool) -> set[int]:
    """The runs of which a summary is missing or older than its dataset, or a state isn't there:
    something has to be written, without a look at the events."""
    kept = (
        "SELECT FROM desk.lumisection_state AS kept"
        " WHERE (kept.run_number, kept.name) = (dataset.run_number, dataset.name)"
    )
    rows = connection.execute(
        text(
            'SELECT DISTINCT run_number FROM "Dataset" AS dataset'
            ' LEFT JOIN "DatasetTripletCache" AS summary USING (run_number, name)'
            " WHERE (dataset.run_number, dataset.name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            "  AND (summary.version IS NULL OR summary.version < dataset.version"
            f"   {f'OR NOT EXISTS ({kept})' if desk else ''})"
        ),
        key_arrays([key for key in keys if key[1]]),
    )
    return set(rows.scalars())


def all_keys(connection: Connection, *, desk: bool) -> list[RowKey]:
    """Every run and dataset that has events or a derived row, the newest runs first."""
    counted = "UNION SELECT run_number, name FROM desk.counts" if desk else ""
    rows = connection.execute(
        text(
            f"""
            SELECT run_number, '' AS name FROM "Run"
            UNION SELECT run_number, '' FROM "RunEvent"
            UNION SELECT run_number, name FROM "Dataset"
            UNION SELECT run_number, name FROM "DatasetEvent"
            {counted}
            ORDER BY run_number DESC, name
            """
        )
    )
    return [(run_number, name) for run_number, name in rows]


def _summaries_found(
    connection: Connection, keys: Sequence[RowKey]
) -> dict[RowKey, tuple[Summary, int]]:
    rows = connection.execute(
        text(
            "SELECT run_number, name, triplet_summary, dcs_summary, rr_ranges, dcs_ranges,"
            " brilcalc_recorded_luminosity, brilcalc_delivered_luminosity, version"
            ' FROM "DatasetTripletCache" WHERE (run_number, name) IN'
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        key_arrays(keys),
    )
    return {(run, name): (Summary(*summary), version) for run, name, *summary, version in rows}


def _states_found(
    connection: Connection, keys: Sequence[RowKey]
) -> dict[RowKey, tuple[EventCounts, bytes, bytes | None]]:
    rows = connection.execute(
        text(
            "SELECT run_number, name, rr_events, oms_events, online_oms_events, state, checksum"
            " FROM desk.lumisection_state WHERE (run_number, name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        key_arrays(keys),
    )
    return {
        (run, name): (EventCounts(*counts), content, checksum)
        for run, name, *counts, content, checksum in rows
    }
