"""The state that a stored list was made from, and the words that made it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection, text

from app.domain.errors import BadInput
from app.domain.history.attributes import AttributeEvent
from app.domain.history.cells import Write
from app.domain.json_value import JsonObject, JsonValue, folded_object
from app.domain.keys import ONLINE, DatasetKey
from app.domain.state.compact import CompactState, compact
from app.domain.state.grid import Value
from app.domain.triplets import Triplet
from app.models.events import states
from app.models.events.states import EventCounts, StoredEvent
from app.models.golden import generated_json
from app.models.golden.generated_json import MatchedDataset, SeasonRead
from app.models.history import cell_writes, run_history
from app.models.history import writes as history
from app.models.history.run_history import RunEvents
from app.models.recount.basis import Basis, kept, states_on

_BLOCK = 400
"""Datasets read in one go."""
_FOLDED_BLOCK = 20
"""Datasets folded from their events between two looks at whether that is still wanted."""


@dataclass(frozen=True)
class MadeFrom:
    """One dataset as a list saw it: its newest event, how many lumisection events there were, and
    the newest event of its run (None in a list of an older program).

    Whoever writes to a run holds it until the end, so the events of a dataset become visible in
    their order: the first n of them are the n that were seen.
    """

    run_number: int
    name: str
    version: int
    counts: EventCounts
    run_version: int | None


@dataclass(frozen=True)
class Provenance:
    """What our record keeps of a list: who computed it, what came out, and from which state."""

    program_version: str
    sha256: str
    datasets: Mapping[DatasetKey, MadeFrom]


@dataclass(frozen=True)
class Moment:
    """What a reader sees: everything; what was written up to a version; or, with a provenance,
    exactly what a list was made from."""

    as_of: int | None = None
    provenance: Provenance | None = None


NOW = Moment()


@dataclass(frozen=True)
class Words:
    """The events that make the values of one dataset, as seen at a moment.

    `oms` are its own and those of `online`; each kind is in the order of the events.
    """

    rr: Sequence[Write[Triplet]]
    oms: Sequence[Write[JsonValue]]
    run: RunEvents
    dataset: Sequence[AttributeEvent]

    @property
    def events(self) -> frozenset[int]:
        """All of them, by number."""
        return frozenset(
            {each.event for each in self.rr}
            | {each.event for each in self.oms}
            | {each.version for each in (*self.run.oms, *self.dataset)}
        )


def provenance_of(connection: Connection, id_: int) -> Provenance | None:
    """What is kept of a list of ours; None for one that the web service made."""
    row = connection.execute(
        text(
            "SELECT program_version, sha256, datasets FROM record.generated_json_provenance"
            " WHERE generated_json_id = :id"
        ),
        {"id": id_},
    ).one_or_none()
    if row is None:
        return None
    try:
        made = [
            MadeFrom(
                run, name, version, EventCounts(rr, oms, online), newest[0] if newest else None
            )
            for run, name, version, rr, oms, online, *newest in row.datasets
        ]
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"What golden JSON {id_} was made from can't be read: its row of"
            " record.generated_json_provenance holds something else. Make the list again."
        ) from error
    return Provenance(
        row.program_version, row.sha256, {(each.run_number, each.name): each for each in made}
    )


def programs(connection: Connection) -> list[str]:
    """The versions of this program that have stored lists here, or made them again."""
    return [
        *connection.execute(
            text(
                "SELECT program_version FROM record.generated_json_provenance"
                " UNION SELECT program_version FROM record.golden_json_check"
            )
        ).scalars()
    ]


def read_season(
    connection: Connection,
    pattern: str,
    moment: Moment,
    *,
    basis: Basis,
    run_numbers: Collection[int] | None = None,
    told: Callable[[float], None] = lambda _: None,
) -> SeasonRead:
    """The matching datasets, of these runs only if given, with their states at the moment.

    A moment with a provenance has the datasets that are in it, whatever the pattern.
    """
    version = moment.as_of or history.newest_version(connection)
    datasets = (
        generated_json.nameable(
            generated_json.matching_datasets(
                connection,
                pattern,
                as_of=moment.as_of,
                run_numbers=None if run_numbers is None else sorted(run_numbers),
            )
        )
        if moment.provenance is None
        else _datasets_of(connection, moment, moment.provenance, run_numbers)
    )
    keys = [(each.run_number, each.name) for each in datasets]
    found: dict[DatasetKey, CompactState] = {}
    folds_all = moment.provenance is None and moment.as_of is not None
    size = _FOLDED_BLOCK if folds_all else _BLOCK
    for begin in range(0, len(keys), size):
        told(begin / len(keys))
        block = keys[begin : begin + size]
        if moment.provenance is None:
            compacts, _ = states_on(connection, block, basis, as_of=moment.as_of)
            found.update((key, state) for key, (state, _) in compacts.items())
        else:
            made = {key: moment.provenance.datasets[key] for key in block}
            of_block = partial(_told_of_part, told, begin / len(keys), len(block) / len(keys))
            found.update(_states_of(connection, made, basis=basis, told=of_block))
    return SeasonRead(version, False, datasets, found, {}, None)


@dataclass(frozen=True)
class _Read:
    """All events of some datasets and their runs."""

    rr: Mapping[DatasetKey, Sequence[Write[Triplet]]]
    oms: Mapping[DatasetKey, Sequence[Write[JsonValue]]]
    runs: Mapping[int, RunEvents]
    datasets: Mapping[int, Mapping[str, Sequence[AttributeEvent]]]


def words(
    connection: Connection,
    keys: Collection[DatasetKey],
    moments: Sequence[Moment],
    attributes: Collection[str],
) -> tuple[dict[DatasetKey, Words], ...]:
    """The events of these datasets and their runs that were there at each of the moments; OMS
    events that set none of these attributes come without values.

    What several moments are cut from is read once.
    """
    read: dict[int | None, _Read] = {}
    found: list[dict[DatasetKey, Words]] = []
    for moment in moments:
        as_of = moment.as_of if moment.provenance is None else None
        if as_of not in read:
            runs = {
                run: run_history.run_events(connection, run) for run in {run for run, _ in keys}
            }
            read[as_of] = _Read(
                cell_writes.rr_writes(connection, keys, as_of=as_of),
                cell_writes.oms_writes(
                    # The first so many events of all are those of a moment that was counted.
                    connection,
                    keys,
                    as_of=as_of,
                    setting=attributes,
                    bare=moment.provenance is not None,
                ),
                runs,
                {run: run_history.dataset_events(connection, run) for run in runs},
            )
        found.append(_cut(connection, keys, moment, read[as_of]))
    return tuple(found)


def _cut(
    connection: Connection, keys: Collection[DatasetKey], moment: Moment, read: _Read
) -> dict[DatasetKey, Words]:
    rr, oms, runs, datasets = read.rr, read.oms, read.runs, read.datasets
    every = {
        event.version
        for run in runs
        for event in (*runs[run].oms, *(e for each in datasets[run].values() for e in each))
    }
    version_of = (
        history.versions_of_events(connection, sorted(every)) if moment.as_of is not None else {}
    )
    found: dict[DatasetKey, Words] = {}
    for key in keys:
        run_number, name = key
        made = None if moment.provenance is None else moment.provenance.datasets.get(key)

        def up_to(
            events: Sequence[AttributeEvent], newest: int | None
        ) -> tuple[AttributeEvent, ...]:
            return tuple(
                event
                for event in events
                if (
                    event.version <= newest
                    if newest is not None
                    else moment.as_of is None or version_of[event.version] <= moment.as_of
                )
            )

        newest_of_run = None if made is None else made.run_version
        run = runs[run_number]
        own = sorted(rr[key], key=lambda write: write.event)
        both = sorted(oms[key], key=lambda write: write.event)
        if made is not None:
            own = own[: made.counts.rr]
            both = _first(both, name, made.counts)
        found[key] = Words(
            own,
            both,
            RunEvents(
                up_to(run.oms, newest_of_run),
                up_to(run.rr, newest_of_run),
                up_to(run.deleted, newest_of_run),
            ),
            up_to(datasets[run_number].get(name, ()), None if made is None else made.version),
        )
    return found


def combinations_of(
    connection: Connection, id_: int
) -> list[tuple[str, float, dict[str, list[list[int]]]]]:
    """What a stored list says of its losses: the failed conditions as JSON text, the recorded
    luminosity [pb^-1], and the lumisections by `{run}-{name}`."""
    losses, ranges = connection.execute(
        text(
            "SELECT rules_flagged_false_combination_luminosity,"
            ' runs_lumisections_responsible_for_rule FROM "GeneratedJson" WHERE id = :id'
        ),
        {"id": id_},
    ).one()
    for column, value in (
        ("rules_flagged_false_combination_luminosity", losses),
        ("runs_lumisections_responsible_for_rule", ranges),
    ):
        if not isinstance(value, dict):
            raise generated_json.unreadable(id_, column)
    return [(conditions, lost, ranges.get(conditions, {})) for conditions, lost in losses.items()]


def _first(writes: Sequence[Write[Value]], name: str, counts: EventCounts) -> list[Write[Value]]:
    """The OMS writes among these, in order, that a list saw."""
    own = [write for write in writes if write.dataset == name][: counts.oms]
    if name == ONLINE:
        return own
    online = [write for write in writes if write.dataset == ONLINE][: counts.online_oms]
    return sorted([*own, *online], key=lambda write: write.event)


def _datasets_of(
    connection: Connection,
    moment: Moment,
    provenance: Provenance,
    run_numbers: Collection[int] | None,
) -> list[MatchedDataset]:
    made = [
        each
        for key, each in sorted(provenance.datasets.items())
        if run_numbers is None or key[0] in run_numbers
    ]
    attributes = {
        (run, name): folded_object(values)
        for run, name, values in connection.execute(
            text(
                "SELECT run_number, name, mergejsonb(dataset_metadata ORDER BY version)"
                ' FROM "DatasetEvent" JOIN unnest(CAST(:runs AS int[]), CAST(:names AS text[]),'
                "  CAST(:versions AS int[])) AS made(run_number, name, newest)"
                " USING (run_number, name) WHERE version <= newest GROUP BY run_number, name"
            ),
            {
                "runs": [each.run_number for each in made],
                "names": [each.name for each in made],
                "versions": [each.version for each in made],
            },
        )
    }
    newest = {each.run_number: each.run_version for each in made}
    runs: dict[int, tuple[JsonObject, JsonObject]] = {
        run: (folded_object(oms), folded_object(rr))
        for run, oms, rr in connection.execute(
            text(
                "SELECT run_number, mergejsonb(oms_metadata ORDER BY version),"
                " mergejsonb(rr_metadata ORDER BY manual_change, version)"
                ' FROM "RunEvent" JOIN "Event" USING (version)'
                " JOIN unnest(CAST(:runs AS int[]), CAST(:newest AS int[]))"
                "  AS made(run_number, newest) USING (run_number)"
                " WHERE CASE WHEN newest IS NULL THEN atomic_version <= :as_of"
                "  ELSE version <= newest END GROUP BY run_number"
            ),
            {"runs": list(newest), "newest": list(newest.values()), "as_of": moment.as_of},
        )
    }
    return [
        MatchedDataset(
            each.run_number,
            each.name,
            attributes.get((each.run_number, each.name), {}),
            *runs.get(each.run_number, ({}, {})),
            each.version,
            each.run_version or 0,
        )
        for each in made
    ]


def _told_of_part(told: Callable[[float], None], begin: float, part: float, share: float) -> None:
    told(begin + part * share)


def _states_of(
    connection: Connection,
    made: Mapping[DatasetKey, MadeFrom],
    *,
    basis: Basis,
    told: Callable[[float], None],
) -> dict[DatasetKey, CompactState]:
    fresh = kept(connection, made, basis)
    found = {key: state for key, (state, counts) in fresh.items() if counts == made[key].counts}
    rest = [key for key in made if key not in found]
    for begin in range(0, len(rest), _FOLDED_BLOCK):
        told(begin / len(rest))
        found.update(_folded(connection, made, fresh, rest[begin : begin + _FOLDED_BLOCK]))
    return found


def _folded(
    connection: Connection,
    made: Mapping[DatasetKey, MadeFrom],
    fresh: Mapping[DatasetKey, tuple[CompactState, EventCounts]],
    keys: Sequence[DatasetKey],
) -> dict[DatasetKey, CompactState]:
    found: dict[DatasetKey, CompactState] = {}
    rr = states.grouped(states.rr_events(connection, keys))
    # What was edited since is mostly columns, and OMS events are nearly all there is to read.
    same_oms = {
        key
        for key in keys
        if key in fresh and replace(fresh[key][1], rr=made[key].counts.rr) == made[key].counts
    }
    for key in same_oms:
        folded = states.fold_rr(_oldest(rr.get(key, []), made[key].counts.rr))
        found[key] = compact(fresh[key][0].expand().with_columns(folded))
    rest = [key for key in keys if key not in same_oms]
    oms_keys = {*rest, *((run, ONLINE) for run, _ in rest)}
    oms = states.grouped(states.oms_events(connection, oms_keys))
    for key in rest:
        counts = made[key].counts
        online = (key[0], ONLINE)
        state = states.fold_events(
            key,
            _oldest(rr.get(key, []), counts.rr),
            _oldest(oms.get(key, []), counts.oms),
            _oldest(oms.get(online, []), counts.online_oms),
        ).state
        found[key] = compact(state)
    return found


def _oldest(events: Sequence[StoredEvent], count: int) -> list[StoredEvent]:
    return sorted(events, key=lambda event: event.version)[:count]
