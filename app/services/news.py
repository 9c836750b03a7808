"""Passes on what anybody writes to the database."""

import threading
from collections.abc import Callable

from msgspec import Struct

from app.domain.keys import DatasetKey, RunNumber
from app.models.database import listen
from app.services.acting import Acting
from app.services.certification import tables


class Change(Struct, frozen=True):
    """Something was written to the database; no run numbers mean that any may be concerned.

    `presence`: nothing was written, but somebody opened or left this dataset of a run. `wish`:
    nothing but a wish for a puller, or what became of it.
    """

    run_numbers: frozenset[RunNumber] = frozenset()
    presence: DatasetKey | None = None
    wish: int | None = None


class News:
    """Tells its subscribers what was written, and when the connection is lost or back."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._guard = threading.Lock()
        self._on_change: dict[int, Callable[[Change], None]] = {}
        self._on_connection: dict[int, Callable[[bool, str], None]] = {}
        self._subscriptions = 0

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        """Calls back, in any thread, when something was written, and when the connection is lost
        (false and the reason) or back (true); the function that is returned ends it."""
        with self._guard:
            self._subscriptions += 1
            number = self._subscriptions
            self._on_change[number] = on_change
            self._on_connection[number] = on_connection

        def end() -> None:
            with self._guard:
                self._on_change.pop(number, None)
                self._on_connection.pop(number, None)

        return end

    def changed(self, change: listen.Change) -> None:
        """Takes a change that the database announced."""
        run_numbers: frozenset[RunNumber] = frozenset()
        if change.atomic_version is not None:
            run_numbers = tables.runs_of_version(self._acting, change.atomic_version)
        elif change.noted is not None:
            run_numbers = frozenset({change.noted})
        with self._guard:
            listeners = list(self._on_change.values())
        for listener in listeners:
            listener(Change(run_numbers, change.presence, change.wish or change.outcome))

    def connected(self, live: bool, reason: str) -> None:
        """Takes the news that the connection was lost, or is back."""
        with self._guard:
            listeners = list(self._on_connection.values())
        for listener in listeners:
            listener(live, reason)
