"""Who else has a dataset open; nobody knows without the schema desk."""

import threading

from app.domain.keys import DatasetKey
from app.models.drafts import presence
from app.models.drafts.presence import ALIVE_S, Present
from app.services.acting import Acting

HEARTBEAT_S = ALIVE_S / 3
"""A client says this often that it is alive [s]."""


def open_dataset(acting: Acting, key: DatasetKey, *, editing: bool = False) -> tuple[Present, ...]:
    """Records that the client shows a dataset, or edits it; returns who else does."""
    if not acting.db.takes_notes:
        return ()
    client = acting.client
    with acting.db.transaction() as connection:
        if presence.enter(connection, client, acting.actor.email, key, editing=editing):
            presence.announce(connection, [key])
        return presence.others(connection, client, key)


def heartbeat(acting: Acting) -> None:
    """Records that the client is alive, with all it has open; call it every `HEARTBEAT_S`."""
    if acting.db.takes_notes:
        with acting.db.transaction() as connection:
            presence.beat(connection, acting.client)


def close_dataset(acting: Acting, key: DatasetKey | None = None) -> None:
    """Records that the client has closed a dataset, or all of them at its end."""
    if not acting.db.takes_notes:
        return
    with acting.db.transaction() as connection:
        closed = presence.leave(connection, acting.client, key)
        if closed:
            presence.announce(connection, closed)


def others(acting: Acting, key: DatasetKey) -> tuple[Present, ...]:
    """Who else has a dataset open now."""
    if not acting.db.desk:
        return ()
    with acting.db.primary.read() as connection:
        return presence.others(connection, acting.client, key)


class OpenDatasets:
    """The datasets that a client has open in any of its views; for any thread.

    Others see that a client has a dataset open, not in how many views: it is closed when the last
    of them leaves it.
    """

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._guard = threading.Lock()
        self._views: dict[DatasetKey, set[int]] = {}

    @property
    def person(self) -> str:
        """Who this client acts for."""
        return self._acting.actor.email

    def open(self, key: DatasetKey, view: int, *, editing: bool) -> tuple[Present, ...]:
        """Records that a view shows a dataset, or edits it; returns who else does.

        `view` is any number of the view's own.
        """
        with self._guard:
            self._views.setdefault(key, set()).add(view)
        return open_dataset(self._acting, key, editing=editing)

    def close(self, key: DatasetKey, view: int) -> None:
        """Records that a view no longer shows a dataset."""
        with self._guard:
            views = self._views.get(key, set())
            views.discard(view)
            if views:
                return
            self._views.pop(key, None)
        close_dataset(self._acting, key)

    def others(self, key: DatasetKey) -> tuple[Present, ...]:
        """Who else has a dataset open now; also records that this client is alive."""
        heartbeat(self._acting)
        return others(self._acting, key)


__all__ = [
    "HEARTBEAT_S",
    "OpenDatasets",
    "Present",
    "close_dataset",
    "heartbeat",
    "open_dataset",
    "others",
]
