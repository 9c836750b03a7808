"""What threads are at on connections of the pool, to be broken off when nobody waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import OperationalError
from sqlalchemy import Connection

from app.models.database import session
from app.models.database.patience import ENDED, PatientConnection


class UnderWay:
    """The transactions that are open now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: set[PatientConnection] = set()
        self._is_over = False

    @contextmanager
    def one(self, connection: Connection) -> Iterator[None]:
        """Meanwhile there is one on this connection. Raises once no other may begin."""
        driver = session.driver_of(connection)
        assert isinstance(driver, PatientConnection)
        with self._lock:
            if self._is_over:
                raise OperationalError(ENDED)
            self._at_work.add(driver)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(driver)

    def break_off(self) -> None:
        """Has the server stop what it is at, and nothing begins any more."""
        with self._lock:
            self._is_over = True
            for driver in self._at_work:
                driver.is_wanted = False
