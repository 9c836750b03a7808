"""Asking OMS: with a token, one thing at a time, politely, and no more than can be read."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import BadInput, NotFound, Unavailable
from app.domain.foreign_json import JsonLimits, NotJson, parse
from app.domain.json_value import JsonValue
from app.domain.masking import keep_secret, masked
from app.sync.back_off import Again, BackOff, Wait
from app.sync.client import httpx
from app.sync.http import (
    UNPACKED_HERE,
    HttpClient,
    body_of,
    certificates,
    checked_url,
    head_of,
    is_loopback,
    retry_after,
    shown_url,
)

CERN_OMS = "https://cmsoms.cern.ch/agg/api/v1"
CERN_TOKENS = "https://auth.cern.ch/auth/realms/cern/protocol/openid-connect/token"

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_TOKEN_LIFE_S = 300.0  # when the token server doesn't say
_LONGEST_TOKEN_LIFE_S = 86_400.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_SHOWN_BYTES = 160
HEAD_BYTES = 16 * _SHOWN_BYTES
LIMITS = JsonLimits()  # 5000 lumisections are some 6 MB
_TOKEN_LIMITS = JsonLimits(text_bytes=1 << 20)


class OmsUnavailable(Unavailable):
    """OMS or its token server can't be reached, refuses access, or fails."""


class MalformedAnswer(BadInput):
    """OMS answered with something other than a JSON:API document."""


@dataclass(frozen=True, slots=True)
class OmsSettings:
    """Where OMS is, who asks, and how politely. Without credentials no token is asked for."""

    url: str = CERN_OMS
    token_url: str = CERN_TOKENS
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    audience: str = "cmsoms-prod"
    ca_bundle: Path | None = None
    pause_s: float = 0.5
    connect_limit_s: float = 10.0
    request_limit_s: float = 90.0
    tries: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 300.0
    runs_per_page: int = 100
    lumisections_per_page: int = 5000


