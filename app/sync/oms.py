"""OMS over HTTPS: token, paging, manners, and answers that can be trusted or are refused."""

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import httpx

from app.domain.errors import BadInput, NotFound, Unavailable
from app.domain.json_value import JsonObject, JsonValue
from app.domain.oms import OmsRun, validate_lumisections, validate_run
from app.sync.http import Wait, certificates, checked_url, is_loopback, retry_after, shown_url

logger = logging.getLogger(__name__)

CERN_OMS = "https://cmsoms.cern.ch/agg/api/v1"
CERN_TOKENS = "https://auth.cern.ch/auth/realms/cern/protocol/openid-connect/token"

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_TOKEN_LIFE_S = 300.0  # when the token server doesn't say
_SHOWN_BYTES = 160


class OmsUnavailable(Unavailable):
    """OMS or its token server can't be reached, refuses us, or is out of order."""


class MalformedAnswer(BadInput):
    """OMS answered with something that is no JSON:API document."""


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


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of run records; a record that can't be read is a problem, not the end."""

    runs: tuple[JsonObject, ...]
    problems: tuple[tuple[int | None, BadInput], ...] = ()


class OmsClient:
    """One client, kept, for one asyncio loop; asks one thing at a time.

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
        self._settings = settings
        self._base = checked_url(settings.url, "address of OMS")
        self._token_url = checked_url(settings.token_url, "address of the token server")
        self._on_wait = on_wait
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._http: httpx.AsyncClient | None = None
        self._one_at_a_time = asyncio.Lock()
        self._may_ask_at = 0.0
        self._token: str | None = None
        self._token_until = 0.0

    def __repr__(self) -> str:
        return f"OmsClient({shown_url(self._base)})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def runs_by_last_update(self) -> AsyncGenerator[RunPage, None]:
        """Pages of run records, those changed last first, until OMS has no more."""
        pages = self._pages(
            "runs",
            {"sort": "-last_update", "page[limit]": str(self._settings.runs_per_page)},
        )
        async for answer in pages:
            runs: list[JsonObject] = []
            problems: list[tuple[int | None, BadInput]] = []
            for attributes in answer.page:
                try:
                    runs.append(validate_run(attributes))
                except BadInput as error:
                    problems.append((_run_number_of(attributes), self._placed(error, answer)))
            yield RunPage(tuple(runs), tuple(problems))

    async def run_attributes(self, run_number: int) -> JsonObject:
        """The record of one run. Raises `NotFound` when OMS doesn't have it."""
        pages = self._pages("runs", {"filter[run_number]": str(run_number)})
        async for answer in pages:
            for attributes in answer.page:
                if _run_number_of(attributes) in {run_number, None}:
                    try:
                        return validate_run(attributes)
                    except BadInput as error:
                        raise self._placed(error, answer) from error
        raise NotFound(f"OMS doesn't know run {run_number}.")

    async def lumisections(self, run_number: int) -> tuple[JsonObject, ...]:
        """Attributes of the run's lumisections, ascending by number, holes left out."""
        limit = str(self._settings.lumisections_per_page)
        pages = self._pages(
            "lumisections", {"filter[run_number]": str(run_number), "page[limit]": limit}
        )
        answers = [answer async for answer in pages]
        found = [attributes for answer in answers for attributes in answer.page]
        try:
            return validate_lumisections(run_number, found)
        except BadInput as error:
            raise self._placed(error, answers[0]) from error

    async def fill(self, fill_number: int) -> JsonObject | None:
        """Attributes of a fill; None when OMS doesn't know it."""
        try:
            pages = self._pages("fills", {"filter[fill_number]": str(fill_number)})
            async for answer in pages:
                for attributes in answer.page:
                    if not isinstance(attributes, dict):
                        self._malformed(
                            answer.url, f"gives fill {fill_number} no attributes", answer.body
                        )
                    if attributes.get("fill_number", fill_number) == fill_number:
                        return attributes
        except NotFound:
            return None
        return None

    async def run(self, run_number: int) -> OmsRun:
        """All that OMS says of one run, its fill included."""
        attributes = await self.run_attributes(run_number)
        lumisections = await self.lumisections(run_number)
        fill_number = fill_number_of(attributes)
        fill = None if fill_number is None else await self.fill(fill_number)
        return OmsRun(attributes, lumisections, fill)

    # Paging

    async def _pages(self, what: str, parameters: dict[str, str]) -> AsyncIterator["_Answer"]:
        first = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{what}")
        url = first.copy_merge_params(parameters)
        asked: set[httpx.URL] = set()
        seen = 0
        before: Sequence[JsonValue] = ()
        while True:
            asked.add(url)
            answer = await self._document(url)
            yield answer
            seen += len(answer.page)
            if answer.total is not None and seen >= answer.total:
                return
            if answer.total is None and answer.following is None:
                return
            if not answer.page:
                if answer.total is None:
                    return
                self._malformed(url, f"promises {answer.total} entries and gives {seen}")
            if answer.page == before:
                self._malformed(url, "gives the same page again and again")
            before = answer.page
            following = self._following(url, answer.following)
            url = following or first.copy_merge_params({**parameters, "page[offset]": str(seen)})
            if url in asked:
                self._malformed(url, "leads in a circle from page to page")

    def _following(self, url: httpx.URL, link: str | None) -> httpx.URL | None:
        """The next page by its link, unless that leads elsewhere: our token stays with OMS."""
        if link is None:
            return None
        try:
            following = url.join(link)
        except httpx.InvalidURL:
            return None
        same = (following.scheme, following.host, following.port) == (
            self._base.scheme,
            self._base.host,
            self._base.port,
        )
        return following if same else None

    async def _document(self, url: httpx.URL) -> "_Answer":
        body = await self._ask(url)
        try:
            document = json.loads(body, parse_constant=_no_number)
            if b"\\u" in body:
                _check_text(document)
        except (ValueError, RecursionError):
            kind = "HTML" if body.lstrip()[:1] == b"<" else "something else"
            self._malformed(url, f"answers with {kind} instead of JSON", body)
        if not isinstance(document, dict):
            self._malformed(url, "answers with JSON that is no document", body)
        data = document.get("data")
        if not isinstance(data, list):
            if not isinstance(data, dict):
                self._malformed(url, "answers without data", body)
            data = [data]
        return _Answer(
            url=url,
            body=body,
            page=[item.get("attributes") if isinstance(item, dict) else None for item in data],
            total=_total(document.get("meta")),
            following=_next_link(document.get("links")),
        )

    def _placed(self, error: BadInput, answer: "_Answer") -> MalformedAnswer:
        address = shown_url(answer.url)
        return MalformedAnswer(f"{error} At {address}: {self._excerpt(answer.body)}")

    def _malformed(self, url: httpx.URL, what: str, body: bytes = b"") -> NoReturn:
        text = f"OMS {what}, at {shown_url(url)}"
        if body:
            text += f": {self._excerpt(body)}"
        raise MalformedAnswer(text)

    def _excerpt(self, body: bytes) -> str:
        """The first bytes, masked before they are cut: the cut may go through a secret."""
        text = body[: 16 * _SHOWN_BYTES].decode("utf-8", "replace")
        for secret in (self._token, self._settings.client_secret):
            if secret:
                text = text.replace(secret, "***")
        return ascii(" ".join(text[:_SHOWN_BYTES].split()))

    # Asking

    async def _ask(self, url: httpx.URL) -> bytes:
        """The body of a good answer; one request at a time, a pause between two."""
        async with self._one_at_a_time:
            response = await self._ask_with_token(url)
            if self._has_credentials and (
                response.status_code == httpx.codes.UNAUTHORIZED or response.is_redirect
            ):
                self._token = None
                response = await self._ask_with_token(url)
        if response.is_success:
            return response.content
        address = shown_url(url)
        status = response.status_code
        if response.is_redirect or status in {
            httpx.codes.UNAUTHORIZED,
            httpx.codes.FORBIDDEN,
        }:
            hint = (
                "it doesn't accept our credentials"
                if self._has_credentials
                else "it wants a token; give client id and secret in the settings"
            )
            raise OmsUnavailable(f"OMS lets us not in ({status}) at {address}: {hint}.")
        if status == httpx.codes.NOT_FOUND:
            raise NotFound(f"OMS has nothing at {address} (404).")
        raise OmsUnavailable(
            f"OMS answers {status} at {address}: {self._excerpt(response.content)}"
        )

    async def _ask_with_token(self, url: httpx.URL) -> httpx.Response:
        token = await self._valid_token()
        headers = {"Accept": "application/vnd.api+json, application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"

        async def ask() -> httpx.Response:
            await self._keep_pause()
            try:
                async with asyncio.timeout(self._settings.request_limit_s):
                    return await self._client().get(url, headers=headers)
            finally:
                self._may_ask_at = self._clock() + self._settings.pause_s

        return await self._with_back_off(url, ask)

    async def _keep_pause(self) -> None:
        pause = self._may_ask_at - self._clock()
        if pause > 0:
            await self._sleep(pause)

    async def _with_back_off(
        self, url: httpx.URL, ask: Callable[[], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        """The first answer that isn't 429 or 5xx; `OmsUnavailable` after the last try."""
        address = shown_url(url)
        attempt = 0
        while True:
            attempt += 1
            wanted_s: float | None = None
            cause: Exception | None = None
            try:
                response = await ask()
            except (httpx.TimeoutException, TimeoutError) as error:
                reason, cause = f"no answer in time from {address}", error
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise OmsUnavailable(
                        f"The certificate of {url.host} can't be verified: name the CA bundle"
                        " in the settings."
                    ) from error
                reason, cause = f"no connection to {address} ({error})", error
            except httpx.DecodingError as error:
                reason, cause = f"broken compression in the answer of {address}", error
            else:
                if not (response.status_code == 429 or response.is_server_error):
                    return response
                reason = f"{response.status_code} from {address}"
                wanted_s = retry_after(response)
            if attempt >= self._settings.tries:
                raise OmsUnavailable(f"OMS is out of order: {reason}, {attempt} times.") from cause
            await self._wait(attempt, wanted_s, reason)

    async def _wait(self, attempt: int, wanted_s: float | None, reason: str) -> None:
        longest = self._settings.longest_wait_s
        if wanted_s is None:
            seconds = min(longest, self._settings.first_wait_s * 2.0 ** (attempt - 1))
            seconds *= 0.5 + 0.5 * self._jitter()
        else:
            seconds = min(longest, wanted_s)
        logger.warning("OMS: %s; asked again in %.1f s", reason, seconds)
        if self._on_wait is not None:
            self._on_wait(Wait(seconds, reason))
        try:
            await self._sleep(seconds)
        finally:
            if self._on_wait is not None:
                self._on_wait(None)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            urls = (self._base, self._token_url) if self._has_credentials else (self._base,)
            self._http = httpx.AsyncClient(
                verify=certificates(urls, self._settings.ca_bundle),
                timeout=httpx.Timeout(
                    self._settings.request_limit_s, connect=self._settings.connect_limit_s
                ),
                headers={"User-Agent": "run-registry-desktop"},
                limits=httpx.Limits(max_connections=2),
                # A proxy of the environment can't reach a server on this machine's loopback.
                trust_env=not is_loopback(self._base.host),
            )
        return self._http

    # Token

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

    async def _token_answer(self, form: dict[str, str]) -> "_Token":
        """Nothing of the answer's body goes into a message: it holds secrets."""

        async def ask() -> httpx.Response:
            async with asyncio.timeout(self._settings.request_limit_s):
                return await self._client().post(self._token_url, data=form)

        response = await self._with_back_off(self._token_url, ask)
        address = shown_url(self._token_url)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not response.is_success:
            code = answer.get("error") if isinstance(answer, dict) else None
            known = code if code in _TOKEN_ERRORS else "no reason given"
            raise OmsUnavailable(
                f"The token server {address} refuses our credentials"
                f" ({response.status_code}, {known})."
            )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not (isinstance(answer, dict) and isinstance(token, str) and token):
            raise OmsUnavailable(f"The token server {address} answers without a token.")
        life = answer.get("expires_in")
        if isinstance(life, bool) or not isinstance(life, int | float) or life <= 0:
            life = _TOKEN_LIFE_S
        return _Token(token, float(life))


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page of a JSON:API collection: the attributes of its entries."""

    url: httpx.URL
    body: bytes = field(repr=False)
    page: Sequence[JsonValue]
    total: int | None
    following: str | None


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


def fill_number_of(attributes: JsonObject) -> int | None:
    """The number of the run's fill, None when it has none."""
    number = attributes.get("fill_number")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _run_number_of(attributes: JsonValue) -> int | None:
    number = attributes.get("run_number") if isinstance(attributes, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _total(meta: JsonValue) -> int | None:
    total = meta.get("totalResourceCount") if isinstance(meta, dict) else None
    if isinstance(total, bool) or not isinstance(total, int):
        return None
    return total


def _next_link(links: JsonValue) -> str | None:
    link = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return link if isinstance(link, str) and link else None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _check_text(value: JsonValue) -> None:
    """Refuses characters that no database text can hold: NUL and lone surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    text.encode("utf-8")
    if "\\u0000" in text:
        raise ValueError("a NUL character")
