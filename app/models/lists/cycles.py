"""Cycles, the datasets in them, and what was done to them."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.certification.cycles import (
    Cycle,
    CycleEntry,
    deadline_day,
    states_in_cycle,
)
from app.domain.certification.datasets import states_of
from app.domain.certification.second_eyes import CycleFrozen
from app.domain.errors import Conflict, NotFound
from app.domain.json_value import JsonObject, as_object, folded_object
from app.domain.keys import DatasetKey
from app.models.database import outcome
from app.models.events import second_eyes
from app.models.events.pending import Moment
from app.models.lists import cycle_progress
from app.models.schemas import record
from app.models.statements import text


def in_pending_cycle(
    connection: Connection, keys: Collection[DatasetKey], workspace: str
) -> set[DatasetKey]:
    """Those of the datasets that are in a cycle which is pending in the workspace."""
    rows = connection.execute(
        text(
            'SELECT DISTINCT run_number, name FROM "CycleDataset" JOIN "Cycle" USING (id_cycle)'
            " WHERE NOT deleted AND cycle_attributes ->> :state = 'pending'"
            " AND (run_number, name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        {"state": f"{workspace}_state", **_arrays(keys)},
    )
    return {(run_number, name) for run_number, name in rows}


def cycles(
    connection: Connection,
    ids: Collection[int] | None = None,
    *,
    now: Moment | None = None,
) -> tuple[Cycle, ...]:
    """All cycles that aren't deleted, the earliest deadline first; or those of the ids. With the
    moment that is `now`, progress that hasn't changed isn't counted again."""
    which = 'NOT "Cycle".deleted' if ids is None else "id_cycle = ANY(:ids)"
    rows = connection.execute(
        text(
            'SELECT id_cycle, cycle_name, cycle_attributes, deadline, "createdAt", deleted,'
            ' members.number, members.hashes FROM "Cycle" CROSS JOIN LATERAL ('
            "  SELECT count(*) AS number,"
            "   coalesce(sum(hashtextextended(name, run_number)), 0) AS hashes"
            '  FROM "CycleDataset" held WHERE held.id_cycle = "Cycle".id_cycle) AS members'
            f" WHERE {which} ORDER BY deadline, id_cycle"
        ),
        {} if ids is None else {"ids": list(ids)},
    ).all()
    held = [
        cycle_progress.Held(
            row.id_cycle, as_object(row.cycle_attributes), row.number, int(row.hashes)
        )
        for row in rows
    ]
    progress = (
        cycle_progress.counted(connection, held)
        if now is None
        else cycle_progress.remembered(connection, held, now)
    )
    return tuple(
        Cycle(
            row.id_cycle,
            row.cycle_name,
            states_in_cycle(as_object(row.cycle_attributes)),
            deadline_day(row.deadline),
            row.createdAt,
            row.number,
            progress[row.id_cycle],
            row.deleted,
        )
        for row in rows
    )


def cycle(
    connection: Connection, id_cycle: int, *, lock: bool = False, thawed: bool = False
) -> Cycle:
    """One cycle, held against other writers if asked; NotFound when it is deleted, with `thawed`
    CycleFrozen when it is frozen."""
    if lock:
        connection.execute(
            text('SELECT FROM "Cycle" WHERE id_cycle = :id FOR UPDATE'), {"id": id_cycle}
        )
    found = cycles(connection, [id_cycle])
    if not found or found[0].deleted:
        raise NotFound(f"There is no cycle {id_cycle}.")
    freeze = second_eyes.is_frozen(connection, id_cycle) if thawed else None
    if freeze is not None:
        raise CycleFrozen(
            f"Cycle {found[0].name} is frozen by {freeze.by}: nothing in it changes until it is"
            " thawed."
        )
    return found[0]


def datasets_of(connection: Connection, id_cycle: int) -> dict[DatasetKey, Mapping[str, str]]:
    """Datasets of a cycle that aren't hidden, with their states by workspace."""
    rows = connection.execute(
        text(
            "SELECT run_number, name, dataset_attributes"
            ' FROM "CycleDataset" JOIN "Dataset" USING (run_number, name)'
            " WHERE id_cycle = :id AND NOT deleted ORDER BY run_number, name"
        ),
        {"id": id_cycle},
    )
    return {(run, name): states_of(folded_object(attributes)) for run, name, attributes in rows}


