"""What has new events since it was counted."""

from sqlalchemy import Connection

from app.domain.keys import DatasetKey, RowKey
from app.models.statements import key_arrays, text

_SLACK = 1_000
"""Events on either side of the newest one counted that may have been stored late."""
_LOOKED_BACK = 100_000
"""So many of the newest events are looked through at most; the round finds what is older."""


def with_new_events(connection: Connection, limit: int) -> list[RowKey]:
    """Rows with events that came after they were counted, whether a projection says so or not."""
    # A number of its own, by which the server sees that few events follow.
    from_event = connection.execute(
        text(
            "SELECT greatest((SELECT max(newest_event) FROM desk.recount) - :slack,"
            ' (SELECT max(version) FROM "Event") - :most)'
            " WHERE EXISTS (SELECT FROM desk.recount)"
        ),
        {"slack": _SLACK, "most": _LOOKED_BACK},
    ).scalar()
    if from_event is None:
        return []
    parts = [
        f'SELECT run_number, {name}, version FROM "{table}" WHERE version > :from_event'
        for table, name in (
            ("LumisectionEvent", "name"),
            ("OMSLumisectionEvent", "name"),
            ("DatasetEvent", "name"),
            ("RunEvent", "''"),
        )
    ]
    # What OMS says of `online` it says of all datasets of the run. The new events come first, then
    # the datasets of their runs: the other way round all events of all runs would be looked at.
    parts.append(
        "SELECT run_number, of_run.name, newer.version FROM"
        ' (SELECT run_number, max(version) AS version FROM "OMSLumisectionEvent"'
        "   WHERE version > :from_event AND name = 'online' GROUP BY run_number OFFSET 0)"
        "  AS newer"
        ' CROSS JOIN LATERAL (SELECT name FROM "Dataset" AS dataset'
        "  WHERE dataset.run_number = newer.run_number OFFSET 0) AS of_run"
    )
    rows = connection.execute(
        text(
            "WITH said AS MATERIALIZED ("
            " SELECT event.run_number, event.name, max(event.version) AS newest"
            f" FROM ({' UNION ALL '.join(parts)}) AS event(run_number, name, version)"
            " GROUP BY 1, 2)"
            " SELECT said.run_number, said.name FROM said"
            # The marks of the few, not of everything.
            " LEFT JOIN LATERAL (SELECT newest_event FROM desk.recount AS known"
            "  WHERE (known.run_number, known.name) = (said.run_number, said.name) OFFSET 0)"
            "  AS mark ON true"
            " WHERE mark.newest_event IS NULL OR mark.newest_event < said.newest"
            " ORDER BY run_number DESC, name LIMIT :limit"
        ),
        {"from_event": from_event, "limit": limit},
    )
    return [(run, name) for run, name in rows]


def late_summaries(connection: Connection, limit: int) -> set[DatasetKey]:
    """Datasets with lumisection events newer than their summary that no version of theirs tells of,
    and that nobody has counted yet: the web service writes OMS events without a new version.

    Only among the newest events, and where somebody counts again.
    """
    keys = [(run, name) for run, name in with_new_events(connection, limit) if name]
    if not keys:
        return set()
    newer = " OR ".join(
        f'EXISTS (SELECT FROM "{table}" event WHERE event.run_number = summary.run_number'
        f" AND event.name {names} AND event.version > summary.version)"
        for table, names in (
            ("LumisectionEvent", "= summary.name"),
            ("OMSLumisectionEvent", "IN (summary.name, 'online')"),
        )
    )
    rows = connection.execute(
        text(
            'SELECT run_number, name FROM "DatasetTripletCache" summary WHERE (run_number, name)'
            " IN (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            f" AND ({newer})"
        ),
        key_arrays(keys),
    )
    return {(run, name) for run, name in rows}
