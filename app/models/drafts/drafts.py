"""Edits that a person has not written yet, one row per person and dataset."""

import json
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, text

from app.domain.json_value import JsonObject, as_object
from app.domain.keys import DatasetKey

FORMAT = 1
"""How the content of a draft is written."""


class DraftRow(Struct, frozen=True):
    """A stored draft; `seen` is the newest event of the dataset that the person knew of.

    The content has a `mark` that names this draft, and as `landed` that of the one that was
    written last.
    """

    run_number: int
    name: str
    content: JsonObject
    seen: int
    saved: datetime

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset."""
        return self.run_number, self.name


def save(connection: Connection, person: str, row: DraftRow) -> None:
    """Keeps a draft unless a newer one of the same dataset is there, or it has been written."""
    connection.execute(
        text(
            "INSERT INTO desk.draft AS known (person, run_number, name, content, seen, saved)"
            " VALUES (:person, :run, :name, CAST(:content AS jsonb), :seen, :saved)"
            " ON CONFLICT (person, run_number, name) DO UPDATE SET"
            "  content = jsonb_build_object('landed', known.content->'landed') || EXCLUDED.content,"
            "  seen = EXCLUDED.seen, saved = EXCLUDED.saved WHERE known.saved <= EXCLUDED.saved"
            "  AND NOT coalesce(known.content->>'landed' = EXCLUDED.content->>'mark', false)"
        ),
        {
            "person": person,
            "run": row.run_number,
            "name": row.name,
            "content": json.dumps(row.content, ensure_ascii=False),
            "seen": row.seen,
            "saved": row.saved,
        },
    )


def land(connection: Connection, person: str, key: DatasetKey, mark: str, at: datetime) -> None:
    """Puts in the place of a draft that it was written; another one of the dataset stays."""
    content: JsonObject = {"format": FORMAT, "edits": [], "mark": "", "landed": mark}
    connection.execute(
        text(
            "INSERT INTO desk.draft AS known (person, run_number, name, content, seen, saved)"
            " VALUES (:person, :run, :name, CAST(:content AS jsonb), 0, :at)"
            " ON CONFLICT (person, run_number, name) DO UPDATE SET"
            "  saved = greatest(known.saved, EXCLUDED.saved),"
            "  content = CASE WHEN coalesce(known.content->>'mark', '') IN ('', :mark)"
            "   THEN EXCLUDED.content"
            "   ELSE known.content || jsonb_build_object('landed', CAST(:mark AS text)) END"
        ),
        {
            "person": person,
            "run": key[0],
            "name": key[1],
            "content": json.dumps(content),
            "mark": mark,
            "at": at,
        },
    )


def of_person(connection: Connection, person: str) -> list[DraftRow]:
    """Drafts of a person, the newest first."""
    rows = connection.execute(
        text(
            "SELECT run_number, name, content, seen, saved FROM desk.draft"
            " WHERE person = :person ORDER BY saved DESC"
        ),
        {"person": person},
    )
    return [
        DraftRow(number, name, as_object(content), *rest) for number, name, content, *rest in rows
    ]


def drop(connection: Connection, person: str, key: DatasetKey) -> None:
    """Forgets the draft of a dataset."""
    connection.execute(
        text(
            "DELETE FROM desk.draft WHERE person = :person AND run_number = :run AND name = :name"
        ),
        {"person": person, "run": key[0], "name": key[1]},
    )
