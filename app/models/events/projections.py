"""The folds the tables show: `Run`, `Dataset`, `DatasetTripletCache` and our own read model."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate

from sqlalchemy import Connection

from app.domain.json_value import js_stringify
from app.domain.keys import DatasetKey
from app.domain.state.compact import CompactState, ExpandedState, compact
from app.domain.state.summaries import summarise_columns, summarise_compact
from app.models.database.engine import GUARDED
from app.models.events.states import Counted, Loaded, checksum
from app.models.statements import text


def fold_runs(
    connection: Connection, run_numbers: Collection[int], *, guarded_too: bool = False
) -> None:
    """Rewrites the `Run` rows of these runs from all their events, where no guard did."""
    if not guarded_too and connection.get_execution_options().get(GUARDED):
        return
    connection.execute(
        text(
            'INSERT INTO "Run" (run_number, oms_attributes, rr_attributes, version, deleted)'
            " SELECT run_number, mergejsonb(oms_metadata ORDER BY version),"
            "  mergejsonb(rr_metadata ORDER BY manual_change, version), max(version),"
            "  (array_agg(deleted ORDER BY version DESC))[1]"
            ' FROM "RunEvent" WHERE run_number = ANY(:runs) GROUP BY run_number ORDER BY run_number'
            " ON CONFLICT (run_number) DO UPDATE SET oms_attributes = EXCLUDED.oms_attributes,"
            "  rr_attributes = EXCLUDED.rr_attributes, version = EXCLUDED.version,"
            "  deleted = EXCLUDED.deleted"
        ),
        {"runs": sorted(run_numbers)},
    )


def fold_datasets(
    connection: Connection, keys: Collection[DatasetKey], *, guarded_too: bool = False
) -> None:
    """Rewrites the `Dataset` rows of these datasets from all their events, where no guard did."""
    if not guarded_too and connection.get_execution_options().get(GUARDED):
        return
    connection.execute(
        text(
            'INSERT INTO "Dataset"'
            " (run_number, name, dataset_attributes, datasets_in_gui, deleted, version)"
            " SELECT run_number, name, mergejsonb(dataset_metadata ORDER BY version),"
            # Most events name no GUI dataset; the distinct union costs too much to run for them.
            "  coalesce(mergejsonbarray(datasets_in_gui)"
            "   FILTER (WHERE datasets_in_gui <> '[]'), '[]'),"
            "  (array_agg(deleted ORDER BY version DESC))[1], max(version)"
            ' FROM "DatasetEvent" WHERE (run_number, name) IN'
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            " GROUP BY run_number, name ORDER BY run_number, name"
            " ON CONFLICT (run_number, name) DO UPDATE SET"
            "  dataset_attributes = EXCLUDED.dataset_attributes,"
            "  datasets_in_gui = EXCLUDED.datasets_in_gui, deleted = EXCLUDED.deleted,"
            "  version = EXCLUDED.version"
        ),
        _keys(keys),
    )


def carry_over(
    connection: Connection, keys: Collection[DatasetKey], own: Collection[int]
) -> set[DatasetKey]:
    """Gives summaries the version of their dataset where only the versions `own`, which changed
    no lumisections, lie between the two; returns the datasets whose summary is current now."""
    rows = connection.execute(
        text(
            'UPDATE "DatasetTripletCache" summary SET version = dataset.version'
            ' FROM "Dataset" dataset WHERE dataset.run_number = summary.run_number'
            "  AND dataset.name = summary.name AND (dataset.run_number, dataset.name) IN"
            "   (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            '  AND NOT EXISTS (SELECT FROM "DatasetEvent" event JOIN "Event" USING (version)'
            "   WHERE event.run_number = summary.run_number AND event.name = summary.name"
            "   AND event.version > summary.version AND atomic_version <> ALL(:own))"
            " RETURNING summary.run_number, summary.name"
        ),
        {**_keys(keys), "own": list(own)},
    )
    return {(run_number, name) for run_number, name in rows}


def copy_summaries(
    connection: Connection, sources: Mapping[DatasetKey, DatasetKey]
) -> set[DatasetKey]:
    """Gives new datasets the summary of another of their run where that one is current; returns
    the datasets that have got one."""
    ordered = dict(sorted(sources.items()))
    rows = connection.execute(
        text(
            'INSERT INTO "DatasetTripletCache" (run_number, name, triplet_summary, dcs_summary,'
            "  rr_ranges, dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity,"
            "  version)"
            " SELECT new.run_number, new.name, triplet_summary, dcs_summary, rr_ranges,"
            "  dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity, new.version"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]), CAST(:sources AS text[]))"
            "  AS wanted(run_number, name, source)"
            ' JOIN "Dataset" new USING (run_number, name)'
            ' JOIN "Dataset" source ON source.run_number = new.run_number'
            "  AND source.name = wanted.source"
            ' JOIN "DatasetTripletCache" summary ON summary.run_number = source.run_number'
            "  AND summary.name = source.name AND summary.version = source.version"
            " ON CONFLICT (run_number, name) DO NOTHING RETURNING run_number, name"
        ),
        {**_keys(ordered), "sources": [name for _, name in ordered.values()]},
    )
    return {(run_number, name) for run_number, name in rows}


def store(
    connection: Connection,
    loaded: Mapping[DatasetKey, Loaded],
    *,
    desk: bool,
    own: Collection[int] = (),
) -> None:
    """Writes the summaries of these datasets, and where there is a desk their compact states.

    `loaded` are the folds of all events stored so far, those of this transaction included. Where
    the versions `own` changed nothing but columns, the rest of a summary stays as it is.
    """
    if not loaded:
        return
    ordered = dict(sorted(loaded.items()))
    compacts = dict(zip(ordered, _once_for_equal(ordered), strict=True))
    small = {
        key: compacts[key]
        for key, each in ordered.items()
        if own and isinstance(each.state, ExpandedState) and each.state.takes_part_as_before
    }
    done = _store_columns(connection, small, own)
    store_summaries(connection, {key: each for key, each in compacts.items() if key not in done})
    if desk:
        remember_compact(
            connection,
            {
                key: (replace(each, run_number=key[0], name=key[1]), ordered[key].counts)
                for key, each in compacts.items()
            },
        )


def _once_for_equal(loaded: Mapping[DatasetKey, Loaded]) -> Iterator[CompactState]:
    """Each state in segments, cut once for those that have the same parts, such as new datasets of
    a run."""
    made: dict[tuple[int, ...], CompactState] = {}
    for each in loaded.values():
        state = each.state
        if isinstance(state, ExpandedState):
            yield compact(state)  # without taking its OMS side out of its segments
            continue
        parts = (id(state.rr), id(state.oms), id(state.own_oms))
        if parts not in made:
            made[parts] = compact(state)
        yield made[parts]


def _store_columns(
    connection: Connection, states: Mapping[DatasetKey, CompactState], own: Collection[int]
) -> set[DatasetKey]:
    """Writes the part of the summaries that columns make, where the rest is current but for the
    versions `own`; returns those datasets."""
    if not states:
        return set()
    made = [summarise_columns(state) for state in states.values()]
    rows = connection.execute(
        text(
            'UPDATE "DatasetTripletCache" summary SET triplet_summary = new.summary,'
            "  rr_ranges = new.ranges, version = dataset.version"
            ' FROM "Dataset" dataset, ROWS FROM (unnest(CAST(:runs AS int[])),'
            "   unnest(CAST(:names AS text[])), jsonb_array_elements(CAST(:summaries AS jsonb)),"
            "   jsonb_array_elements(CAST(:ranges AS jsonb)))"
            "   AS new(run_number, name, summary, ranges)"
            " WHERE (dataset.run_number, dataset.name) = (new.run_number, new.name)"
            "  AND (summary.run_number, summary.name) = (new.run_number, new.name)"
            '  AND NOT EXISTS (SELECT FROM "DatasetEvent" event JOIN "Event" USING (version)'
            "   WHERE event.run_number = summary.run_number AND event.name = summary.name"
            "   AND event.version > summary.version AND atomic_version <> ALL(:own))"
            " RETURNING summary.run_number, summary.name"
        ),
        {
            **_keys(states),
            # As one text each: in an array every quotation mark would be marked, and read again.
            "summaries": js_stringify([summary for summary, _ in made]),
            "ranges": js_stringify([ranges for _, ranges in made]),
            "own": list(own),
        },
    )
    return {(run_number, name) for run_number, name in rows}


def store_summaries(connection: Connection, given: Mapping[DatasetKey, CompactState]) -> None:
    """Writes the summaries of these states, under the versions of their datasets."""
    if not given:
        return
    states = dict(sorted(given.items()))
    # New datasets of a run have one state among them.
    different = {id(each): each for each in states.values()}
    made = {number: summarise_compact(each) for number, each in different.items()}
    summaries = [made[id(each)] for each in states.values()]
    connection.execute(
        text(
            'INSERT INTO "DatasetTripletCache" (run_number, name, triplet_summary, dcs_summary,'
            "  rr_ranges, dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity,"
            "  version)"
            " SELECT dataset.run_number, dataset.name, new.triplet_summary, new.dcs_summary,"
            "  new.rr_ranges, new.dcs_ranges, new.recorded, new.delivered, dataset.version"
            " FROM ROWS FROM (unnest(CAST(:runs AS int[])), unnest(CAST(:names AS text[])),"
            "  jsonb_array_elements(CAST(:triplet_summaries AS jsonb)),"
            "  jsonb_array_elements(CAST(:dcs_summaries AS jsonb)),"
            "  jsonb_array_elements(CAST(:rr_ranges AS jsonb)),"
            "  jsonb_array_elements(CAST(:dcs_ranges AS jsonb)),"
            "  unnest(CAST(:recorded AS float8[])), unnest(CAST(:delivered AS float8[])))"
            "  AS new(run_number, name, triplet_summary, dcs_summary, rr_ranges, dcs_ranges,"
            "   recorded, delivered)"
            ' JOIN "Dataset" dataset USING (run_number, name)'
            " ON CONFLICT (run_number, name) DO UPDATE SET"
            "  triplet_summary = EXCLUDED.triplet_summary, dcs_summary = EXCLUDED.dcs_summary,"
            "  rr_ranges = EXCLUDED.rr_ranges, dcs_ranges = EXCLUDED.dcs_ranges,"
            "  brilcalc_recorded_luminosity = EXCLUDED.brilcalc_recorded_luminosity,"
            "  brilcalc_delivered_luminosity = EXCLUDED.brilcalc_delivered_luminosity,"
            "  version = EXCLUDED.version"
        ),
        {
            **_keys(states),
            "triplet_summaries": js_stringify([each.triplet_summary for each in summaries]),
            "dcs_summaries": js_stringify([each.dcs_summary for each in summaries]),
            "rr_ranges": js_stringify([each.rr_ranges for each in summaries]),
            "dcs_ranges": js_stringify([each.dcs_ranges for each in summaries]),
            "recorded": [each.recorded for each in summaries],
            "delivered": [each.delivered for each in summaries],
        },
    )


def remember_compact(
    connection: Connection, states: Mapping[DatasetKey, Counted]
) -> dict[DatasetKey, bytes]:
    """Keeps compact states in our read model, with the numbers of events they were folded from;
    returns their checksums.

    The numbers are those of the events really folded, not those of the tables now: an event that
    another client stored meanwhile must make the row stale.
    """
    if not states:
        return {}
    ordered = dict(sorted(states.items()))
    contents = {key: state.to_bytes() for key, (state, _) in ordered.items()}
    checksums = {key: checksum(key, ordered[key][1], each) for key, each in contents.items()}
    sizes = [len(each) for each in contents.values()]
    connection.execute(
        text(
            "INSERT INTO desk.lumisection_state"
            " (run_number, name, rr_events, oms_events, online_oms_events, state, checksum)"
            " SELECT run_number, name, rr_events, oms_events, online_oms_events,"
            "  substring(CAST(:states AS bytea) FROM begins FOR size), checksum"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]),"
            "  CAST(:rr_events AS int[]), CAST(:oms_events AS int[]),"
            "  CAST(:online_oms_events AS int[]), CAST(:begins AS int[]), CAST(:sizes AS int[]),"
            "  CAST(:checksums AS bytea[]))"
            "  AS new(run_number, name, rr_events, oms_events, online_oms_events, begins, size,"
            "   checksum)"
            " ON CONFLICT (run_number, name) DO UPDATE SET rr_events = EXCLUDED.rr_events,"
            "  oms_events = EXCLUDED.oms_events,"
            "  online_oms_events = EXCLUDED.online_oms_events, state = EXCLUDED.state,"
            "  checksum = EXCLUDED.checksum"
        ),
        {
            **_keys(ordered),
            "rr_events": [counts.rr for _, counts in ordered.values()],
            "oms_events": [counts.oms for _, counts in ordered.values()],
            "online_oms_events": [counts.online_oms for _, counts in ordered.values()],
            # In one piece: each of an array would be spelled out and read again.
            "states": b"".join(contents.values()),
            "begins": [*accumulate(sizes, initial=1)][:-1],
            "sizes": sizes,
            "checksums": list(checksums.values()),
        },
    )
    return checksums


def _keys(keys: Collection[DatasetKey]) -> dict[str, list[int] | list[str]]:
    ordered = sorted(keys)
    return {"runs": [run for run, _ in ordered], "names": [name for _, name in ordered]}
