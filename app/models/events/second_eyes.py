"""Marks of second eyes and freezes of cycles: rows of the schema `record`, only added."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.certification.second_eyes import (
    WHOLE,
    Freeze,
    FreezeEntry,
    LostMark,
    Mark,
    MarkEntry,
    Protected,
)
from app.domain.keys import DatasetKey
from app.models.database import outcome
from app.models.database.listen import CHANNEL
from app.models.events import event_positions
from app.models.schemas import indexes, record
from app.models.statements import key_arrays, text

_NEWS = "second eyes"
MOST_TOLD = 20_000

# The web service knows nothing of marks: what it changed since takes them away all the same.
_CHANGED_SINCE = f"""
    SELECT later.version FROM "LumisectionEvent" AS later
    JOIN "JSONBDeduplication" AS said ON said.id = later.lumisection_metadata_id
    WHERE later.run_number = newest.run_number AND later.name = newest.name
      AND later.version > newest.event{{until}}
      AND (newest.workspace = '{WHOLE}' OR EXISTS (
        SELECT FROM jsonb_object_keys(CASE jsonb_typeof(said."jsonb")
            WHEN 'object' THEN said."jsonb" END) AS key
        WHERE starts_with(key, newest.workspace || '-')))
    UNION ALL
    SELECT later.version FROM "DatasetEvent" AS later
    WHERE later.run_number = newest.run_number AND later.name = newest.name
      AND later.version > newest.event{{until}}
      AND EXISTS (
        SELECT FROM jsonb_object_keys(CASE jsonb_typeof(later.dataset_metadata)
            WHEN 'object' THEN later.dataset_metadata END) AS key
        WHERE key = newest.workspace || '_state'
          OR (newest.workspace = '{WHOLE}' AND key LIKE '%\\_state'))
"""
_STANDING = f"""
    SELECT newest.* FROM (
        SELECT DISTINCT ON (run_number, name, workspace) * FROM record.verification
        WHERE {{which}} ORDER BY run_number, name, workspace, id DESC
    ) AS newest
    WHERE newest.verified AND NOT EXISTS ({_CHANGED_SINCE})
"""
_OF_KEYS = (
    "(run_number, name) IN (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
)
_VOIDED = f"""
    SELECT newest.run_number, newest.name, newest.workspace, made."by", made."createdAt" AS "at",
      made.atomic_version AS version, first.version AS event, newest."by" AS verifier,
      newest."at" AS verified_at
    FROM (
        SELECT DISTINCT ON (run_number, name, workspace) * FROM record.verification
        WHERE {_OF_KEYS} ORDER BY run_number, name, workspace, id DESC
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT min(changed.version) AS version
        FROM ({_CHANGED_SINCE.format(until="")}) AS changed
    ) AS first
    JOIN "Event" AS event ON event.version = first.version
    JOIN "Version" AS made USING (atomic_version)
    WHERE newest.verified
"""
_NEWEST_FREEZES = (
    "SELECT DISTINCT ON (id_cycle) * FROM record.cycle_freeze ORDER BY id_cycle, id DESC"
)

_FROZEN = f"""
    FROM ({_NEWEST_FREEZES}) AS newest
    JOIN "Cycle" AS cycle USING (id_cycle)
    JOIN "CycleDataset" AS held USING (id_cycle)
    WHERE newest.frozen AND NOT cycle.deleted AND held.run_number = ANY(:runs)
"""

ANYTHING = """
    (EXISTS (SELECT FROM record.verification WHERE run_number = ANY(:runs) AND verified)
     OR EXISTS (SELECT FROM record.cycle_freeze AS known JOIN "CycleDataset" AS held
        ON held.id_cycle = known.id_cycle AND held.run_number = ANY(:runs) WHERE known.frozen))
"""
"""Whether anything of :runs was ever verified or frozen: it is planned with each edit, which
costs more than looking."""
_PROTECTED = f"""
    (SELECT jsonb_agg(jsonb_build_array(run_number, name, workspace, "by", "at")
        ORDER BY workspace <> '{WHOLE}', workspace)
     FROM ({_STANDING.format(which="run_number = ANY(:runs)", until="")}) AS marks),
    (SELECT jsonb_agg(jsonb_build_array(held.run_number, held.name, cycle.cycle_name))
     {_FROZEN})
