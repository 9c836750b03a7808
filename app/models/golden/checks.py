"""What pullers found when they made golden JSONs again, and which lists wait for that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.json_value import JsonValue
from app.models.database import outcome
from app.models.schemas import record
from app.models.statements import text

_NEWEST = (
    'SELECT DISTINCT ON (generated_json_id) generated_json_id, equal, differing, "at"'
    " FROM record.golden_json_check WHERE generated_json_id = ANY(:ids)"
    " ORDER BY generated_json_id, id DESC"
)


@dataclass(frozen=True)
class Check:
    """What came out when a puller made a list again: `differing` names what did; empty when the
    list is as the events say."""

    at: datetime
    differing: str = ""

    @property
    def equal(self) -> bool:
        """Whether all that is stored came out the same."""
        return not self.differing


def newest(connection: Connection, ids: Collection[int]) -> dict[int, Check]:
    """The newest check of each of these lists that has one."""
    rows = connection.execute(text(_NEWEST), {"ids": sorted(ids)})
    return {id_: Check(at, "" if equal else differing) for id_, equal, differing, at in rows}


def claimed(connection: Connection, ids: Collection[int]) -> set[int]:
    """Those of the lists that a person stored; only on a guarded database."""
    return set(
        connection.execute(
            text("SELECT id FROM guard.claimed_json WHERE id = ANY(:ids)"), {"ids": sorted(ids)}
        ).scalars()
    )


def has_provenance(connection: Connection, id_: int) -> bool:
    """Whether our program stored it, which keeps what it was made from."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM record.generated_json_provenance"
                " WHERE generated_json_id = :id)"
            ),
            {"id": id_},
        ).scalar()
    )


def waiting(connection: Connection) -> list[int]:
    """The lists that people stored and no puller has made again, the newest first; only on a
    guarded database."""
    return [
        *connection.execute(
            text(
                "SELECT known.id FROM guard.claimed_json known"
                ' JOIN "GeneratedJson" list USING (id) WHERE NOT list.deleted AND NOT EXISTS ('
                "  SELECT FROM record.golden_json_check made"
                "  WHERE made.generated_json_id = known.id) ORDER BY known.id DESC"
            )
        ).scalars()
    ]


def keep(connection: Connection, id_: int, differing: str, program_version: str) -> None:
    """Tells what came out of a list; on a guarded database only a puller may."""
    connection.execute(
        sa.insert(record.golden_json_check).values(
            generated_json_id=id_,
            equal=not differing,
            differing=differing,
            program_version=program_version,
            by="auto@auto",
        )
    )


def stored(connection: Connection, id_: int) -> Mapping[str, JsonValue] | None:
    """The whole row of a list that isn't deleted."""
    row = connection.execute(
        text('SELECT * FROM "GeneratedJson" WHERE id = :id AND NOT deleted'), {"id": id_}
    )
    found = row.mappings().one_or_none()
    return None if found is None else {**found}


def make_official(connection: Connection, id_: int) -> bool:
    """Makes a list official; false when it is deleted."""
    made = connection.execute(
        text(
            'UPDATE "GeneratedJson" SET official = true, "updatedAt" = now()'
            ' WHERE id = :id AND NOT deleted RETURNING id, official, "updatedAt"'
        ),
        {"id": id_},
    ).one_or_none()
    if made is not None:
        outcome.leave_row(connection, '"GeneratedJson"', made)
    return made is not None
