"""Events read with the action behind each: of whole datasets, of one version, as of a version."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, text

from app.domain.history.attributes import AttributeEvent
from app.domain.history.cells import Action
from app.domain.identity import AUTO, is_manual
from app.domain.json_value import JsonObject, folded_object, texts_in
from app.domain.keys import ONLINE, DatasetKey
from app.models.events import states
from app.models.events.states import StoredEvent
from app.models.history import run_history
from app.models.history.writers import action_columns
from app.models.schemas import indexes

_AROUND = 20_000
"""Event numbers looked at on either side: those of one action stand this close together."""


_NEAR = 20
"""Numbers of versions among which those of one transaction stand."""

_RECENT = 200_000
"""Event numbers among which what somebody wrote lately is looked for."""


# By halving: times grow with the numbers, and no index knows the times. The server skips numbers.
_NEWEST_BEFORE = """
    WITH RECURSIVE halving AS (
        SELECT 0 AS low, coalesce(max(atomic_version), 0) AS high FROM "Version"
        UNION ALL
        SELECT CASE WHEN made.at >= :at THEN low ELSE middle END,
            CASE WHEN made.at >= :at THEN made.number - 1 ELSE high END
        FROM halving CROSS JOIN LATERAL (SELECT high - (high - low) / 2 AS middle) AS half
        LEFT JOIN LATERAL (
            SELECT atomic_version AS number, "createdAt" AS at FROM "Version"
            WHERE atomic_version <= middle ORDER BY atomic_version DESC LIMIT 1
        ) AS made ON true
        WHERE low < high
    )
    SELECT coalesce((SELECT atomic_version FROM "Version"
        WHERE atomic_version <= (SELECT low FROM halving WHERE low >= high)
        ORDER BY atomic_version DESC LIMIT 1), 0)
"""


@dataclass(frozen=True)
class AttributeWrite:
    """One stored event of a run's or a dataset's attributes.

    `in_gui` are names in the DQM GUI that it added; `deleted` is the state it left; `oms` says
    whether it wrote OMS attributes of the run, too.
    """

    event: int
    version: int
    manual: bool
    values: JsonObject
    deleted: bool
    in_gui: tuple[str, ...] = ()
    oms: bool = False

    @property
    def as_event(self) -> AttributeEvent:
        """The same for the folds of attributes."""
        return AttributeEvent(self.event, self.manual, self.values)


class Touched(Struct, frozen=True):
    """What the events of one version are about, by kind."""

    runs: frozenset[int] = frozenset()
    datasets: frozenset[DatasetKey] = frozenset()
    rr: frozenset[DatasetKey] = frozenset()
    oms: frozenset[DatasetKey] = frozenset()

    @property
    def run_numbers(self) -> frozenset[int]:
        """Every run that anything is about."""
        return self.runs | {run for run, _ in self.datasets | self.rr | self.oms}


def newer_events(
    connection: Connection, seen: Mapping[DatasetKey, int], *, oms: bool
) -> list[tuple[StoredEvent, int]]:
    """Lumisection events of these datasets that belong to versions after the one seen of each,
    with their versions; for OMS those of `online` too, under its name."""
    if not seen:
        return []
    table = "OMSLumisectionEvent" if oms else "LumisectionEvent"
    wanted = dict(seen)
    if oms:
        for (run, _), version in seen.items():
            online = (run, ONLINE)
            wanted[online] = min(version, wanted.get(online, version))
    rows = connection.execute(
        text(
            f'SELECT e.version FROM "{table}" e'
            " JOIN (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]),"
            "   CAST(:seen AS int[]))) AS known(run_number, name, seen) USING (run_number, name)"
            ' JOIN "Event" action ON action.version = e.version'
            " WHERE action.atomic_version > known.seen"
        ),
        {
            "runs": [run for run, _ in wanted],
            "names": [name for _, name in wanted],
            "seen": list(wanted.values()),
        },
    )
    fresh = {version for (version,) in rows}
    if not fresh:
        return []
    read = states.oms_events if oms else states.rr_events
    events = [event for event in read(connection, wanted) if event.version in fresh]
    versions = versions_of_events(connection, [event.version for event in events])
    return [(event, versions[event.version]) for event in events]


def newest_events(connection: Connection, keys: Collection[DatasetKey]) -> dict[DatasetKey, int]:
    """The newest event that touches each dataset, or its lumisections through `online`; 0 where
    there is none."""
    parts = [
        f'SELECT wanted.run_number, wanted.name, e.version FROM wanted JOIN "{table}" e'
        f" ON e.run_number = wanted.run_number AND {names}"
        for table, names in (
            ("DatasetEvent", "e.name = wanted.name"),
            ("LumisectionEvent", "e.name = wanted.name"),
            ("OMSLumisectionEvent", "e.name IN (wanted.name, 'online')"),
        )
    ]
    rows = connection.execute(
        text(
            "WITH wanted AS (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))"
            "  AS given(run_number, name))"
            " SELECT run_number, name, max(version)"
            f" FROM ({' UNION ALL '.join(parts)}) AS events GROUP BY run_number, name"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
    )
    found = {(run, name): int(event) for run, name, event in rows}
    return {key: found.get(key, 0) for key in keys}


def versions_of_events(connection: Connection, events: Sequence[int]) -> dict[int, int]:
    """The version that each of these events belongs to."""
    if not events:
        return {}
    rows = connection.execute(
        text('SELECT version, atomic_version FROM "Event" WHERE version = ANY(:events)'),
        {"events": sorted(events)},
    )
    return {int(event): int(version) for event, version in rows}


def newest_version(connection: Connection) -> int:
    """The greatest number of a version there is, 0 when there is none."""
    return int(
        connection.execute(
            text('SELECT coalesce(max(atomic_version), 0) FROM "Version"')
        ).scalar_one()
    )


def newest_before(connection: Connection, at: datetime) -> int:
    """The newest version written before a moment, 0 when there is none."""
    return int(connection.execute(text(_NEWEST_BEFORE), {"at": at}).scalar_one())


def action(connection: Connection, version: int) -> Action | None:
    """Who made a version, when and why; None when there is no such version."""
    return actions(connection, [version]).get(version)


def actions(connection: Connection, versions: Collection[int]) -> dict[int, Action]:
    """Who made these versions, when and why."""
    rows = connection.execute(
        text(
            f'SELECT {action_columns(connection)} FROM "Version"'
            " WHERE atomic_version = ANY(:versions)"
        ),
        {"versions": sorted(versions)},
    )
    return {row[0]: Action(*row) for row in rows}


def step_of(connection: Connection, version: int) -> tuple[int, ...]:
    """The versions that a person's action made at once, theirs first: what it asked the program
    for, in the same transaction, belongs to it. Just the version itself when it stands alone."""
    rows = connection.execute(
        text(
            'SELECT other.atomic_version, other."by"'
            ' FROM "Version" AS asked JOIN "Version" AS other'
            '  ON other."createdAt" = asked."createdAt" AND other.atomic_version BETWEEN'
            "  asked.atomic_version - :near AND asked.atomic_version + :near"
            " WHERE asked.atomic_version = :version ORDER BY other.atomic_version"
        ),
        {"version": version, "near": _NEAR},
    ).all()
    for first, author in rows:
        asked_for = [number for number, by in rows if by == f"{AUTO} - {author}" and number > first]
        if is_manual(author) and version in (first, *asked_for):
            return (first, *asked_for)
    return (version,)


def versions_by(
    connection: Connection, author: str, limit: int, before: int | None = None
) -> tuple[Action, ...]:
    """The newest versions of a person, older than `before`, among the last of everybody's."""
    rows = connection.execute(
        text(
            f"SELECT {action_columns(connection)} FROM ("
            ' SELECT * FROM "Version" WHERE atomic_version < coalesce(:before, 2147483647)'
            '  ORDER BY atomic_version DESC LIMIT 20000) AS "Version"'
            ' WHERE "by" = :author ORDER BY atomic_version DESC LIMIT :limit'
        ),
        {"author": author, "limit": limit, "before": before},
    )
    return tuple(Action(*row) for row in rows)


