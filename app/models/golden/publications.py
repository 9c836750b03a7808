"""Official lists that were published: names, versions, and what took the place of what."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.models.database import outcome
from app.models.schemas import record
from app.models.statements import text

_LOCK = 0x52525055
"""Key of the lock that lets one transaction at a time publish."""

# What was deleted afterwards is withdrawn: nothing is superseded by it.
_ROWS = """
    SELECT made.generated_json_id, made.name, made.era, made.kind, made.number, made.parent,
        made.why, made."by", made."at", coalesce(list.deleted, true) AS withdrawn, (
            SELECT newer.generated_json_id FROM record.publication AS newer
            JOIN "GeneratedJson" AS its ON its.id = newer.generated_json_id
            WHERE newer.era = made.era AND newer.kind = made.kind AND newer.number > made.number
              AND NOT its.deleted ORDER BY newer.number LIMIT 1
        ) AS superseded_by
    FROM record.publication AS made
    LEFT JOIN "GeneratedJson" AS list ON list.id = made.generated_json_id
"""


@dataclass(frozen=True)
class Publication:
    """A published list: `number` is its version among those of its era and kind, `parent` the list
    whose place it took, `superseded_by` the one that took its own."""

    list_id: int
    name: str
    era: str
    kind: str
    number: int
    parent: int | None
    why: str
    by: str | None
    at: datetime
    withdrawn: bool = False
    superseded_by: int | None = None


def lock(connection: Connection) -> None:
    """Lets nobody else publish for the rest of the transaction; Unavailable after 10 s."""
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def published(connection: Connection, era: str = "") -> list[Publication]:
    """All that was published, or that of an era: by era and kind, the newest version first."""
    rows = connection.execute(
        text(
            f"{_ROWS} WHERE :era = '' OR made.era = :era"
            " ORDER BY made.era, made.kind, made.number DESC"
        ),
        {"era": era},
    )
    return [Publication(*row) for row in rows]


def of_lists(connection: Connection, ids: Collection[int]) -> dict[int, Publication]:
    """What is known of those of the lists that were published."""
    rows = connection.execute(
        text(f"{_ROWS} WHERE made.generated_json_id = ANY(:ids)"), {"ids": sorted(ids)}
    )
    return {row[0]: Publication(*row) for row in rows}


def add(connection: Connection, made: Publication) -> None:
    """Keeps that a list is published; time and, on a guarded database, author are the server's."""
    values = {
        "generated_json_id": made.list_id,
        "name": made.name,
        "era": made.era,
        "kind": made.kind,
        "number": made.number,
        "parent": made.parent,
        "why": made.why,
        "by": made.by,
    }
    outcome.added(connection, record.publication, values)
