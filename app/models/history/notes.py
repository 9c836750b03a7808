"""Notes on runs, datasets and lumisections; rows are only added."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.certification.notes import NoteEntry, NoteKind
from app.domain.errors import NotFound
from app.domain.lumisections import LumiRange, ranges_in
from app.models.database import outcome
from app.models.database.listen import CHANNEL, NOTE
from app.models.schemas import record
from app.models.statements import text

MOST_AFTER = 6_000
_KINDS = frozenset(each.value for each in NoteKind)
_COLUMNS = 'id, kind, about, run_number, name, ranges, text, "by", "at"'


def of_run(connection: Connection, run_number: int) -> list[NoteEntry]:
    """All rows about a run, its datasets and their lumisections, the oldest first."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM record.note WHERE run_number = :run ORDER BY id"),
        {"run": run_number},
    )
    return _entries(rows)


def of_runs(
    connection: Connection, run_numbers: Collection[int], until: datetime
) -> list[NoteEntry]:
    """The same of several runs, as far as they were written until a time."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM record.note WHERE run_number = ANY(:runs)"
            ' AND "at" <= :until ORDER BY id'
        ),
        {"runs": sorted(run_numbers), "until": until},
    )
    return _entries(rows)


def entry(connection: Connection, number: int) -> NoteEntry:
    """One row. NotFound when there is none."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM record.note WHERE id = :number"), {"number": number}
    ).one_or_none()
    if row is None or row.kind not in _KINDS:
        raise NotFound(f"There is no note {number}.")
    return _entry(row)


def after(connection: Connection, number: int) -> list[NoteEntry]:
    """The newest rows with a greater number, the oldest of them first."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM record.note WHERE id > :number ORDER BY id DESC LIMIT :most"),
        {"number": number, "most": MOST_AFTER},
    )
    return _entries(rows)[::-1]


def authors(connection: Connection, numbers: Collection[int]) -> dict[int, str]:
    """Who wrote some rows."""
    rows = connection.execute(
        text('SELECT id, "by" FROM record.note WHERE id = ANY(:numbers)'),
        {"numbers": sorted(numbers)},
    )
    return {row.id: row.by for row in rows}


def is_taken_back(connection: Connection, number: int) -> bool:
    """Whether a note was taken back."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM record.note WHERE about = :number"
                " AND kind = 'taken back')"
            ),
            {"number": number},
        ).scalar()
    )


def add(
    connection: Connection,
    kind: NoteKind,
    place: tuple[int, str, tuple[LumiRange, ...]],
    said: str,
    by: str,
    about: int | None = None,
) -> int:
    """Adds a row, which other windows are told at commit; returns its number. Author and time of a
    guarded database are the server's."""
    run_number, name, ranges = place
    values = {
        "kind": kind.value,
        "about": about,
        "run_number": run_number,
        "name": name,
        "ranges": [list(each) for each in ranges],
        "text": said,
        "by": by,
    }
    added = outcome.added(connection, record.note, values)
    connection.execute(
        text("SELECT pg_notify(:channel, :news)"),
        {"channel": CHANNEL, "news": f"{NOTE} {run_number}"},
    )
    return int(added.id)


def _entries(rows: Iterable[sa.Row[Any]]) -> list[NoteEntry]:
    """The rows, but for those of a kind that nobody here knows: they end no other one."""
    return [_entry(row) for row in rows if row.kind in _KINDS]


def _entry(row: sa.Row[Any]) -> NoteEntry:
    return NoteEntry(
        row.id,
        NoteKind(row.kind),
        row.about,
        row.run_number,
        row.name,
        ranges_in(row.ranges),
        row.text,
        row.by,
        row.at,
    )