def recent_triplets(connection: Connection, author: str, limit: int) -> list[JsonObject]:
    """What a person wrote into columns, the newest first, among the last events of everybody."""
    rows = connection.execute(
        text(
            "SELECT d.jsonb FROM (SELECT lumisection_metadata_id, max(version) AS version FROM ("
            '  SELECT version, lumisection_metadata_id FROM "LumisectionEvent"'
            '   WHERE manual_change AND version > (SELECT max(version) FROM "Event") - :among'
            "   ORDER BY version DESC LIMIT 2000) AS newest"
            '  JOIN "Event" USING (version) JOIN "Version" USING (atomic_version)'
            '  WHERE "Version"."by" = :author GROUP BY lumisection_metadata_id'
            "  ORDER BY 2 DESC LIMIT :limit) AS recent"
            ' CROSS JOIN LATERAL (SELECT "jsonb" FROM "JSONBDeduplication"'
            "  WHERE id = recent.lumisection_metadata_id OFFSET 0) AS d"
            " ORDER BY recent.version DESC"
        ),
        {"author": author, "limit": limit, "among": _RECENT},
    )
    return [value for (value,) in rows if isinstance(value, dict)]


def touched_by(
    connection: Connection, version: int, of_it: Collection[int] | None = None
) -> Touched:
    """What a version is about; `of_it` are its events where they are known already."""
    events = sorted(events_of(connection, version) if of_it is None else of_it)
    if not events:
        return Touched()

    def keys(table: str) -> frozenset[DatasetKey]:
        rows = connection.execute(
            text(f'SELECT DISTINCT run_number, name FROM "{table}" WHERE version = ANY(:events)'),
            {"events": events},
        )
        return frozenset((run, name) for run, name in rows)

    runs = connection.execute(
        text('SELECT DISTINCT run_number FROM "RunEvent" WHERE version = ANY(:events)'),
        {"events": events},
    ).scalars()
    return Touched(
        frozenset(runs),
        keys("DatasetEvent"),
        keys("LumisectionEvent"),
        keys("OMSLumisectionEvent"),
    )


