"""Who else has a dataset open; nobody knows without the schema desk."""

from app.domain.keys import DatasetKey
from app.models.drafts import presence
from app.models.drafts.presence import ALIVE_S, Present
from app.services.acting import Acting

HEARTBEAT_S = ALIVE_S / 3
"""A client says this often that it is alive [s]."""


def open_dataset(
    acting: Acting, client: str, key: DatasetKey, *, editing: bool = False
) -> tuple[Present, ...]:
    """Notes that a client shows a dataset, or edits it; returns who else does."""
    if not acting.db.desk:
        return ()
    with acting.db.transaction() as connection:
        if presence.enter(connection, client, acting.actor.email, key, editing=editing):
            presence.announce(connection, [key])
        return presence.others(connection, client, key)


def heartbeat(acting: Acting, client: str) -> None:
    """Says that a client is alive, with all it has open; every `HEARTBEAT_S`."""
    if acting.db.desk:
        with acting.db.transaction() as connection:
            presence.beat(connection, client)


def close_dataset(acting: Acting, client: str, key: DatasetKey | None = None) -> None:
    """Notes that a client has closed a dataset, or all of them at its end."""
    if not acting.db.desk:
        return
    with acting.db.transaction() as connection:
        left = presence.leave(connection, client, key)
        if left:
            presence.announce(connection, left)


def others(acting: Acting, client: str, key: DatasetKey) -> tuple[Present, ...]:
    """Who else has a dataset open now."""
    if not acting.db.desk:
        return ()
    with acting.db.read() as connection:
        return presence.others(connection, client, key)


__all__ = [
    "HEARTBEAT_S",
    "Present",
    "close_dataset",
    "heartbeat",
    "open_dataset",
    "others",
]
