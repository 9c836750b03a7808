"""Sealing all there is, on a server where others are at work too."""

import time
from collections.abc import Callable

from app.models.database.engine import Database
from app.models.seal import trees, unsealed
from app.services.seal.sealing import Sealer

_PATIENCE_S = 60.0


def seal(db: Database) -> None:
    """Seals all there is."""
    seal_with(db, Sealer(db, "puller", settled_s=0.0))


def seal_with(db: Database, sealer: Sealer, wait: Callable[[], object] = lambda: None) -> None:
    """Seals all there is, and closes the numbers so far.

    A number is closed when every transaction is over that was open when it was first looked at,
    in whichever database of the server, so that others decide how many rounds it takes.
    """
    with db.read() as connection:
        greatest = unsealed.look(connection, 0, 0).greatest
    end = time.monotonic() + _PATIENCE_S
    while True:
        new, old = sealer.seal_new(), sealer.seal_old()
        with db.read() as connection:
            closed = trees.closed_up_to(connection)
        if closed >= greatest and not new.more and (old.waits_for_index or not old.old_left):
            return
        assert time.monotonic() < end, f"closed up to {closed} of {greatest}"
        wait()
