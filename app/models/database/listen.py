"""News of the database: announced by the server, looked for where nobody announces."""

import logging
import random
import threading
import time
from collections.abc import Callable

import psycopg
from msgspec import Struct

from app.domain.errors import RegistryError, Unavailable
from app.models.database import session
from app.models.database.engine import Database
from app.models.database.line import NoLine

logger = logging.getLogger(__name__)

CHANNEL = "desk_changes"
"""Where whoever listens is told, at commit: of a new version by its number alone."""

LONGEST_NEWS = 7999
"""Bytes: the server refuses to announce more, and whatever the transaction has done with it."""

PRESENCE = "presence"
"""First word of the news that somebody opened or left a dataset: run number and name follow."""

GOLDEN = "golden"
"""First word of the news that a golden JSON was made: its number follows."""

WISH = "wish"
"""First word of the news that somebody wishes for something of a puller: its number follows."""

OUTCOME = "outcome"
"""First word of the news that a puller has done or refused a wish: its number follows."""

NOTE = "note"
"""First word of the news that somebody noted something: the number of the run follows."""

_LOOK_EVERY_S = 2.0
_NOTICE_STOP_S = 0.25
_STOP_S = 1.0
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 15.0
# Versions are handed out before they are committed: a slow transaction's appears among older ones.
_LATE_COMERS = 200
_VERSIONS = (
    'SELECT atomic_version FROM "Version"'
    ' WHERE atomic_version > (SELECT max(atomic_version) FROM "Version") - %s'
)
_OF_LISTS = ('SELECT max(id) FROM "GeneratedJson"',)
_OF_WISHES = (
    "SELECT max(id) FROM record.wish",
    "SELECT count(*) FROM record.wish_outcome WHERE wish > (SELECT max(id) FROM record.wish) - 200",
)
_MOST_DIGITS = 18  # of a number of 64 bits


class Change(Struct, frozen=True):
    """Something was written: this version and maybe others, or (None) something else.

    `presence` names the dataset that somebody opened or left, `golden` the golden JSON that was
    made, `wish` what somebody wishes for, `outcome` the wish that a puller has done or refused,
    `noted` the run that somebody noted something on, if that is all that happened.
    """

    atomic_version: int | None
    presence: tuple[int, str] | None = None
    golden: int | None = None
    wish: int | None = None
    outcome: int | None = None
    noted: int | None = None


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
                number = self._begin()
                self._tell_connection(connected=True, reason="")
                delay = _FIRST_WAIT_S
                self._listen(number)
            except NoLine:
                self._only_look()
                return
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
            self._rest(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, _LONGEST_WAIT_S)

    def _rest(self, seconds: float) -> None:
        """Waits before the next attempt, or until somebody else got through."""
        before = self._db.line.number
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._db.line.number == before:
            if self._stopping.wait(min(_NOTICE_STOP_S, seconds)):
                return

    def _begin(self) -> int:
        """Has news arrive on the line, and looks for those that were missed."""
        line = self._db.line
        with line.used() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            number = line.number
        self._look()
        return number

    def _try_to_mend(self) -> None:
        if self._mend is not None and not self._stopping.is_set():
            try:
                self._mend()
            except RegistryError as error:
                logger.warning("The database can't be started again: %s", error)

    def _listen(self, number: int) -> None:
        next_look = time.monotonic() + _LOOK_EVERY_S
        while not self._stopping.is_set():
            heard = self._db.line.heard(number, _NOTICE_STOP_S)
            if heard is None:
                raise Unavailable("The connection on which news arrive was lost.")
            for payload in heard:
                self._heard(payload)
            if time.monotonic() >= next_look:
                self._look()
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
                    _numbered(payload, NOTE),
                )
            )
            return
        if self._known is None:
            self._known = set()
        if version not in self._known:
            self._tell(Change(version))
            self._known.add(version)

    def _look(self) -> None:
        """Reports the versions that nobody announced, the first time only remembers them."""
        try:
            with self._db.line.used() as connection:
                found = {_int(row[0]) for row in connection.execute(_VERSIONS, [_LATE_COMERS])}
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
            logger.info("Versions can't be looked for: %s", error)
            return
        self._found(found)

    def _found(self, versions: set[int]) -> None:
        fresh = versions - self._known if self._known is not None else set()
        if fresh:
            self._tell(Change(max(fresh)))
        # Only what was told is known: who can't tell it now finds it again.
        self._known = versions

    def _only_look(self) -> None:
        """Behind a pooler nothing is announced: what is new is looked for, again and again."""
        logger.info("News are looked for: %s is a pooler's address", self._db.dsn_without_password)
        others: tuple[object, ...] | None = None
        while not self._stopping.is_set():
            try:
                versions, now = self._newest()
                self._tell_connection(connected=True, reason="")
                self._found(versions)
                if others is not None and others != now:
                    self._tell(Change(None))
                others = now
            except RegistryError as error:
                self._tell_connection(connected=False, reason=str(error))
                self._try_to_mend()
            self._stopping.wait(_LOOK_EVERY_S)

    def _newest(self) -> tuple[set[int], tuple[object, ...]]:
        """The newest versions, and the newest of what else is announced."""
        with self._db.primary.read() as connection:
            rows = session.driver_of(connection).execute(_VERSIONS, [_LATE_COMERS])
            versions = {_int(row[0]) for row in rows}
            statements = _OF_LISTS + (_OF_WISHES if self._db.record else ())
            newest = tuple(
                connection.exec_driver_sql(statement).scalar() for statement in statements
            )
        return versions, newest

    def _tell(self, change: Change) -> None:
        with self._calling:
            if not self._stopping.is_set():
                self._db.was_told()
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


def _int(value: object) -> int:
    return int(str(value))


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