"""


def protected(connection: Connection, run_numbers: Collection[int]) -> Protected:
    """What is protected of the datasets of these runs."""
    if not run_numbers:
        return Protected()
    row = connection.execute(text(f"SELECT {_PROTECTED}"), {"runs": sorted(run_numbers)}).one()
    return _protected_of(*row)


def frozen(connection: Connection, run_numbers: Collection[int]) -> dict[DatasetKey, str]:
    """The frozen cycle of each dataset of these runs that is in one."""
    rows = connection.execute(
        text(f"SELECT held.run_number, held.name, cycle.cycle_name {_FROZEN}"),
        {"runs": sorted(run_numbers)},
    )
    return {(run_number, name): cycle for run_number, name, cycle in rows}


def _protected_of(marks: object, frozen: object) -> Protected:
    standing: dict[DatasetKey, tuple[Mark, ...]] = {}
    for run, name, workspace, by, at in cast("list[list[str]]", marks or []):
        key = (int(run), name)
        mark = Mark(*key, workspace, by, datetime.fromisoformat(at))
        standing[key] = (*standing.get(key, ()), mark)
    held = cast("list[list[str]]", frozen or [])
    return Protected({(int(run), name): cycle for run, name, cycle in held}, standing)


def marks(connection: Connection, keys: Collection[DatasetKey]) -> dict[DatasetKey, list[Mark]]:
    """The marks that stand on datasets, those on all of one first."""
    statement = _STANDING.format(which=_OF_KEYS, until="")
    return _listed(connection, statement, key_arrays(keys))


def marks_at(
    connection: Connection, keys: Collection[DatasetKey], at: datetime, version: int
) -> dict[DatasetKey, list[Mark]]:
    """The marks that stood on datasets at a time, which is that of a version."""
    until = (
        ' AND (SELECT atomic_version FROM "Event" WHERE "Event".version = later.version)'
        " <= :version"
    )
    statement = _STANDING.format(which=f'{_OF_KEYS} AND "at" <= :at', until=until)
    return _listed(connection, statement, {**key_arrays(keys), "at": at, "version": version})


def _listed(
    connection: Connection, standing: str, values: Mapping[str, object]
) -> dict[DatasetKey, list[Mark]]:
    found: dict[DatasetKey, list[Mark]] = {}
    for row in connection.execute(
        text(f"{standing} ORDER BY newest.workspace <> '{WHOLE}', newest.workspace"), values
    ):
        key = (row.run_number, row.name)
        found.setdefault(key, []).append(Mark(*key, row.workspace, row.by, row.at))
    return found


def history(connection: Connection, key: DatasetKey) -> list[MarkEntry]:
    """What was done to the marks of a dataset, the newest first."""
    table = record.verification.c
    rows = connection.execute(
        sa.select(table.workspace, table.by, table.at, table.verified, table.why)
        .where(table.run_number == key[0], table.name == key[1])
        .order_by(table.id.desc())
    )
    said = [
        MarkEntry(Mark(*key, row.workspace, row.by, row.at), row.verified, row.why) for row in rows
    ]
    return sorted([*_voided(connection, [key]), *said], key=lambda each: each.mark.at, reverse=True)


def taken_away(connection: Connection, keys: Collection[DatasetKey]) -> list[MarkEntry]:
    """The marks of datasets that were taken away, with a row that says so or by a change that knew
    nothing of them, and not set again."""
    rows = connection.execute(
        text(
            "SELECT * FROM (SELECT DISTINCT ON (run_number, name, workspace) *"
            f"  FROM record.verification WHERE {_OF_KEYS}"
            "  ORDER BY run_number, name, workspace, id DESC) AS newest WHERE NOT verified"
        ),
        key_arrays(keys),
    )
    return [
        *(
            MarkEntry(Mark(row.run_number, row.name, row.workspace, row.by, row.at), False, row.why)
            for row in rows
        ),
        *_voided(connection, keys),
    ]


def _voided(connection: Connection, keys: Collection[DatasetKey]) -> list[MarkEntry]:
    """The marks that were taken away without a row of their own: by the web service, where no
    guard writes one."""
    return [
        MarkEntry(
            Mark(row.run_number, row.name, row.workspace, row.by, row.at),
            False,
            _unknowing(row.version),
        )
        for row in connection.execute(text(_VOIDED), key_arrays(keys))
    ]


def _unknowing(version: int) -> str:
    """Why a mark was taken away without a row of its own."""
    return f"version {version} changed it without a reason, by a way that knows no marks"


def verified_workspaces(table: str) -> sa.ColumnElement[Any]:
    """The workspaces with a mark that stands on the dataset of a row of a table, as a JSON list,
    the one on all of it first; null without any.

    Looked up row by row: for a join the server would have to guess how many marks there are, and
    guesses badly enough to compare each with each.
    """
    own = f'run_number = "{table}".run_number AND name = "{table}".name'
    standing = _STANDING.format(which=own, until="")
    return sa.literal_column(
        f"(CASE WHEN EXISTS (SELECT FROM record.verification AS ever WHERE ever.verified"
        f' AND ever.run_number = "{table}".run_number AND ever.name = "{table}".name)'
        f" THEN (SELECT jsonb_agg(workspace ORDER BY workspace <> '{WHOLE}', workspace)"
        f" FROM ({standing}) AS marks) END)",
        JSONB,
    )


def newest_numbers(connection: Connection) -> tuple[int, int]:
    """The greatest number of what was said of marks, and of freezes."""
    marks_to, freezes_to = connection.execute(
        text(
            "SELECT coalesce((SELECT max(id) FROM record.verification), 0),"
            " coalesce((SELECT max(id) FROM record.cycle_freeze), 0)"
        )
    ).one()
    return int(marks_to), int(freezes_to)


def lost_after(connection: Connection, after: int, since: datetime, *, but: str) -> list[LostMark]:
    """The marks that others than `but` took away, by rows with greater numbers."""
    rows = connection.execute(
        text(
            'SELECT lost.id, lost.run_number, lost.name, lost.workspace, lost."by", lost."at",'
            ' lost.why, mark."by" AS verifier, mark."at" AS verified_at'
            " FROM record.verification AS lost CROSS JOIN LATERAL ("
            '  SELECT "by", "at" FROM record.verification AS before WHERE before.verified'
            "   AND before.run_number = lost.run_number AND before.name = lost.name"
            "   AND before.workspace = lost.workspace AND before.id < lost.id"
            "  ORDER BY before.id DESC LIMIT 1) AS mark"
            ' WHERE NOT lost.verified AND lost.id > :after AND lost."at" >= :since'
            '  AND lower(lost."by") <> lower(:but) ORDER BY lost.id DESC LIMIT :most'
        ),
        {"after": after, "since": since, "but": but, "most": MOST_TOLD},
    )
    return [
        LostMark(
            row.id,
            Mark(row.run_number, row.name, row.workspace, row.verifier, row.verified_at),
            row.by,
            row.at,
            row.why,
        )
        for row in rows
    ]


def voided_after(
    connection: Connection, version: int, since: datetime, *, but: str
) -> list[LostMark]:
    """The marks that others than `but` made void in newer versions, without a row that says so."""
    event = event_positions.after(connection, version, indexes.present(connection))
    changed = connection.execute(
        text(
            "SELECT DISTINCT run_number, name FROM record.verification JOIN ("
            ' SELECT run_number, name FROM "LumisectionEvent" WHERE version > :event'
            ' UNION SELECT run_number, name FROM "DatasetEvent" WHERE version > :event'
            ") AS changed USING (run_number, name) WHERE verified LIMIT :most"
        ),
        {"event": event, "most": MOST_TOLD},
    )
    keys = [(row.run_number, row.name) for row in changed]
    rows = connection.execute(text(_VOIDED), key_arrays(keys)) if keys else ()
    return [
        LostMark(
            # Rows of marks have numbers above 0.
            -row.event,
            Mark(row.run_number, row.name, row.workspace, row.verifier, row.verified_at),
            row.by,
            row.at,
            _unknowing(row.version),
        )
        for row in rows
        if row.version > version and row.at >= since and row.by.lower() != but.lower()
    ]


def freezes_after(
    connection: Connection, after: int, since: datetime, *, but: str
) -> list[FreezeEntry]:
    """The freezes and thaws by others than `but`, by rows with greater numbers."""
    rows = connection.execute(
        text(
            'SELECT id, id_cycle, frozen, "by", "at", why FROM record.cycle_freeze'
            ' WHERE id > :after AND "at" >= :since AND lower("by") <> lower(:but)'
            " ORDER BY id DESC LIMIT :most"
        ),
        {"after": after, "since": since, "but": but, "most": MOST_TOLD},
    )
    return [FreezeEntry(*row) for row in rows]


def newest_authors(
    connection: Connection, keys: Collection[DatasetKey], workspace: str
) -> dict[DatasetKey, dict[str, str]]:
    """Who made the newest change of the columns, the state and, of a whole dataset, the DCS bits;
    by dataset and by what it changed. What happened automatically is nobody's, unless a person
    asked for it."""
    rows = connection.execute(
        text(
            """
            WITH wanted AS (
                SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))
                    AS wanted (run_number, name)
            ), changes AS (
                SELECT run_number, name, 'columns' AS what, event.version
                FROM wanted JOIN "LumisectionEvent" AS event USING (run_number, name)
                CROSS JOIN LATERAL (SELECT "jsonb" FROM "JSONBDeduplication"
                    WHERE id = event.lumisection_metadata_id OFFSET 0) AS said
                WHERE :workspace = :whole OR EXISTS (
                    SELECT FROM jsonb_object_keys(CASE jsonb_typeof(said."jsonb")
            WHEN 'object' THEN said."jsonb" END) AS key
                    WHERE starts_with(key, :workspace || '-'))
                UNION ALL
                SELECT run_number, name, 'state', event.version
                FROM wanted JOIN "DatasetEvent" AS event USING (run_number, name)
                WHERE event.dataset_metadata ? (:workspace || '_state')
                   OR (:workspace = :whole AND EXISTS (
                    SELECT FROM jsonb_object_keys(CASE jsonb_typeof(event.dataset_metadata)
            WHEN 'object' THEN event.dataset_metadata END) AS key
                    WHERE key LIKE '%\\_state'))
                UNION ALL
                SELECT run_number, name, 'DCS bits', event.version
                FROM wanted JOIN "OMSLumisectionEvent" AS event USING (run_number, name)
                WHERE :workspace = :whole
            )
            SELECT DISTINCT ON (run_number, name, what) run_number, name, what, person
            FROM (
                SELECT changes.*, CASE WHEN made."by" NOT LIKE 'auto@auto%' THEN made."by"
                    WHEN made."by" LIKE 'auto@auto - %@%' THEN substr(made."by", 13) END AS person
                FROM changes JOIN "Event" AS event USING (version)
                JOIN "Version" AS made USING (atomic_version)
            ) AS told
            WHERE person IS NOT NULL
            ORDER BY run_number, name, what, version DESC
            """
        ),
        {**key_arrays(keys), "workspace": workspace, "whole": WHOLE},
    )
    found: dict[DatasetKey, dict[str, str]] = {}
    for run_number, name, what, person in rows:
        found.setdefault((run_number, name), {})[what] = person
    return found


def mark(
    connection: Connection, keys: Collection[DatasetKey], workspace: str, by: str, why: str
) -> None:
    """Marks datasets as verified; author, time and event are the server's on a guarded database."""
    added = connection.execute(
        text(
            'INSERT INTO record.verification (run_number, name, workspace, verified, event, "by",'
            " why) SELECT run_number, name, :workspace, true, greatest(0,"
            '  (SELECT max(version) FROM "LumisectionEvent" AS said WHERE said.run_number ='
            "   wanted.run_number AND said.name = wanted.name),"
            '  (SELECT max(version) FROM "DatasetEvent" AS said WHERE said.run_number ='
            "   wanted.run_number AND said.name = wanted.name)), :by, :why"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])) AS wanted(run_number, name)"
            ' RETURNING id, "at"'
        ),
        {**key_arrays(keys), "workspace": workspace, "by": by, "why": why},
    ).all()
    outcome.leave_row(connection, "record.verification", added[0])
    _announce(connection)


