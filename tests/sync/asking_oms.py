"""Clients that ask a misbehaving OMS, with clocks of their own."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from app.domain.json_value import JsonValue
from app.sync.back_off import Wait
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    Request,
)

Result = TypeVar("Result")

SECRET = "s3cr3t-of-the-client"


def settings_of(oms: MisbehavingOms, **changes: object) -> OmsSettings:
    plain = OmsSettings(
        url=oms.url,
        token_url=oms.url.replace("/agg/api/v1", "/token"),
        pause_s=0.0,
        request_limit_s=5.0,
        first_wait_s=0.001,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def with_credentials(oms: MisbehavingOms, **changes: object) -> OmsSettings:
    return settings_of(oms, client_id="registry", client_secret=SECRET, **changes)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def ask(
    settings: OmsSettings,
    question: Callable[[OmsClient], Awaitable[Result]],
    clock: Clock | None = None,
    on_wait: Callable[[Wait | None], None] | None = None,
) -> Result:
    """Asks with a client of its own, whose clock is the given one."""
    clock = clock or Clock()

    async def go() -> Result:
        client = OmsClient(
            settings, on_wait=on_wait, sleep=clock.sleep, clock=clock, jitter=lambda: 1.0
        )
        async with client:
            return await question(client)

    return asyncio.run(go())


def tokens(*lives: JsonValue) -> Callable[[Request], Answer]:
    """A token endpoint: the n-th exchange gives `token-n` for that life, the last for ever."""
    given = 0

    def script(request: Request) -> Answer:
        nonlocal given
        if request.form["grant_type"] == "client_credentials":
            return Answer(json.dumps({"access_token": "subject"}).encode())
        given += 1
        life = lives[min(given, len(lives)) - 1]
        return Answer(json.dumps({"access_token": f"token-{given}", "expires_in": life}).encode())

    return script
