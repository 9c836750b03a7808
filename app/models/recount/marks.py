"""What was counted again and when, what comes next, and what was found."""

import math
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.keys import RowKey
from app.domain.recount.status import Finding, Standing
from app.models.database.listen import CHANNEL
from app.models.events import taking_in
from app.models.recount.compared import Mark
from app.models.recount.new_events import with_new_events
from app.models.schemas import desk as desk_tables
from app.models.statements import text

_SHOWN = 20
_REPAIRED = "repaired"
_LOCK = 0x52525246


# The version of a run or dataset is the number of an event of its own, so two lists of numbers tell
# what nobody has counted; reading the rows themselves takes ten times as long.
_UNCOUNTED = """
    SELECT version FROM (
        SELECT version FROM "Run" UNION ALL SELECT version FROM "Dataset"
    ) AS every
    WHERE NOT EXISTS (SELECT FROM desk.recount AS mark WHERE mark.version = every.version)
"""
# In the order of their index: the server doesn't know how few they are, and would look through all.
_STALE_BY_COUNTS = """
    SELECT run_number, name, version FROM desk.counts
    WHERE summary_version IS DISTINCT FROM version ORDER BY run_number DESC, name OFFSET 0
"""
_STALE_VERSIONS = """
    SELECT version FROM "Dataset" AS every WHERE NOT EXISTS (
        SELECT FROM "DatasetTripletCache" AS summary WHERE summary.version = every.version
    ) OFFSET 0
"""
_STALE = f"""
    SELECT run_number, name, version FROM ({_STALE_VERSIONS}) AS old CROSS JOIN LATERAL (
        SELECT run_number, name FROM "Dataset" AS dataset WHERE dataset.version = old.version
        OFFSET 0
    ) AS of_dataset
"""


def changed(connection: Connection, limit: int) -> list[RowKey]:
    """Rows that changed since they were counted, or were never counted: changes before those that
    are only unknown, the newest runs first."""
    by_event = with_new_events(connection, limit)
    rows = connection.execute(
        text(
            f"""
            WITH uncounted AS MATERIALIZED ({_UNCOUNTED}), due AS (
                SELECT run_number, '' AS name, version
                FROM uncounted CROSS JOIN LATERAL (
                    SELECT run_number FROM "Run" AS run WHERE run.version = uncounted.version
                    OFFSET 0
                ) AS of_run
                UNION SELECT run_number, name, version
                FROM uncounted CROSS JOIN LATERAL (
                    SELECT run_number, name FROM "Dataset" AS dataset
                    WHERE dataset.version = uncounted.version OFFSET 0
                ) AS of_dataset
                UNION SELECT * FROM ({_stale(connection)}) AS old
            )
            SELECT run_number, name FROM due
            LEFT JOIN LATERAL (
                SELECT version FROM desk.recount AS known
                WHERE (known.run_number, known.name) = (due.run_number, due.name) OFFSET 0
            ) AS mark ON true
            LEFT JOIN LATERAL (
                SELECT version FROM "DatasetTripletCache" AS known
                WHERE (known.run_number, known.name) = (due.run_number, due.name) OFFSET 0
            ) AS summary ON true
            -- What no event knows is marked with 0, and comes with the round alone.
            WHERE mark.version IS DISTINCT FROM 0 AND (
                mark.version IS DISTINCT FROM due.version
                OR (name <> '' AND summary.version IS DISTINCT FROM due.version)
            )
            ORDER BY
                mark.version IS NULL
                    AND (name = '' OR summary.version IS NOT DISTINCT FROM due.version),
                run_number DESC, name
            LIMIT :limit
            """
        ),
        {"limit": limit},
    )
    found = dict.fromkeys([*by_event, *((run, name) for run, name in rows)])
    return list(found)[:limit]


def _stale(connection: Connection) -> str:
    """What finds the datasets whose summary is missing or old: the counts where they are all there,
    with a summary of no numbers among them."""
    counted = connection.execute(desk_tables.ALL_COUNTED).first() is not None
    return _STALE_BY_COUNTS if counted else _STALE


