"""A loop in a thread of its own that asks a server again and again while this client is elected."""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, ParamSpec, Required, TypedDict, TypeVar

from app.domain.clock import server_now
from app.domain.errors import Refused, RegistryError, Unavailable
from app.domain.masking import masked
from app.domain.sources.pull import LoopStatus, PullerReport, PullState
from app.sync.back_off import Wait
from app.sync.election import Election
from app.sync.supervisor import Supervisor, outcome_of

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_RESTART_AFTER_S = 5.0


Client = TypeVar("Client", bound=AbstractAsyncContextManager[object])
Status = TypeVar("Status", bound=LoopStatus)


class LoopOptions(TypedDict, Generic[Status], total=False):
    """What every loop takes beside its client, store and election."""

    on_status: Callable[[Status], None]
    on_bug: Required[Callable[[Exception], None]]
    client_name: Required[str]
    enabled: bool
    election_interval_s: float
    jitter: Callable[[], float]


class ElectedLoop(ABC, Generic[Client, Status]):
    """Waits for its election, pulls, waits; what a pull is, is for the subclasses to say.

    `on_status` is called in the loop's thread. `make_client` is given the callback that hears of
    back-offs. The client is kept open while the loop runs. `unavailable` are the errors of the
    server that is asked: any other Unavailable is the database's.
    """

    def __init__(
        self,
        name: str,
        status: Status,
        unavailable: tuple[type[Exception], ...],
        make_client: Callable[[Callable[[Wait | None], None]], Client],
        election: Election,
        *,
        on_bug: Callable[[Exception], None],
        client_name: str,
        interval_s: float,
        longest_interval_s: float,
        on_status: Callable[[Status], None] = lambda _status: None,
        enabled: bool = True,
        election_interval_s: float = 3.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._unavailable = unavailable
        self._make_client = make_client
        self._election = election
        self._on_status: Callable[[Status], None] = on_status
        self._on_bug = on_bug
        self._client_name = client_name
        self._enabled = enabled
        self._interval_s = interval_s
        self._election_interval_s = election_interval_s
        self._longest_interval_s = longest_interval_s
        self._jitter = jitter
        self._status: Status = status
        self._supervisor = Supervisor(
            name, self._work, on_bug=self._fell, restart_after_s=_RESTART_AFTER_S
        )
        self._woken = asyncio.Event()
        self._failures = 0
        self._name = name
        self._logged = ""
        self.turns = 0
        """How often it has tried its election or done its work since it was started."""

    @property
    def status(self) -> Status:
        return self._status

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._supervisor.alive

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Cancels whatever goes on; false when the thread hasn't ended in time."""
        return self._supervisor.stop(timeout_s)

    def wake(self) -> None:
        """Pulls, or tries the election, now instead of at the end of the wait."""
        self._supervisor.post(self._wake_up)

    # What the subclasses say

    @abstractmethod
    async def _pull(self, client: Client) -> None:
        """One pull; RegistryError when it broke off."""

    @abstractmethod
    def _report(self, status: Status) -> None:
        """Keeps what the elected puller does, for the other clients to show; not in the loop."""

    # What they may say

    def _reported(self) -> PullerReport | None:
        """What the elected puller said last, if it says anything; not in the loop."""
        return None

    def _begin(self, client: Client) -> None:
        """The client is open."""

    async def _end(self) -> None:
        """The client is about to be closed."""

    # The loop

    def _wake_up(self) -> None:
        self._woken.set()

    async def _work(self) -> None:
        self._woken = asyncio.Event()  # belongs to the loop that runs now
        client = await self._good_client()
        async with client:
            self._begin(client)
            try:
                while True:
                    delay = await self._turn(client)
                    self.turns += 1
                    await self._pause(delay)
            finally:
                await self._end()
                await self._let_go()

    async def _good_client(self) -> Client:
        while True:
            try:
                return self._make_client(self._on_wait)
            except RegistryError as error:
                self._set(state=PullState.UNAVAILABLE, activity=str(error), next_try=None)
                await self._pause(None)

    async def _turn(self, client: Client) -> float | None:
        """One turn; returns the seconds until the next, None to wait until it is woken."""
        if not self._enabled:
            await self._let_go()
            self._set(state=PullState.OFF, activity="", next_try=None, puller="")
            return None
        try:
            elected = await in_thread(self._elected)
            holder = None if elected else await in_thread(self._election.holder)
            report = None if elected else await self._heard()
        except Unavailable as error:
            self._set(
                state=PullState.UNAVAILABLE,
                activity=str(error),
                next_try=from_now(self._election_interval_s),
                puller="",
            )
            return self._election_interval_s
        if not elected:
            if holder is None and self._election.nobody:
                self._miss(self._election.nobody, report)
            else:
                self._stand_by(holder or "another client", report)
            return self._election_interval_s
        return await self._pull_and_tell(client)

    async def _heard(self) -> PullerReport | None:
        report = await outcome_of(in_thread(self._reported))
        if isinstance(report, Refused):
            return None  # this login may not look
        if isinstance(report, Exception):
            raise report
        return report

    def _stand_by(self, puller: str, report: PullerReport | None) -> None:
        self._set(
            state=PullState.STANDBY,
            activity=f"{puller} pulls",
            next_try=report.next_try if report else None,
            puller=puller,
            last_success=report.last_success if report else self._status.last_success,
            trouble=report.trouble_at(server_now()) if report else "",
        )

    def _miss(self, nobody: str, report: PullerReport | None) -> None:
        """Nobody works, and this client may not."""
        self._set(
            state=PullState.STANDBY,
            activity=nobody,
            next_try=None,
            puller="",
            last_success=report.last_success if report else self._status.last_success,
            trouble=nobody,
        )

    async def _pull_and_tell(self, client: Client) -> float:
        self._set(state=PullState.PULLING, activity="", next_try=None, puller=self._client_name)
        error = await outcome_of(self._told_pull(client))
        if error is None:
            delay, self._failures = self._interval_s, 0
        else:
            delay = self._delay_after(error)
            self._broke_off(error, delay)
        published = await outcome_of(self._publish())
        if published is not None and not isinstance(published, RegistryError):
            self._on_bug(published)
        return delay

    async def _told_pull(self, client: Client) -> None:
        await self._publish()
        await self._pull(client)

    def _delay_after(self, error: Exception) -> float:
        if not isinstance(error, Unavailable):
            return self._interval_s  # a bad answer, or a bug: sooner it would be the same again
        if not isinstance(error, self._unavailable):
            return self._election_interval_s  # the database: the election heals by itself
        delay = min(self._longest_interval_s, self._interval_s * 2.0**self._failures)
        self._failures += 1
        return delay * (0.75 + 0.25 * self._jitter())

    def _elected(self) -> bool:
        return self._election.held() or self._election.try_acquire()

    async def _let_go(self) -> None:
        released = await outcome_of(in_thread(self._election.release))
        if released is not None and not isinstance(released, Unavailable):
            raise released

    def _publish(self) -> Awaitable[None]:
        return in_thread(self._report, self._status)

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    # Status

    def _succeeded(self, **changes: object) -> None:
        """A pull is done, with what it changes in the status."""
        self._set(
            state=PullState.WAITING,
            last_success=server_now(),
            next_try=from_now(self._interval_s),
            pulls=self._status.pulls + 1,
            **changes,
        )
        if self._status.activity not in {"", self._logged}:
            self._logged = self._status.activity
            logger.info("%s: %s", self._name, self._logged)

    def _on_wait(self, wait: Wait | None) -> None:
        if wait is None:
            if self._status.state is PullState.BACKING_OFF:
                self._set(state=PullState.PULLING, activity="", next_try=None)
        elif self._status.state is PullState.PULLING:
            self._set(
                state=PullState.BACKING_OFF,
                activity=wait.reason,
                next_try=from_now(wait.seconds),
            )

    def _fell(self, error: Exception) -> None:
        self._broke_off(error, _RESTART_AFTER_S)

    def _broke_off(self, error: Exception, delay: float) -> None:
        said = str(error)
        if isinstance(error, RegistryError):
            logger.warning("%s: the turn broke off: %s", self._name, error)
        else:
            said = f"stopped by an error in the program, {type(error).__name__}: {error}"
            self._on_bug(error)
        self._set(state=PullState.UNAVAILABLE, activity=said, next_try=from_now(delay))

    def _set(self, **changes: object) -> None:
        changes.setdefault("trouble", "")  # that of another client
        status = replace(self._status, **changes)  # type: ignore[arg-type]
        status = replace(status, activity=masked(status.activity))
        if status != self._status:
            self._status = status
            self._on_status(status)


def from_now(seconds: float) -> datetime:
    return server_now() + timedelta(seconds=seconds)


async def in_thread(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """The store and the election wait for the database: not in the loop's thread."""
    return await asyncio.to_thread(call, *args, **kwargs)