class OmsRequests(HttpClient):
    """Asks one thing at a time, for one asyncio loop.

    `on_wait` is told of every back-off, and None when it is over.
    """

    def __init__(
        self,
        settings: OmsSettings,
        *,
        on_wait: Callable[[Wait | None], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(checked_url(settings.url, "address of OMS"))
        self._settings = settings
        keep_secret(settings.client_secret)
        self._token_url = checked_url(settings.token_url, "address of the token server")
        self._back_off = BackOff(
            "OMS",
            OmsUnavailable,
            settings.tries,
            settings.first_wait_s,
            settings.longest_wait_s,
            on_wait,
            sleep,
            jitter,
        )
        self._sleep = sleep
        self._clock = clock
        self._may_ask_at = 0.0
        self._token: str | None = None
        self._token_until = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self._base)})"

    async def _body(self, url: httpx.URL) -> bytes:
        """The body of a good answer; one request at a time, a pause between two."""
        async with self._one_at_a_time:
            reply = await self._ask_with_token(url)
            if self._has_credentials and (
                reply.status == httpx.codes.UNAUTHORIZED or reply.is_redirect
            ):
                self._token = None
                reply = await self._ask_with_token(url)
        if reply.is_success:
            return reply.body
        address = shown_url(url)
        if reply.is_redirect or reply.status in {
            httpx.codes.UNAUTHORIZED,
            httpx.codes.FORBIDDEN,
        }:
            hint = (
                "it doesn't accept our credentials"
                if self._has_credentials
                else "it needs a token; give client id and secret in the settings"
            )
            raise OmsUnavailable(f"OMS refuses access ({reply.status}) at {address}: {hint}.")
        if reply.status == httpx.codes.NOT_FOUND:
            raise NotFound(f"OMS has nothing at {address} (404).")
        raise OmsUnavailable(f"OMS answers {reply.status} at {address}: {excerpt(reply.body)}")

    async def _ask_with_token(self, url: httpx.URL) -> _Reply:
        token = await self._valid_token()
        headers = {"Accept": "application/vnd.api+json, application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"

        async def ask() -> _Reply | Again:
            await self._keep_pause()
            try:
                request = self._client().build_request("GET", url, headers=headers)
                return await self._reply(request, LIMITS)
            finally:
                self._may_ask_at = self._clock() + self._settings.pause_s

        try:
            return await self._back_off.answer(url, ask)
        except NotJson as error:
            raise malformed(url, f"gives an answer that {error}") from error

    async def _reply(self, request: httpx.Request, limits: JsonLimits) -> _Reply | Again:
        """The answer, read no further than it may be long. Raises `NotJson` if it is longer."""
        async with asyncio.timeout(self._settings.request_limit_s):
            response = await self._client().send(request, stream=True)
            try:
                if response.is_success:
                    body = b"".join([each async for each in body_of(response, limits.text_bytes)])
                else:
                    body = await head_of(response, HEAD_BYTES)
            finally:
                await response.aclose()
        status = response.status_code
        if status == 429 or status >= 500:
            return Again(f"{status} from {shown_url(request.url)}", retry_after(response))
        return _Reply(status, response.is_redirect, body)

    async def _keep_pause(self) -> None:
        pause = self._may_ask_at - self._clock()
        if pause > 0:
            await self._sleep(pause)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            urls = (self._base, self._token_url) if self._has_credentials else (self._base,)
            self._http = httpx.AsyncClient(
                verify=certificates(urls, self._settings.ca_bundle),
                timeout=httpx.Timeout(
                    self._settings.request_limit_s, connect=self._settings.connect_limit_s
                ),
                headers={
                    "User-Agent": "run-registry-desktop",
                    "Accept-Encoding": UNPACKED_HERE,
                },
                limits=httpx.Limits(max_connections=2),
                # A proxy of the environment can't reach a server on this machine's loopback.
                trust_env=not is_loopback(self._base.host),
            )
        return self._http

    @property
    def _has_credentials(self) -> bool:
        return bool(self._settings.client_id and self._settings.client_secret)

    async def _valid_token(self) -> str | None:
        settings = self._settings
        if not settings.client_id or not settings.client_secret:
            return None
        if self._token is not None and self._clock() < self._token_until:
            return self._token
        identity = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "audience": settings.audience,
        }
        subject = await self._token_answer({"grant_type": "client_credentials", **identity})
        asked_at = self._clock()
        answer = await self._token_answer(
            {
                "grant_type": _TOKEN_EXCHANGE,
                **identity,
                "requested_token_type": _ACCESS_TOKEN,
                "subject_token": subject.token,
            }
        )
        self._token = answer.token
        self._token_until = asked_at + answer.life_s - min(30.0, answer.life_s / 2)
        return self._token

    async def _token_answer(self, form: dict[str, str]) -> _Token:
        """Nothing of the answer's body goes into a message: it holds secrets."""

        async def ask() -> _Reply | Again:
            request = self._client().build_request("POST", self._token_url, data=form)
            return await self._reply(request, _TOKEN_LIMITS)

        address = shown_url(self._token_url)
        answer: JsonValue = None
        try:
            reply = await self._back_off.answer(self._token_url, ask)
        except NotJson as error:
            raise OmsUnavailable(f"The token server {address} answers without a token.") from error
        with suppress(NotJson):
            answer = parse(reply.body, _TOKEN_LIMITS)
        if not reply.is_success:
            code = answer.get("error") if isinstance(answer, dict) else None
            known = code if isinstance(code, str) and code in _TOKEN_ERRORS else "no reason given"
            raise OmsUnavailable(
                f"The token server {address} refuses our credentials ({reply.status}, {known})."
            )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not (isinstance(answer, dict) and isinstance(token, str) and token):
            raise OmsUnavailable(f"The token server {address} answers without a token.")
        if not _TOKEN.fullmatch(token):
            raise OmsUnavailable(
                f"The token server {address} answers with a token that can't be sent: it holds"
                " spaces, line ends or other characters that no token has, or is too long."
            )
        life = answer.get("expires_in")
        if isinstance(life, bool) or not isinstance(life, int | float) or life <= 0:
            life = _TOKEN_LIFE_S
        keep_secret(token)
        return _Token(token, float(min(life, _LONGEST_TOKEN_LIFE_S)))


def malformed(url: httpx.URL, what: str, body: bytes = b"") -> MalformedAnswer:
    """OMS gives what it shouldn't, with how that begins."""
    text = f"OMS {what}, at {shown_url(url)}"
    return MalformedAnswer(f"{text}: {excerpt(body)}" if body else text)


def excerpt(body: bytes) -> str:
    """The first bytes, masked before they are cut: the cut may go through a secret."""
    text = masked(body[:HEAD_BYTES].decode("utf-8", "replace"))
    return ascii(" ".join(text[:_SHOWN_BYTES].split()))


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a server answered, its body no longer than it may be; of errors only the beginning."""

    status: int
    is_redirect: bool
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class _Token:
    """A token and how long it is good for."""

    token: str = field(repr=False)
    life_s: float


_TOKEN_ERRORS = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "invalid_token",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
