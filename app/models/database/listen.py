"""News of the database: announced by the server, looked for where nobody announces."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from app.domain.errors import RegistryError
from app.models.database.engine import Database

logger = logging.getLogger(__name__)

CHANNEL = "desk_changes"
PRESENCE = "presence"
"""First word of the news that somebody opened or left a dataset: run number and name follow."""

GOLDEN = "golden"
"""First word of the news that a golden JSON was made: its number follows."""

WISH = "wish"
"""First word of the news that somebody wishes for something of a puller: its number follows."""

OUTCOME = "outcome"
"""First word of the news that a puller has done or refused a wish: its number follows."""

_LOOK_EVERY_S = 2.0
_NOTICE_STOP_S = 0.25
_STOP_S = 1.0
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 15.0
# Versions are handed out before they are committed: a slow transaction's appears among older ones.
_LATE_COMERS = 200
_MOST_DIGITS = 18  # of a number of 64 bits
# A server that is gone without a word is noticed by the next look after this time [ms].
_NOTICE_CUT_OFF = {"tcp_user_timeout": 8_000}

_Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Change:
    """Something was written: this version and maybe others, or (None) something else.

    `presence` names the dataset that somebody opened or left, `golden` the golden JSON that was
    made, `wish` what somebody wishes for, `outcome` the wish that a puller has done or refused, if
    that is all that happened.
    """

    atomic_version: int | None
    presence: tuple[int, str] | None = None
    golden: int | None = None
    wish: int | None = None
    outcome: int | None = None


class ChangeListener:
    """A thread that calls `on_change` for news, and `on_connection` when they stop or resume.

    Both are called in that thread, and not any more once `stop` has returned. What was written
    while the connection was lost is reported as one change when it is back. `mend` is called
    before it is tried again, and may take a while.
    """

    def __init__(
        self,
        db: Database,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None] | None = None,
        mend: Callable[[], None] | None = None,
    ) -> None:
        self._db = db
        self._on_change = on_change
        self._on_connection = on_connection
        self._mend = mend
        self._connected: bool | None = None
        self._known: set[int] | None = None
        self._stopping = threading.Event()
        self._calling = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="database news", daemon=True)

    def start(self) -> None:
        """Begins; what is in the database by then is no news."""
        self._thread.start()

    def stop(self) -> None:
        """Ends within a second."""
        with self._calling:
            self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        delay = _FIRST_WAIT_S
        while not self._stopping.is_set():
            try:
                with self._db.raw_connection("news", _NOTICE_CUT_OFF) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._look(connection)
                    self._tell_connection(connected=True, reason="")
                    delay = _FIRST_WAIT_S
                    self._listen(connection)
            except RegistryError as error:
                reason = str(error)
            except psycopg.Error as error:
                meant = self._db.explain(error)
                if meant is None:
                    raise
                reason = str(meant)
            else:
                return
            self._tell_connection(connected=False, reason=reason)
            self._try_to_mend()
            self._stopping.wait(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, _LONGEST_WAIT_S)

    def _try_to_mend(self) -> None:
        if self._mend is not None and not self._stopping.is_set():
            try:
                self._mend()
            except RegistryError as error:
                logger.warning("The database can't be started again: %s", error)

    def _listen(self, connection: _Connection) -> None:
        next_look = time.monotonic() + _LOOK_EVERY_S
        while not self._stopping.is_set():
            for notice in connection.notifies(timeout=_NOTICE_STOP_S):
                self._heard(notice.payload)
                if self._stopping.is_set():
                    return
            if time.monotonic() >= next_look:
                self._look(connection)
                next_look = time.monotonic() + _LOOK_EVERY_S

    def _heard(self, payload: str) -> None:
        version = _number(payload)
        if version is None:
            self._tell(
                Change(
                    None,
                    _presence(payload),
                    _numbered(payload, GOLDEN),
                    _numbered(payload, WISH),
                    _numbered(payload, OUTCOME),
                )
            )
            return
        if self._known is None:
            self._known = set()
        if version not in self._known:
            self._known.add(version)
            self._tell(Change(version))

    def _look(self, connection: _Connection) -> None:
        """Reports the versions that nobody announced, the first time only remembers them."""
        try:
            found = {
                int(str(version))
                for (version,) in connection.execute(
                    'SELECT atomic_version FROM "Version"'
                    ' WHERE atomic_version > (SELECT max(atomic_version) FROM "Version") - %s',
                    [_LATE_COMERS],
                )
            }
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
            logger.info("Versions can't be looked for: %s", error)
            return
        before, self._known = self._known, found
        fresh = found - before if before is not None else set()
        if fresh:
            self._tell(Change(max(fresh)))

    def _tell(self, change: Change) -> None:
        with self._calling:
            if not self._stopping.is_set():
                self._on_change(change)

    def _tell_connection(self, *, connected: bool, reason: str) -> None:
        with self._calling:
            if self._stopping.is_set() or connected == self._connected:
                return
            self._connected = connected
            if connected:
                logger.info("Listening to the database")
            else:
                logger.warning("No news from the database: %s", reason)
            if self._on_connection is not None:
                self._on_connection(connected, reason)


def _numbered(payload: str, what: str) -> int | None:
    word, _, number = payload.partition(" ")
    return _number(number) if word == what else None


def _presence(payload: str) -> tuple[int, str] | None:
    word, _, rest = payload.partition(" ")
    run, _, name = rest.partition(" ")
    run_number = _number(run)
    if word != PRESENCE or run_number is None or not name:
        return None
    return run_number, name


def _number(text: str) -> int | None:
    """A number that somebody announced; anybody may announce anything."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
