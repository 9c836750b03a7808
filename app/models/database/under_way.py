"""What threads are at on connections of the pool, to be broken off when nobody waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import OperationalError
from sqlalchemy import Connection

from app.models.database import session
from app.models.database.patience import ENDED, PatientConnection


class UnderWay:
    """The transactions that are open now, and whose they are."""

    def __init__(self, held: threading.local | None = None) -> None:
        self._held = threading.local() if held is None else held
        self._lock = threading.Lock()
        self._at_work: set[PatientConnection] = set()
        self._is_over = False

    def apart(self) -> "UnderWay":
        """Those of others on the same database: they are broken off without these."""
        return UnderWay(self._held)

    @property
    def connection(self) -> Connection | None:
        """The connection on which this thread is in a transaction, whoever began it, or None."""
        held: Connection | None = getattr(self._held, "connection", None)
        return held

    @property
    def is_over(self) -> bool:
        """Whether none may begin any more."""
        with self._lock:
            return self._is_over

    @contextmanager
    def one(self, connection: Connection) -> Iterator[None]:
        """Meanwhile this thread is in one, on this connection. Raises once no other may begin."""
        driver = session.driver_of(connection)
        assert isinstance(driver, PatientConnection)
        with self._lock:
            if self._is_over:
                raise OperationalError(ENDED)
            self._at_work.add(driver)
        before, self._held.connection = self.connection, connection
        try:
            yield
        finally:
            self._held.connection = before
            with self._lock:
                self._at_work.discard(driver)

    def break_off(self) -> None:
        """Has the server stop what it is at, and nothing begins any more."""
        with self._lock:
            self._is_over = True
            for driver in self._at_work:
                driver.is_wanted = False
