"""Where the events of a version stand in the table of events, with an index for it or without.

Versions and their events are numbered side by side, so that the events of a version stand where
the numbers of versions pass it, give or take what is written at the same time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.models.schemas import indexes
from app.models.statements import integers, text

SLACK = 1_000
"""Events on either side among which those of another version, written meanwhile, may stand."""

LATE_VERSIONS = 500
"""So many versions may come between the number of a version and its commit."""
_GREATEST = 2**31 - 1


def first_after(table: str, number: str) -> str:
    """SQL for a number above which no row of a table is older than `at`, as far as times grow with
    numbers: no index knows the times. By halving, in one statement: each step would be a journey.
    """
    return f"""(
        WITH RECURSIVE halving AS (
            SELECT coalesce(min({number}), 0) AS low, coalesce(max({number}), 0) + 1 AS high
            FROM "{table}"
            UNION ALL
            SELECT CASE WHEN made.at <= :at THEN made.number + 1 ELSE low END,
                CASE WHEN made.at <= :at THEN high ELSE middle END
            FROM halving CROSS JOIN LATERAL (SELECT low + (high - low) / 2 AS middle) AS half
            LEFT JOIN LATERAL (
                SELECT {number} AS number, "createdAt" AS at FROM "{table}"
                WHERE {number} >= middle ORDER BY {number} LIMIT 1
            ) AS made ON true
            WHERE low < high
        )
        SELECT low FROM halving WHERE low >= high
    )"""


_FIRST_VERSION_AFTER = f"SELECT {first_after('Version', 'atomic_version')}"


def spans(
    connection: Connection, versions: Collection[int], known: frozenset[str]
) -> dict[int, tuple[int, int]]:
    """First and last event of each of these versions; those without events are left out.

    Without the index (`known` are those that are there) events of a version that stand between
    those of others may be missing.
    """
    if not versions:
        return {}
    ordered = sorted(versions)
    if indexes.EVENTS_OF_VERSION in known:
        rows = connection.execute(
            text(
                "SELECT wanted.number, first.version, last.version"
                " FROM unnest(CAST(:versions AS int[])) AS wanted(number)"
                ' CROSS JOIN LATERAL (SELECT version FROM "Event"'
                "  WHERE atomic_version = wanted.number ORDER BY atomic_version, version LIMIT 1"
                " ) AS first"
                ' CROSS JOIN LATERAL (SELECT version FROM "Event"'
                "  WHERE atomic_version = wanted.number"
                "  ORDER BY atomic_version DESC, version DESC LIMIT 1) AS last"
            ),
            {"versions": ordered},
        )
        return {number: (first, last) for number, first, last in rows}
    edges = sorted({*ordered, *(number + 1 for number in ordered)})
    found = dict(zip(edges, _first_events(connection, edges), strict=True))
    return {
        number: (found[number], found[number + 1] - 1)
        for number in ordered
        if found[number] < found[number + 1]
    }


def before(connection: Connection, version: int, known: frozenset[str]) -> int:
    """An event number below which every event of older versions stands."""
    return before_each(connection, [version], known)[0]


def before_each(
    connection: Connection, versions: Sequence[int], known: frozenset[str]
) -> list[int]:
    """The same for several versions at once."""
    if indexes.EVENTS_OF_VERSION not in known:
        found = _first_events(connection, versions)
    else:
        rows = connection.execute(
            text(
                'SELECT coalesce((SELECT version FROM "Event" WHERE atomic_version < asked.number'
                "  ORDER BY atomic_version DESC, version DESC LIMIT 1), 0)"
                " FROM unnest(CAST(:versions AS int[])) WITH ORDINALITY AS asked(number, place)"
                " ORDER BY place"
            ),
            {"versions": integers(versions)},
        )
        found = [*rows.scalars()]
    return [min(int(each) + SLACK, _GREATEST) for each in found]


def after(connection: Connection, version: int, known: frozenset[str]) -> int:
    """An event number above which every event of newer versions stands."""
    if indexes.EVENTS_OF_VERSION in known:
        first = connection.execute(
            text(
                'SELECT coalesce((SELECT version FROM "Event" WHERE atomic_version > :version'
                " ORDER BY atomic_version, version LIMIT 1),"
                ' (SELECT max(version) + 1 FROM "Event"), 1)'
            ),
            {"version": version},
        ).scalar_one()
    else:
        first = _first_events(connection, [version + 1])[0]
    return max(int(first) - SLACK, 0) - 1


def version_at(connection: Connection, at: datetime, *, end: bool) -> int:
    """A version such that those made up to a time (`end`), or since, are not beyond it."""
    low = int(connection.execute(text(_FIRST_VERSION_AFTER), {"at": at}).scalar_one())
    # Versions are numbered before they are committed, and carry the time their action began.
    return low + LATE_VERSIONS if end else max(low - LATE_VERSIONS, 0)


def _first_events(connection: Connection, versions: Sequence[int]) -> list[int]:
    """For each version the first event of it or of a later one, all looked for side by side."""
    least, greatest = connection.execute(
        text('SELECT coalesce(min(version), 0), coalesce(max(version), 0) + 1 FROM "Event"')
    ).one()
    low = [int(least)] * len(versions)
    high = [int(greatest)] * len(versions)
    while open_ := [place for place in range(len(versions)) if low[place] < high[place]]:
        middles = [(low[place] + high[place]) // 2 for place in open_]
        rows = connection.execute(
            text(
                "SELECT asked.place, event.version, event.atomic_version FROM"
                " unnest(CAST(:middles AS int[])) WITH ORDINALITY AS asked(middle, place)"
                ' CROSS JOIN LATERAL (SELECT version, atomic_version FROM "Event"'
                "  WHERE version >= asked.middle ORDER BY version LIMIT 1) AS event"
            ),
            {"middles": middles},
        )
        answers = {place: (event, version) for place, event, version in rows}
        for place, (at, middle) in enumerate(zip(open_, middles, strict=True), start=1):
            answer = answers.get(place)
            if answer is not None and answer[1] < versions[at]:
                low[at] = answer[0] + 1
            else:
                high[at] = middle
    return low
