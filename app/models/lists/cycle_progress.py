"""How far cycles are, counted from the states of their datasets and remembered until one of these
changes: of ten years' cycles nearly all are done with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy import Connection

from app.domain.certification.cycles import Progress, states_in_cycle
from app.domain.certification.datasets import (
    COMPLETED,
    NOT_SIGNIFICANT,
    OPEN,
    SIGNOFF,
    WAITING,
)
from app.domain.json_value import JsonObject, folded_object, stored_value
from app.models.database.engine import KEPT
from app.models.database.kept import Kept
from app.models.events import behind
from app.models.events.pending import Moment
from app.models.statements import text

_FIELD_OF = {
    COMPLETED: "completed",
    SIGNOFF: "signed_off",
    OPEN: "open",
    WAITING: "waiting",
    NOT_SIGNIFICANT: "not_significant",
}

_KEY = "progress of cycles"
_BYTES = 8_000
"""What a cycle of twenty workspaces takes here."""

ByWorkspace = Mapping[str, Progress]


@dataclass(frozen=True)
class Held:
    """What the progress of a cycle depends on beside the states of its datasets: its own states,
    and which datasets it holds, as their number and the sum of their hashes."""

    id: int
    attributes: JsonObject
    datasets: int
    hashes: int


@dataclass(frozen=True)
class _Known:
    """Progress as it was when everything up to an event was there."""

    held: Held
    progress: ByWorkspace
    event: int


def remembered(connection: Connection, held: Sequence[Held], now: Moment) -> dict[int, ByWorkspace]:
    """The same as `counted`, of which only cycles are counted that may have changed since they were
    last. Whatever changes a dataset has a newer event, and one whose row doesn't say yet what its
    events say may change without: its cycles are counted each time."""
    kept = cast("Kept[Mapping[int, _Known]]", connection.get_execution_options()[KEPT])
    kept.know(now.ground)
    before = _known(kept, now)
    changed = _changed_since(connection, before) if before else {}
    still = {
        each.id: known
        for each in held
        if (known := before.get(each.id)) is not None
        and known.held == each
        and changed.get(each.id, 0) <= known.event
    }
    left = [each for each in held if each.id not in still]
    fresh = counted(connection, left) if left else {}
    if now.settled:
        # Of what lay between the two nothing touched them.
        of = {id_: replace(each, event=now.event) for id_, each in still.items()}
        late = _behind(connection) if left else set()
        of |= {
            each.id: _Known(each, fresh[each.id], now.event) for each in left if each.id not in late
        }
        kept.put(_KEY, of, _BYTES * len(of), ground=now.ground)
    return fresh | {id_: each.progress for id_, each in still.items()}


def _known(kept: "Kept[Mapping[int, _Known]]", now: Moment) -> Mapping[int, _Known]:
    """What is known. A thread that read later knows more than can be compared here."""
    known = kept.get(_KEY) or {}
    return {} if any(each.event > now.event for each in known.values()) else known


def counted(connection: Connection, held: Sequence[Held]) -> dict[int, ByWorkspace]:
    """How far each of the cycles is in each of its workspaces."""
    rows = connection.execute(
        text(
            # Most datasets are in the same states, which are taken apart once. The server tells
            # them apart as text, which is quicker.
            "SELECT id_cycle, CAST(dataset_attributes AS text) AS states, CAST(count(*) AS int)"
            ' FROM "CycleDataset" JOIN "Dataset" dataset USING (run_number, name)'
            " WHERE id_cycle = ANY(:ids) AND NOT dataset.deleted GROUP BY id_cycle, 2"
        ),
        {"ids": [each.id for each in held]},
    )
    fields: dict[str, list[tuple[str, str]]] = {}
    numbers: dict[int, dict[str, dict[str, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for id_cycle, states_as_text, number in rows:
        if states_as_text not in fields:
            fields[states_as_text] = _fields_of(folded_object(stored_value(states_as_text)))
        of_cycle = numbers[id_cycle]
        for workspace, field in fields[states_as_text]:
            of_cycle[workspace][field] += number
    return {
        each.id: {
            workspace: Progress(**numbers[each.id].get(workspace, {}))
            for workspace in states_in_cycle(each.attributes)
        }
        for each in held
    }


def _fields_of(attributes: JsonObject) -> list[tuple[str, str]]:
    """What a dataset counts for in each workspace."""
    return [
        (key.removesuffix("_state"), field)
        for key, state in attributes.items()
        if key.endswith("_state") and isinstance(state, str) and (field := _FIELD_OF.get(state))
    ]


def _changed_since(connection: Connection, known: Mapping[int, _Known]) -> dict[int, int]:
    """Cycles that hold a dataset which was changed since, each with the newest event of these.

    The web service stores an event and folds it into the row later: both are looked at.
    """
    rows = connection.execute(
        text(
            "SELECT id_cycle, max(changed.version) FROM ("
            ' SELECT run_number, name, version FROM "DatasetEvent" WHERE version > :event'
            ' UNION ALL SELECT run_number, name, version FROM "Dataset" WHERE version > :event'
            ' ) AS changed JOIN "CycleDataset" USING (run_number, name) GROUP BY id_cycle'
        ),
        {"event": min(each.event for each in known.values())},
    )
    return {int(id_cycle): int(newest) for id_cycle, newest in rows}


def _behind(connection: Connection) -> set[int]:
    """Cycles that hold a dataset whose row is older than its events."""
    rows = connection.execute(
        text(
            f"SELECT DISTINCT id_cycle FROM ({behind.DATASETS}) AS old"
            ' JOIN "CycleDataset" USING (run_number, name)'
        ),
        {"among": behind.RECENT},
    )
    return set(rows.scalars())
