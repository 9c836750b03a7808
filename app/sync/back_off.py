"""Asking a server again after growing waits, as long as that may help."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from app.domain.counting import counted
from app.domain.errors import Unavailable
from app.sync.client import httpx
from app.sync.http import shown_url

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Wait:
    """The client waits before it asks again."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Again:
    """The server wants to be asked again: why, and after how long if it says so."""

    reason: str
    after_s: float | None = None


@dataclass(slots=True)
class BackOff:
    """How often `server` is asked, and how long between; afterwards it is `unavailable`.

    `on_wait` is told of every wait, and None when it is over. The log has one warning from a
    failure to the next good answer, however many questions fail meanwhile.
    """

    server: str
    unavailable: type[Unavailable]
    tries: int
    first_wait_s: float
    longest_wait_s: float
    on_wait: Callable[[Wait | None], None] | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    _is_failing: bool = field(default=False, init=False)

    async def answer(self, url: httpx.URL, ask: Callable[[], Awaitable[Answer | Again]]) -> Answer:
        """What `ask` gives, asked again where the server or the network fails."""
        address = shown_url(url)
        for attempt in range(1, self.tries + 1):
            cause: Exception | None = None
            try:
                answer = await ask()
            except (httpx.TimeoutException, TimeoutError) as error:
                again, cause = Again(f"no answer in time from {address}"), error
            except (httpx.TransportError, ssl.SSLError) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise self.unavailable(
                        f"The certificate of {url.host} can't be verified: name the CA bundle"
                        " in the settings."
                    ) from error
                again, cause = Again(f"no connection to {address} ({error})"), error
            except httpx.DecodingError as error:
                again, cause = Again(f"broken compression in the answer of {address}"), error
            else:
                if not isinstance(answer, Again):
                    self._is_failing = False
                    return answer
                again = answer
            if attempt == self.tries:
                break
            await self._wait(attempt, again)
        raise self.unavailable(
            f"{self.server} failed {counted(self.tries, 'time')}: {again.reason}."
        ) from cause

    async def _wait(self, attempt: int, again: Again) -> None:
        if again.after_s is None:
            seconds = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
            seconds *= 0.5 + 0.5 * self.jitter()
        else:
            seconds = min(self.longest_wait_s, again.after_s)
        level = logging.INFO if self._is_failing else logging.WARNING
        self._is_failing = True
        logger.log(level, "%s: %s; asked again in %.1f s", self.server, again.reason, seconds)
        if self.on_wait is not None:
            self.on_wait(Wait(seconds, again.reason))
        try:
            await self.sleep(seconds)
        finally:
            if self.on_wait is not None:
                self.on_wait(None)
