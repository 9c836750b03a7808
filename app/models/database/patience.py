"""How long the database is waited for: a server that takes connections and never answers is gone.

A frozen server or a dead tunnel keeps TCP alive, so the network notices nothing, and the server's
own limits need a server that runs. So whoever has heard nothing for a while asks on a second
connection whether the server is still at the statement: one that is is waited for.
"""

import math
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg import waiting
from psycopg.errors import ConnectionTimeout, OperationalError
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready

from app.models.database.addresses import beginning_at, is_several

Result = TypeVar("Result")
Parameters = Mapping[str, str | int]
_Steps = Generator[Any, Any, Result]

_SILENT_S = 4.0
_SILENT_AGAIN_S = 1.0
"""Nothing is heard for this long from a server that left the last question open, too."""

_ANSWER_S = 3
_SOON_S = 2
_JUST_NOW_S = 1.0
_NO_PROOF_S = 25.0
"""How long nothing may be heard of a statement while the server tells nobody anything of it."""

ENDED = "the program ends and waits for it no longer"
_LOST_ANSWERS = 2
_INTERVAL_S = 0.1
_INTERRUPTED_S = 1.0


class Patience:
    """What the connections of one database share: how to ask its server, and whether to go on."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._ended = threading.Event()
        self._last: tuple[str, int] | None = None
        self.is_silent = False
        self._found_silent_at = -math.inf
        self._connection: type[PatientConnection] = type(
            "PatientConnection", (PatientConnection,), {"patience": self}
        )
        self._asking: type[_Asking] = type("AskingConnection", (_Asking,), {"patience": self})

    def connect(
        self, parameters: Parameters, *, autocommit: bool = False
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that is waited for with this patience."""
        self.check()
        several = is_several(parameters) and parameters["target_session_attrs"] == "primary"
        if several and self._last is not None:
            parameters = beginning_at(parameters, *self._last)
        if time.monotonic() - self._found_silent_at < _JUST_NOW_S:
            # Who found it silent at the pool's question has waited long enough.
            parameters = {**parameters, "connect_timeout": _SOON_S}
        try:
            connection = self._connection.connect(autocommit=autocommit, **parameters)  # type: ignore[arg-type]
        except ConnectionTimeout:
            self.found_silent()
            raise
        self.is_silent = False
        if several:
            self._last = connection.info.host, connection.info.port
        return connection

    def found_silent(self) -> None:
        """Keeps that the server has just answered nothing."""
        self.is_silent = True
        self._found_silent_at = time.monotonic()

    def end(self) -> None:
        """Everybody who waits gives up at once, and nobody begins to."""
        self._ended.set()

    def check(self) -> None:
        """Raises once the program ends."""
        if self.has_ended:
            raise OperationalError(ENDED)

    @property
    def has_ended(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._ended.is_set()

    def answers(self) -> bool:
        """Whether the server answers a new connection soon."""
        parameters: dict[str, Any] = {**self._parameters, "connect_timeout": _SOON_S}
        try:
            with self._asking.connect(autocommit=True, **parameters) as asking:
                return asking.execute("SELECT 1", prepare=False).fetchone() is not None
        except psycopg.Error:
            return False

    def is_at_work(self, connection: psycopg.Connection[Any]) -> bool | None:
        """Whether the server says that it is at what this connection waits for; None when it
        doesn't say. Raises ConnectionTimeout when it says nothing at all."""
        there = connection.info
        parameters: dict[str, Any] = {
            **self._parameters,
            # Of several hosts the one that is waited for.
            "host": there.host,
            "hostaddr": there.hostaddr,
            "port": there.port,
            "target_session_attrs": "any",
            "connect_timeout": _ANSWER_S,
            "application_name": f"{self._parameters.get('application_name', '')} asks",
        }
        try:
            with self._asking.connect(autocommit=True, **parameters) as asking:
                row = asking.execute(
                    "SELECT pg_catalog.pg_backend_pid(), (SELECT state NOT LIKE 'idle%%'"
                    " AND wait_event IS DISTINCT FROM 'ClientWrite'"
                    " FROM pg_catalog.pg_stat_activity WHERE pid = %s)",
                    [there.backend_pid],
                    prepare=False,
                ).fetchone()
                is_pooled = row is not None and row[0] != asking.info.backend_pid
        except ConnectionTimeout:
            raise
        except psycopg.Error:
            self.check()
            return None  # it has no connection left, or has just gone
        # Behind a pooler nobody knows who is who, but it answers.
        return True if is_pooled or row is None else row[1] is not False and row[1] is not None


class _WantedConnection(psycopg.Connection[tuple[object, ...]]):
    """A connection that nobody goes on making when the program ends."""

    patience: ClassVar[Patience]

    @classmethod
    def _connect_gen(cls, conninfo: str = "", **options: Any) -> _Steps[Any]:
        steps: _Steps[Any] = super()._connect_gen(conninfo, **options)
        return _while_wanted(steps, cls.patience)


class PatientConnection(_WantedConnection):
    """A connection that gives up when its server is silent, or when the program ends."""

    is_wanted = True
    """Whether anybody waits for what it is at."""

    def wait(
        self, gen: _Steps[Result], interval: float = _INTERVAL_S, timeout: float | None = None
    ) -> Result:
        # A thread that asks for much, and has each answer at once, never waits.
        self._check_wanted()
        watched = self._watched(gen)
        try:
            return waiting.wait(watched, self.pgconn.socket, interval=interval, timeout=timeout)
        except (KeyboardInterrupt, SystemExit):
            self._let_go(watched)
            raise

    def rollback(self) -> None:
        # The server takes back what a connection left that is closed, as it is once given up.
        if self.closed:
            return
        try:
            super().rollback()
        except OperationalError:
            if self.is_wanted and not self.patience.has_ended:
                raise

    def _let_go(self, watched: _Steps[Any]) -> None:
        """Has the server stop; a silent one doesn't keep a person from leaving."""
        try:
            with suppress(psycopg.errors.QueryCanceled):
                self.cancel_safe(timeout=_INTERRUPTED_S)
                waiting.wait(watched, self.pgconn.socket, _INTERVAL_S, timeout=_INTERRUPTED_S)
        except BaseException as error:
            self.pgconn.finish()
            if not isinstance(error, Exception):
                raise

    def _watched(self, steps: _Steps[Result]) -> _Steps[Result]:
        """The same steps, broken off when nothing is heard for too long."""
        heard = asked = time.monotonic()
        lost = 0
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if ready != Ready.NONE:
                    heard = asked = time.monotonic()
                    lost = 0
                    # That something can be sent says nothing of who reads it.
                    self.patience.is_silent &= not ready & Ready.R
                elif time.monotonic() - asked >= self._patience_s():
                    lost = self._ask(heard, lost)
                    asked = time.monotonic()
                else:
                    self._check_wanted()
                wanted = steps.send(ready)
        except StopIteration as done:
            result: Result = done.value
            return result

    def _check_wanted(self) -> None:
        """Raises once nobody waits for it; the server stops what it is at."""
        if self.patience.has_ended:
            self._give_up(ENDED)
        if not self.is_wanted:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                with suppress(psycopg.Error):
                    self.cancel_safe(timeout=_INTERRUPTED_S)
            self._give_up(ENDED)

    def _patience_s(self) -> float:
        return _SILENT_AGAIN_S if self.patience.is_silent else _SILENT_S

    def _ask(self, heard: float, lost: int) -> int:
        """Gives up unless the server is at work for us; returns how often it wasn't, although
        nothing has arrived."""
        try:
            at_work = None if self.patience.is_silent else self.patience.is_at_work(self)
        except ConnectionTimeout:
            self.patience.found_silent()
            at_work = None
        if at_work:
            return 0
        silent_s = time.monotonic() - heard
        lost += at_work is False
        if self.patience.is_silent or lost >= _LOST_ANSWERS or silent_s > _NO_PROOF_S:
            self._give_up(f"it has answered nothing for {silent_s:.0f} s")
        return lost

    def _give_up(self, reason: str) -> None:
        self.pgconn.finish()
        raise OperationalError(reason)


class _Asking(_WantedConnection):
    """A connection for one question that is to be answered soon."""

    def wait(
        self, gen: _Steps[Result], interval: float = _INTERVAL_S, timeout: float | None = None
    ) -> Result:
        begun = time.monotonic()
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=_ANSWER_S)
        except OperationalError as error:
            if time.monotonic() - begun < _ANSWER_S:
                raise
            self.pgconn.finish()
            raise ConnectionTimeout("no answer") from error


def _while_wanted(steps: _Steps[Any], patience: Patience) -> _Steps[Any]:
    """The steps of connecting, broken off when the program ends."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            patience.check()
            wanted = steps.send(ready)
    except StopIteration as done:
        return done.value