def oldest(connection: Connection, limit: int, *, older_than_s: float) -> list[RowKey]:
    """Rows that were counted longest ago, and not in the last seconds."""
    # A time that changes from row to row would be compared with all of them.
    rows = connection.execute(
        text(
            "SELECT run_number, name FROM desk.recount"
            " WHERE recounted < statement_timestamp() - make_interval(secs => :age)"
            " ORDER BY recounted, run_number, name LIMIT :limit"
        ),
        {"limit": limit, "age": older_than_s},
    )
    return [(run, name) for run, name in rows]


def keep(connection: Connection, marks: Mapping[RowKey, Mark]) -> None:
    """Says that these rows were counted just now."""
    ordered = dict(sorted(marks.items()))
    newest = newest_event(connection) if any(not each.version for each in marks.values()) else 0
    connection.execute(
        text(
            "INSERT INTO desk.recount"
            " (run_number, name, version, newest_event, checksum, recounted)"
            " SELECT *, clock_timestamp() FROM unnest(CAST(:runs AS int[]),"
            "  CAST(:names AS text[]), CAST(:versions AS int[]), CAST(:events AS int[]),"
            "  CAST(:checksums AS bytea[]))"
            " ON CONFLICT (run_number, name) DO UPDATE SET version = EXCLUDED.version,"
            "  newest_event = EXCLUDED.newest_event, checksum = EXCLUDED.checksum,"
            "  recounted = EXCLUDED.recounted"
        ),
        {
            "runs": [run for run, _ in ordered],
            "names": [name for _, name in ordered],
            "versions": [mark.version for mark in ordered.values()],
            "events": [mark.newest_event or newest for mark in ordered.values()],
            "checksums": [mark.checksum for mark in ordered.values()],
        },
    )


def age_s(connection: Connection) -> float:
    """How long ago the newest version was written [s], without end when there is none."""
    age = connection.execute(
        text(
            'SELECT extract(epoch FROM clock_timestamp() - "createdAt") FROM "Version"'
            " ORDER BY atomic_version DESC LIMIT 1"
        )
    ).scalar_one_or_none()
    return math.inf if age is None else float(age)


def newest_event(connection: Connection) -> int:
    """The newest event of all."""
    return int(
        connection.execute(text('SELECT coalesce(max(version), 0) FROM "Event"')).scalar_one()
    )


def announce(connection: Connection) -> None:
    """Tells the listening clients, at commit, that something false was put right."""
    connection.execute(
        text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": _REPAIRED}
    )


def remember(connection: Connection, findings: Sequence[Finding]) -> None:
    """Keeps what was found; what nobody could repair is kept once.

    The last step of a transaction: until its end nobody else keeps anything. So the numbers are in
    the order in which they can be seen, and whoever has seen one has seen all before.
    """
    if findings:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    for each in findings:
        connection.execute(
            text(
                'INSERT INTO desk.recount_finding ("table", run_number, name, part, lumisections,'
                ' expected, found, noticed_by, "at", repaired)'
                " SELECT :table, :run_number, :name, :part, :lumisections, :expected, :found,"
                "  :noticed_by, clock_timestamp(), :repaired WHERE :repaired OR NOT EXISTS ("
                "   SELECT FROM desk.recount_finding known WHERE known.run_number = :run_number"
                '   AND known.name = :name AND known."table" = :table AND known.part = :part'
                "   AND known.found = :found AND NOT known.repaired)"
            ),
            {
                "table": each.table,
                "run_number": each.run_number,
                "name": each.name,
                "part": each.part,
                "lumisections": each.lumisections,
                "expected": each.expected,
                "found": each.found,
                "noticed_by": each.noticed_by,
                "repaired": each.repaired,
            },
        )