def take_away(connection: Connection, fallen: Iterable[Mark], by: str, why: str) -> None:
    """Takes marks away, by rows of their own."""
    connection.execute(
        sa.insert(record.verification),
        [
            {
                "run_number": each.run_number,
                "name": each.name,
                "workspace": each.workspace,
                "verified": False,
                "by": by,
                "why": why,
            }
            for each in fallen
        ],
    )
    _announce(connection)


def freezes(connection: Connection) -> dict[int, Freeze]:
    """The cycles that are frozen."""
    rows = connection.execute(
        text(f'SELECT id_cycle, "by", "at", why FROM ({_NEWEST_FREEZES}) AS newest WHERE frozen')
    )
    return {row[0]: Freeze(*row) for row in rows}


def freeze(connection: Connection, id_cycle: int, by: str, why: str, *, frozen: bool) -> None:
    """Freezes a cycle, or thaws it."""
    values = {"id_cycle": id_cycle, "frozen": frozen, "by": by, "why": why}
    outcome.added(connection, record.cycle_freeze, values)
    _announce(connection)


def is_frozen(connection: Connection, id_cycle: int) -> Freeze | None:
    """The freeze of a cycle, None while it isn't frozen."""
    row = connection.execute(
        text(
            'SELECT id_cycle, "by", "at", why, frozen FROM record.cycle_freeze'
            " WHERE id_cycle = :id ORDER BY id DESC LIMIT 1"
        ),
        {"id": id_cycle},
    ).one_or_none()
    return Freeze(*row[:4]) if row is not None and row.frozen else None


def _announce(connection: Connection) -> None:
    connection.execute(
        text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": _NEWS}
    )
