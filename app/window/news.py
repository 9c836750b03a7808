"""News of the database for whoever listens."""

import threading
from collections.abc import Callable

from app.domain.identity import Actor
from app.models.database import listen
from app.models.database.engine import Database
from app.services.certification import tables
from app.views.backend.news import Change
from app.views.backend.session import Session
from app.window.parts import Parts


class NewsBackend(Parts):
    """Tells every listener what was written, and whether the connection is there."""

    def __init__(self, db: Database, actor: Actor, session: Session) -> None:
        super().__init__(db, actor, session)
        self._guard = threading.Lock()
        self._on_change: dict[int, Callable[[Change], None]] = {}
        self._on_connection: dict[int, Callable[[bool, str], None]] = {}
        self._subscriptions = 0

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
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
        """Something was written to the database, by anybody."""
        touched: frozenset[int] = frozenset()
        if change.atomic_version is not None:
            touched = tables.runs_of_version(self._acting, change.atomic_version)
        with self._guard:
            listening = list(self._on_change.values())
        for tell in listening:
            tell(Change(touched, change.presence))

    def connected(self, live: bool, reason: str) -> None:
        """The connection to the database was lost, or is back."""
        with self._guard:
            listening = list(self._on_connection.values())
        for tell in listening:
            tell(live, reason)