def keys_of(connection: Connection, id_cycle: int) -> set[DatasetKey]:
    """Datasets of a cycle, hidden ones too."""
    rows = connection.execute(
        text('SELECT run_number, name FROM "CycleDataset" WHERE id_cycle = :id'), {"id": id_cycle}
    )
    return {(run, name) for run, name in rows}


def create(connection: Connection, name: str, attributes: JsonObject, deadline: datetime) -> int:
    """A new cycle without datasets; Conflict when the name is taken."""
    _check_name_free(connection, name, None)
    return int(
        connection.execute(
            text(
                'INSERT INTO "Cycle" (cycle_name, cycle_attributes, deadline, deleted,'
                ' "createdAt", "updatedAt")'
                " VALUES (:name, CAST(:attributes AS jsonb), :deadline, false, now(), now())"
                " RETURNING id_cycle"
            ),
            {"name": name, "attributes": json.dumps(attributes), "deadline": deadline},
        ).scalar_one()
    )


def change(
    connection: Connection,
    id_cycle: int,
    *,
    name: str | None = None,
    attributes: JsonObject | None = None,
    deadline: datetime | None = None,
    deleted: bool = False,
) -> None:
    """Gives a cycle what is given; Conflict when the name is taken."""
    if name is not None:
        _check_name_free(connection, name, id_cycle)
    connection.execute(
        text(
            'UPDATE "Cycle" SET cycle_name = coalesce(:name, cycle_name),'
            " cycle_attributes = coalesce(CAST(:attributes AS jsonb), cycle_attributes),"
            " deadline = coalesce(CAST(:deadline AS timestamptz), deadline), deleted = :deleted,"
            ' "updatedAt" = now() WHERE id_cycle = :id'
        ),
        {
            "id": id_cycle,
            "name": name,
            "attributes": None if attributes is None else json.dumps(attributes),
            "deadline": deadline,
            "deleted": deleted,
        },
    )


def add(connection: Connection, id_cycle: int, keys: Collection[DatasetKey]) -> set[DatasetKey]:
    """Puts datasets into a cycle; returns those that weren't in it yet."""
    rows = connection.execute(
        text(
            'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")'
            " SELECT :id, run_number, name, now(), now()"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])) AS new(run_number, name)"
            " ON CONFLICT DO NOTHING RETURNING run_number, name"
        ),
        {"id": id_cycle, **_arrays(keys)},
    )
    return {(run, name) for run, name in rows}


def remove(connection: Connection, id_cycle: int, keys: Collection[DatasetKey]) -> None:
    """Takes datasets out of a cycle."""
    connection.execute(
        text(
            'DELETE FROM "CycleDataset" WHERE id_cycle = :id AND (run_number, name) IN'
            " (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        {"id": id_cycle, **_arrays(keys)},
    )


def note(connection: Connection, id_cycle: int, by: str, what: str, details: JsonObject) -> None:
    """Keeps what was done to a cycle."""
    values = {"id_cycle": id_cycle, "by": by, "what": what, "details": details}
    outcome.added(connection, record.cycle_history, values)


def history(connection: Connection, id_cycle: int) -> tuple[CycleEntry, ...]:
    """What was done to a cycle, the newest first."""
    table = record.cycle_history.c
    rows = connection.execute(
        sa.select(table.at, table.by, table.what, table.details)
        .where(table.id_cycle == id_cycle)
        .order_by(table.id.desc())
    )
    return tuple(CycleEntry(at, by, what, as_object(details)) for at, by, what, details in rows)


def _check_name_free(connection: Connection, name: str, id_cycle: int | None) -> None:
    taken = connection.execute(
        text('SELECT id_cycle, deleted FROM "Cycle" WHERE cycle_name = :name'), {"name": name}
    ).one_or_none()
    if taken is not None and taken[0] != id_cycle:
        deleted = ", a deleted one" if taken[1] else ""
        raise Conflict(f'There is a cycle "{name}" already{deleted}: choose another name.')


def _arrays(keys: Collection[DatasetKey]) -> dict[str, Sequence[int] | Sequence[str]]:
    ordered = sorted(keys)
    return {"runs": [run for run, _ in ordered], "names": [name for _, name in ordered]}
