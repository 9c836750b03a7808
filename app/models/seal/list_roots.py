"""The root that was there when a golden JSON was made."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.models.seal import trees
from app.models.statements import text


@dataclass(frozen=True)
class ListRoot:
    """Size and root of the tree when a list was made, and the note of that root."""

    size: int
    root: bytes
    note: str


def keep(connection: Connection, id_: int) -> None:
    """Keeps the newest root beside a list that is being made; none before the first."""
    connection.execute(
        text(
            "INSERT INTO seal.list_root (generated_json_id, size, root)"
            " SELECT :id, size, root FROM seal.checkpoint ORDER BY size DESC LIMIT 1"
        ),
        {"id": id_},
    )


def find(connection: Connection, id_: int) -> ListRoot | None:
    """The root beside a list; None where nothing was sealed when it was made."""
    row = connection.execute(
        text("SELECT size, root FROM seal.list_root WHERE generated_json_id = :id"), {"id": id_}
    ).one_or_none()
    if row is None:
        return None
    checkpoint = trees.checkpoint_of(connection, row.size)
    return ListRoot(row.size, bytes(row.root), "" if checkpoint is None else checkpoint.note)
