"""What a report needs to be of one moment: when that was, which runs it is about, and what has
changed since."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.keys import DatasetKey
from app.models.events import event_positions
from app.models.schemas import indexes
from app.models.statements import text

_LONGEST_RUN = timedelta(days=14)


def newest_entry(connection: Connection) -> datetime | None:
    """When something was kept last of what has no version: notes, cycles, proposals, marks."""
    return connection.execute(
        text(
            "SELECT greatest("
            '(SELECT max("at") FROM record.note),'
            " (SELECT max(at) FROM record.cycle_history),"
            " (SELECT max(proposed) FROM record.proposal),"
            ' (SELECT max("at") FROM record.proposal_decision),'
            ' (SELECT max("at") FROM record.verification))'
        )
    ).scalar()


def changed_since(
    connection: Connection, run_numbers: Collection[int], version: int
) -> frozenset[DatasetKey]:
    """Datasets of these runs that anything was written of after a version."""
    known = indexes.present(connection)
    after = event_positions.before(connection, version + 1, known) - 2 * event_positions.SLACK
    events = " UNION ALL ".join(
        f'SELECT version, run_number, name FROM "{table}"'
        " WHERE version > :after AND run_number = ANY(:runs)"
        for table in ("DatasetEvent", "LumisectionEvent", "OMSLumisectionEvent")
    )
    rows = connection.execute(
        text(
            # Each is looked up: else the server reads all that anybody has written since.
            f"WITH written AS MATERIALIZED ({events})"
            " SELECT DISTINCT run_number, name FROM written CROSS JOIN LATERAL ("
            '  SELECT FROM "Event" WHERE version = written.version'
            "   AND atomic_version > :version OFFSET 0) AS since"
        ),
        {"runs": sorted(run_numbers), "version": version, "after": after},
    )
    return frozenset((run_number, name) for run_number, name in rows)


def runs_between(connection: Connection, since: datetime, until: datetime) -> list[int]:
    """Runs that took data in a time, by what OMS says of them now; one that hasn't ended counts
    for a day. None lasts longer than two weeks, so that only the runs of those are looked at."""
    rows = connection.execute(
        text(
            'SELECT run_number FROM "Run"'
            " WHERE oms_attributes ->> 'start_time' < :until"
            " AND oms_attributes ->> 'start_time' > :long_before"
            " AND coalesce(oms_attributes ->> 'end_time' > :since,"
            "  oms_attributes ->> 'start_time' > :a_day_before) ORDER BY run_number"
        ),
        {
            "since": _oms_text(since),
            "until": _oms_text(until),
            "long_before": _oms_text(since - _LONGEST_RUN),
            "a_day_before": _oms_text(since - timedelta(days=1)),
        },
    )
    return [*rows.scalars()]


def run_numbers_within(connection: Connection, first: int, last: int) -> list[int]:
    """Runs of a range, both ends included."""
    rows = connection.execute(
        text(
            'SELECT run_number FROM "Run" WHERE run_number BETWEEN :first AND :last'
            " ORDER BY run_number"
        ),
        {"first": first, "last": last},
    )
    return [*rows.scalars()]


def offline_keys(
    connection: Connection, run_numbers: Collection[int], version: int
) -> list[DatasetKey]:
    """Offline datasets of these runs that there were at a version, hidden ones included."""
    rows = connection.execute(
        text(
            'SELECT DISTINCT run_number, name FROM "DatasetEvent" JOIN "Event" USING (version)'
            " WHERE run_number = ANY(:runs) AND atomic_version <= :version AND name <> 'online'"
            " ORDER BY run_number, name"
        ),
        {"runs": sorted(run_numbers), "version": version},
    )
    return [(run_number, name) for run_number, name in rows]


def newest_runs(connection: Connection, number: int, version: int) -> list[int]:
    """The greatest run numbers that were there at a version."""
    rows = connection.execute(
        text(
            'SELECT run_number FROM "Run" WHERE EXISTS (SELECT FROM "RunEvent"'
            ' JOIN "Event" USING (version) WHERE "RunEvent".run_number = "Run".run_number'
            " AND atomic_version <= :version) ORDER BY run_number DESC LIMIT :number"
        ),
        {"number": number, "version": version},
    )
    return [*rows.scalars()]


def _oms_text(at: datetime) -> str:
    """A time as OMS writes it, so that texts can be compared."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
