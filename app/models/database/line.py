"""The one session of a client that goes on between transactions.

News arrive on it, and what the client is elected for is held on it. It is at the server itself,
where a pooler would give it to others in between.
"""

import contextlib
import selectors
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
from psycopg.pq import TransactionStatus

from app.domain.errors import RegistryError, Unavailable

DriverConnection = psycopg.Connection[tuple[object, ...]]

_CLOSE_S = 1.0
_TRIED_JUST_NOW_S = 0.5
# The server's side of it notices within 8 s, too, that this one is gone without a word.
_SERVER_NOTICES = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "7000",
}


class NoLine(Unavailable):
    """A pooler is at the address: no session there is one client's own."""


class Line:
    """The session, for one thread at a time. It is opened when somebody needs it, and again after
    it was lost; whatever was held on it is lost with it, which `number` shows."""

    def __init__(self, connect: Callable[[], DriverConnection]) -> None:
        self._connect = connect
        self._using = threading.RLock()
        self._connection: DriverConnection | None = None
        self._failure: RegistryError | None = None
        self._failed_at = 0.0
        self.number = 0
        """How often it was opened."""
        self.held: set[str] = set()
        """Names of the locks that are held on it, for whoever is using it."""

    @property
    def is_impossible(self) -> bool:
        """Whether a pooler was found where the server should be."""
        return isinstance(self._failure, NoLine)

    def is_possible(self) -> bool:
        """Whether the session can be had, as far as that was tried. Raises Unavailable, Refused."""
        try:
            with self._using:
                self._opened()
        except NoLine:
            return False
        return True

    @contextlib.contextmanager
    def used(self) -> Iterator[DriverConnection]:
        """The session, in autocommit; what the driver raises passes. Raises Unavailable, Refused.

        One that broke inside, or that was left in a transaction, is closed.
        """
        with self._using:
            connection = self._opened()
            try:
                yield connection
            finally:
                if connection.info.transaction_status != TransactionStatus.IDLE:
                    self._drop()

    def heard(self, number: int, timeout_s: float) -> list[str] | None:
        """What was announced, waited for so long; None when the session of this number is lost."""
        with self._using:
            connection = self._connection
        if connection is None or self.number != number:
            return None
        _await_word(connection, timeout_s)
        with self._using:
            if self._connection is not connection:
                return None
            try:
                return [notice.payload for notice in connection.notifies(timeout=0)]
            except psycopg.Error:
                self._drop()
                raise

    def close(self) -> None:
        """Ends the session; whoever needs it later opens another one."""
        free = self._using.acquire(timeout=_CLOSE_S)
        try:
            self._drop()
        finally:
            if free:
                self._using.release()

    def _opened(self) -> DriverConnection:
        if self._connection is None or self._connection.closed:
            recently = time.monotonic() - self._failed_at < _TRIED_JUST_NOW_S
            if self._failure and (recently or self.is_impossible):
                # Whoever waited for this attempt needn't wait for one of their own.
                raise self._failure
            try:
                self._connection = self._connect()
            except RegistryError as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            self._failure = None
            self.number += 1
            self.held.clear()
            for name, value in _SERVER_NOTICES.items():
                # Not every system can.
                with contextlib.suppress(psycopg.Error):
                    self._connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _await_word(connection: DriverConnection, timeout_s: float) -> None:
    """Waits until the server says something. Others may use, or close, the session meanwhile."""
    with contextlib.suppress(OSError, ValueError, psycopg.Error):
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.select(timeout_s)
        return
    time.sleep(timeout_s)