def run_writes(
    connection: Connection, run_numbers: Collection[int]
) -> dict[int, list[AttributeWrite]]:
    """RR attribute events of each run, oldest first."""
    rows = connection.execute(
        text(
            "SELECT run_number, version, atomic_version, manual_change, rr_metadata, deleted,"
            " oms_metadata <> '{}' AS oms"
            ' FROM "RunEvent" JOIN "Event" USING (version)'
            " WHERE run_number = ANY(:runs) ORDER BY version"
        ),
        {"runs": sorted(run_numbers)},
    )
    found: dict[int, list[AttributeWrite]] = {}
    for run, event, version, manual, values, deleted, oms in rows:
        write = AttributeWrite(event, version, manual, folded_object(values), deleted, oms=oms)
        found.setdefault(run, []).append(write)
    return found


def dataset_writes(
    connection: Connection, keys: Collection[DatasetKey]
) -> dict[DatasetKey, list[AttributeWrite]]:
    """Attribute events of each dataset, oldest first; none of them counts as a person's."""
    rows = connection.execute(
        text(
            "SELECT run_number, name, version, atomic_version, dataset_metadata, deleted,"
            '  datasets_in_gui FROM "DatasetEvent" JOIN "Event" USING (version)'
            " WHERE (run_number, name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            " ORDER BY version"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
    )
    found: dict[DatasetKey, list[AttributeWrite]] = {}
    for run, name, event, version, values, deleted, in_gui in rows:
        found.setdefault((run, name), []).append(
            AttributeWrite(event, version, False, folded_object(values), deleted, texts_in(in_gui))
        )
    return found


def made_by_sign_off(connection: Connection, run_number: int, version: int) -> list[str]:
    """The datasets that a version made which signed a run off, by name: the program made them in
    the same transaction, each as a version of its own."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT made.name"
            ' FROM "Version" AS asked JOIN "Version" AS other'
            '  ON other."createdAt" = asked."createdAt" AND other.atomic_version BETWEEN'
            "  asked.atomic_version + 1 AND asked.atomic_version + :near"
            ' JOIN "Event" ON "Event".atomic_version = other.atomic_version'
            ' JOIN "DatasetEvent" AS made ON made.version = "Event".version'
            " WHERE asked.atomic_version = :version AND made.run_number = :run"
            '  AND NOT EXISTS (SELECT 1 FROM "DatasetEvent" AS before'
            "   WHERE before.run_number = made.run_number AND before.name = made.name"
            "   AND before.version < made.version)"
            " ORDER BY made.name"
        ),
        {"version": version, "run": run_number, "near": _NEAR},
    )
    return list(rows.scalars())


def versions_of_run(
    connection: Connection,
    run_number: int,
    name: str | None,
    limit: int,
    before: int | None = None,
) -> tuple[tuple[Action, frozenset[int]], ...]:
    """Actions that touch a run, or one dataset, with their events; the newest first."""
    found = run_history.versions_of_run(connection, run_number, name, limit, before)
    return tuple(
        (
            Action(row.atomic_version, row.author, row.comment, row.at, row.writer),
            frozenset(row.events),
        )
        for row in found
    )


def events_of(connection: Connection, version: int) -> set[int]:
    """Events of an action; without an index for it looked for where its number would stand.

    Both numbers grow together, so that the events of an action stand where the numbers of
    actions pass it, give or take what was being written at the same time.
    """
    if indexes.EVENTS_OF_VERSION in indexes.present(connection):
        rows = connection.execute(
            text('SELECT version FROM "Event" WHERE atomic_version = :version'),
            {"version": version},
        )
        return set(rows.scalars())
    bounds = connection.execute(
        text('SELECT coalesce(min(version), 0), coalesce(max(version), 0) FROM "Event"')
    ).one()
    low, high = int(bounds[0]), int(bounds[1])
    while high - low > _AROUND:
        middle = (low + high) // 2
        at = connection.execute(
            text(
                'SELECT atomic_version FROM "Event" WHERE version >= :middle'
                " ORDER BY version LIMIT 1"
            ),
            {"middle": middle},
        ).scalar()
        if at is not None and at < version:
            low = middle
        else:
            high = middle
    low, high = low - _AROUND, high + _AROUND
    found = _between(connection, version, low, high)
    more = True
    while found and more:
        known = len(found)
        if min(found) - low < _AROUND:
            found |= _between(connection, version, low - _AROUND, low)
            low -= _AROUND
        if high - max(found) < _AROUND:
            found |= _between(connection, version, high, high + _AROUND)
            high += _AROUND
        more = len(found) > known
    return found


def _between(connection: Connection, version: int, low: int, high: int) -> set[int]:
    rows = connection.execute(
        text(
            'SELECT version FROM "Event" WHERE version BETWEEN :low AND :high'
            " AND atomic_version = :version"
        ),
        {"low": low, "high": high, "version": version},
    )
    return set(rows.scalars())
