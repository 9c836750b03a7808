"""Events of one run, read through the indexes by run: what changed it, version by version."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection

from app.domain.history.attributes import AttributeEvent, LumisectionWrite
from app.domain.json_value import JsonObject, as_object, folded_object, texts_in
from app.domain.lumisections import LAST_LUMISECTION, LumiRange
from app.models.events import event_positions
from app.models.history.writers import writer
from app.models.schemas import indexes
from app.models.statements import text

NEWEST = 2 * event_positions.SLACK
"""Events of a run, the newest ones, that are looked at first."""


class VersionRow(NamedTuple):
    """An action, and the versions of its events that touch the run."""

    atomic_version: int
    author: str
    comment: str
    at: datetime
    events: tuple[int, ...]
    writer: str


class Author(NamedTuple):
    """Who made an event, and when."""

    author: str
    at: datetime
    writer: str


class RunEvents(Struct, frozen=True):
    """All attribute events of a run, oldest first; `deleted` are those that hid or showed it."""

    oms: tuple[AttributeEvent, ...]
    rr: tuple[AttributeEvent, ...]
    deleted: tuple[AttributeEvent, ...]


def versions_of_run(
    connection: Connection,
    run_number: int,
    name: str | None,
    limit: int,
    before: int | None = None,
) -> tuple[VersionRow, ...]:
    """Actions that touch a run, the newest first, older than `before`; of one dataset if named."""
    # The events of one dataset only; those of the run itself belong to its dataset online.
    of_dataset = "" if name is None else " AND name = :name"
    of_run = name in (None, "online")
    tables = ("DatasetEvent", "LumisectionEvent", "OMSLumisectionEvent")
    touched = [
        f'SELECT version FROM "{table}" WHERE run_number = :run{of_dataset}' for table in tables
    ]
    if of_run:
        touched.append('SELECT version FROM "RunEvent" WHERE run_number = :run')
    given = {"run": run_number, "name": name, "limit": limit, "before": before}
    under = None
    if before is not None:
        known = indexes.present(connection)
        if indexes.EVENTS_OF_VERSION in known:
            under = event_positions.before(connection, before, known)
    for every in (False, True):
        rows = connection.execute(
            text(_versions_of(connection, touched, before, every=every)),
            {**given, **newest_given(under)},
        ).all()
        found = [row for row in rows if row.atomic_version is not None]
        if len(found) == limit or not rows[0].left:
            break
    return tuple(
        VersionRow(atomic_version, author, comment or "", at, tuple(sorted(events)), login)
        for atomic_version, author, comment, at, events, login, _ in found
    )


def newest_of(touched: Sequence[str], *, every: bool) -> str:
    """Steps of a statement: the `newest` events of those that are `touched`, or `every` one, with
    their versions; and the `edge`, whether any were left out, and the version above which all
    events of a version are sure to be among them. `newest_given` is what they ask for.

    Versions and their events are numbered side by side, but for what is written at the same time.
    """
    # Beforehand: else the server starts more processes for a few thousand rows.
    of_touched = f"touched AS MATERIALIZED ({' UNION ALL '.join(touched)}),"
    if every:
        return (
            f"{of_touched} newest AS MATERIALIZED (SELECT version, atomic_version FROM touched"
            ' JOIN "Event" USING (version)), edge AS (SELECT false AS left, 0 AS version)'
        )
    return (
        f"{of_touched} newest AS MATERIALIZED (SELECT version, atomic_version FROM ("
        "  SELECT version FROM touched WHERE CAST(:under AS int) IS NULL OR version < :under"
        "   ORDER BY version DESC LIMIT :number) AS event"
        '  CROSS JOIN LATERAL (SELECT atomic_version FROM "Event"'
        "   WHERE version = event.version OFFSET 0) AS acting),"
        " edge AS MATERIALIZED (SELECT count(*) = :number AS left, CASE count(*) WHEN :number"
        "   THEN (SELECT max(atomic_version) FROM ("
        "    SELECT atomic_version FROM newest ORDER BY version LIMIT :slack) AS oldest)"
        "   ELSE -1 END AS version FROM newest)"
    )


def newest_given(under: int | None) -> dict[str, int | None]:
    """What `newest_of` asks for: events below a number, or all."""
    return {"under": under, "number": NEWEST, "slack": event_positions.SLACK}


def _versions_of(
    connection: Connection, touched: Sequence[str], before: int | None, *, every: bool
) -> str:
    older = "" if before is None else " AND atomic_version < :before"
    return (
        f"WITH {newest_of(touched, every=every)}"
        " SELECT action.atomic_version, action.by, action.comment,"
        f' action."createdAt", chosen.events, {writer(connection, "action.atomic_version")},'
        " edge.left FROM edge LEFT JOIN ("
        " SELECT atomic_version, array_agg(newest.version) AS events"
        f" FROM newest, edge WHERE atomic_version > edge.version{older}"
        "  GROUP BY atomic_version ORDER BY atomic_version DESC LIMIT :limit"
        ' ) AS chosen JOIN "Version" AS action USING (atomic_version) ON true'
        " ORDER BY action.atomic_version DESC"
    )


def run_events(connection: Connection, run_number: int) -> RunEvents:
    """Every attribute event of a run."""
    rows = connection.execute(
        text(
            "SELECT version, manual_change AS manual, oms_metadata, rr_metadata, deleted"
            ' FROM "RunEvent" WHERE run_number = :run ORDER BY version'
        ),
        {"run": run_number},
    ).all()
    deleted = _deletions([(row.version, row.deleted) for row in rows])
    return RunEvents(
        _said([(row.version, row.manual, row.oms_metadata) for row in rows]),
        _said([(row.version, row.manual, row.rr_metadata) for row in rows]),
        tuple(AttributeEvent(version, False, values) for version, values in deleted.items()),
    )


def _said(events: Sequence[tuple[int, bool, object]]) -> tuple[AttributeEvent, ...]:
    return tuple(
        AttributeEvent(version, manual, folded_object(values)) for version, manual, values in events
    )


def dataset_events(
    connection: Connection, run_number: int, name: str | None = None
) -> dict[str, tuple[AttributeEvent, ...]]:
    """Every attribute event of the datasets of a run, by dataset name, oldest first.

    `datasets_in_gui` holds all that is known by then; like `deleted` it is there where it changed.
    """
    of_dataset = "" if name is None else " AND name = :name"
    rows = connection.execute(
        text(
            "SELECT version, name, dataset_metadata, datasets_in_gui, deleted"
            f' FROM "DatasetEvent" WHERE run_number = :run{of_dataset} ORDER BY version'
        ),
        {"run": run_number, "name": name},
    ).all()
    found: dict[str, list[AttributeEvent]] = {}
    for dataset in {row.name for row in rows}:
        own = [row for row in rows if row.name == dataset]
        deleted = _deletions([(row.version, row.deleted) for row in own])
        in_gui: set[str] = set()
        for row in own:
            values: JsonObject = {
                **folded_object(row.dataset_metadata),
                **deleted.get(row.version, {}),
            }
            added = texts_in(row.datasets_in_gui)
            if not in_gui.issuperset(added):
                in_gui.update(added)
                values["datasets_in_gui"] = [*sorted(in_gui)]
            found.setdefault(dataset, []).append(AttributeEvent(row.version, False, values))
    return {dataset: tuple(events) for dataset, events in sorted(found.items())}


def lumisection_writes(
    connection: Connection, versions: Collection[int]
) -> tuple[LumisectionWrite, ...]:
    """The lumisection events among these versions, with the lumisections they cover."""
    ordered = sorted(versions)
    return (*_writes(connection, ordered, oms=False), *_writes(connection, ordered, oms=True))


class Written(NamedTuple):
    """Datasets of a run of which events wrote RR columns, or OMS attributes."""

    rr: tuple[str, ...]
    oms: tuple[str, ...]


def datasets_of(connection: Connection, versions: Collection[int]) -> Written:
    """The datasets that the lumisection events among these versions are of."""
    rows = connection.execute(
        text(
            'SELECT DISTINCT false, name FROM "LumisectionEvent" WHERE version = ANY(:versions)'
            ' UNION ALL SELECT DISTINCT true, name FROM "OMSLumisectionEvent"'
            " WHERE version = ANY(:versions)"
        ),
        {"versions": sorted(versions)},
    ).all()
    rr, oms = (sorted(name for side, name in rows if side is of) for of in (False, True))
    return Written(tuple(rr), tuple(oms))


def authors(connection: Connection, versions: Collection[int]) -> dict[int, Author]:
    """Who made these events."""
    rows = connection.execute(
        text(
            'SELECT event.version, action.by, action."createdAt",'
            f' {writer(connection, "event.atomic_version")} FROM "Event" AS event'
            ' JOIN "Version" AS action USING (atomic_version) WHERE event.version = ANY(:versions)'
        ),
        {"versions": sorted(versions)},
    )
    return {version: Author(author, at, login) for version, author, at, login in rows}


def _writes(
    connection: Connection, versions: Sequence[int], *, oms: bool
) -> Iterator[LumisectionWrite]:
    table = "OMSLumisectionEvent" if oms else "LumisectionEvent"
    events = connection.execute(
        text(
            # OFFSET has each object looked up: the newest have ids that no statistics know, and the
            # server takes it for quick to go through all objects up to theirs.
            f'SELECT event.version, event.name, content.jsonb FROM "{table}" AS event'
            ' CROSS JOIN LATERAL (SELECT "jsonb" FROM "JSONBDeduplication"'
            "  WHERE id = event.lumisection_metadata_id OFFSET 0) AS content"
            " WHERE event.version = ANY(:versions) ORDER BY event.version"
        ),
        {"versions": list(versions)},
    ).all()
    if not events:
        return
    covered = connection.execute(
        text(
            "SELECT version, min(number) AS first, max(number) AS last FROM ("
            " SELECT version, lumisection_number AS number, lumisection_number - row_number()"
            "  OVER (PARTITION BY version ORDER BY lumisection_number) AS island"
            f'  FROM "{table}Assignation" WHERE version = ANY(:versions)'
            "   AND lumisection_number BETWEEN 1 AND :greatest"
            " ) AS numbered GROUP BY version, island ORDER BY version, first"
        ),
        {"versions": [event.version for event in events], "greatest": LAST_LUMISECTION},
    )
    ranges: dict[int, list[LumiRange]] = {}
    for version, first, last in covered:
        ranges.setdefault(version, []).append(LumiRange(first, last))
    for version, name, content in events:
        covers = tuple(ranges.get(version, ()))
        yield LumisectionWrite(version, name, oms, as_object(content), covers)


def _deletions(states: Sequence[tuple[int, bool]]) -> dict[int, JsonObject]:
    """Versions in which the state of being deleted changed; a thing begins as not deleted."""
    changed: dict[int, JsonObject] = {}
    before = False
    for version, deleted in states:
        if deleted is not before:
            changed[version] = {"deleted": deleted}
        before = deleted
    return changed


MOST_RUNS_NAMED = 500

_RECENT = 50_000
"""Events looked through for those of a version that was just announced; there is no index."""


def runs_of_version(connection: Connection, atomic_version: int) -> frozenset[int]:
    """Runs that a recent action touched; none when they are too many to name or not recent."""
    rows = connection.execute(
        text(
            'WITH touched AS (SELECT version FROM "Event" WHERE atomic_version = :version'
            '  AND version > (SELECT coalesce(max(version), 0) - :recent FROM "Event"))'
            ' SELECT e.run_number FROM "RunEvent" e JOIN touched USING (version)'
            ' UNION SELECT e.run_number FROM "DatasetEvent" e JOIN touched USING (version)'
            " LIMIT :most"
        ),
        {"version": atomic_version, "recent": _RECENT, "most": MOST_RUNS_NAMED + 1},
    )
    found = frozenset(int(number) for (number,) in rows)
    return found if len(found) <= MOST_RUNS_NAMED else frozenset()