def unconfirmed(connection: Connection, keys: Collection[RowKey]) -> set[RowKey]:
    """Those of the datasets of which a person's client wrote a row that no puller has counted; only
    on a guarded database."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT run_number, name FROM guard.unconfirmed WHERE (run_number, name) IN"
            " (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
    )
    return {(run, name) for run, name in rows}


def confirm(connection: Connection, keys: Collection[RowKey]) -> None:
    """Takes the mark of the guard from rows that are right, by writing them as they are."""
    given = {"runs": [run for run, _ in keys], "names": [name for _, name in keys]}
    for table, column in (
        ('"DatasetTripletCache"', "version"),
        ("desk.lumisection_state", "rr_events"),
    ):
        connection.execute(
            text(
                f"UPDATE {table} SET {column} = {column} WHERE (run_number, name) IN"
                " (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            ),
            given,
        )


def not_counted(connection: Connection, keys: Collection[RowKey]) -> int:
    """How many of these datasets have a kept state that nobody has counted since it was written."""
    return int(
        connection.execute(
            text(
                "SELECT count(*) FROM desk.lumisection_state state"
                " LEFT JOIN desk.recount mark USING (run_number, name)"
                " WHERE mark.checksum IS DISTINCT FROM state.checksum AND (run_number, name) IN"
                "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            ),
            {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
        ).scalar_one()
    )


def confirmed(connection: Connection, keys: Collection[RowKey]) -> set[RowKey]:
    """Datasets whose state a puller counted since it was written last; only on a guarded database,
    where nobody else can say so."""
    rows = connection.execute(
        text(
            "SELECT run_number, name FROM desk.lumisection_state state"
            " JOIN desk.recount mark USING (run_number, name)"
            " WHERE mark.checksum = state.checksum AND (run_number, name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            "  AND NOT EXISTS (SELECT FROM guard.unconfirmed known"
            "   WHERE known.what = 'lumisection_state'"
            "   AND (known.run_number, known.name) = (state.run_number, state.name))"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
    )
    return {(run, name) for run, name in rows}


def standing(connection: Connection, *, desk: bool, guarded: bool) -> Standing:
    """How complete and how fresh everything is."""
    datasets, newest = connection.execute(
        text(
            'SELECT count(*), (SELECT coalesce(max(atomic_version), 0) FROM "Version")'
            ' FROM "Dataset"'
        )
    ).one()
    old = _stale(connection) if desk else _STALE_VERSIONS
    stale = connection.execute(text(f"SELECT count(*) FROM ({old}) AS old")).scalar_one()
    if not desk:
        return Standing(datasets, stale=stale, newest_written=newest)
    once, since, last, first, event, states = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM desk.recount WHERE name <> ''),"
            ' (SELECT count(*) FROM "Dataset" AS dataset WHERE EXISTS'
            "  (SELECT FROM desk.recount AS mark WHERE mark.version = dataset.version)),"
            " (SELECT max(recounted) FROM desk.recount), (SELECT min(recounted) FROM desk.recount),"
            " (SELECT max(newest_event) FROM desk.recount),"
            " (SELECT count(*) FROM desk.lumisection_state)"
        )
    ).one()
    taken_in = connection.execute(
        text('SELECT coalesce(max(atomic_version), 0) FROM "Event" WHERE version = :event'),
        {"event": event},
    ).scalar_one()
    return Standing(
        datasets,
        once,
        since,
        stale,
        states,
        newest,
        taken_in,
        last,
        first,
        keeps_marks=True,
        unconfirmed=_unconfirmed_number(connection) if guarded else 0,
        intake=taking_in.state(connection),
        findings=findings(connection, _SHOWN),
        findings_number=connection.execute(
            sa.select(sa.func.count()).select_from(desk_tables.recount_finding)
        ).scalar_one(),
    )


def findings(connection: Connection, limit: int) -> tuple[Finding, ...]:
    """What was found, the newest first."""
    rows = connection.execute(
        text(
            'SELECT "table", run_number, name, part, lumisections, expected, found, noticed_by,'
            ' "at", repaired FROM desk.recount_finding ORDER BY id DESC LIMIT :limit'
        ),
        {"limit": limit},
    )
    return tuple(Finding(*row) for row in rows)


def _unconfirmed_number(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM guard.unconfirmed")).scalar_one())
