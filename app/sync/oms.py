"""OMS over HTTPS: token, paging, manners, and answers that can be trusted or are refused."""

import asyncio
import logging
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import httpx

from app.domain.errors import BadInput, NotFound, Unavailable
from app.domain.foreign_json import BadRecord, JsonLimits, NotJson, Record, RecordReader, parse
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.domain.masking import keep_secret, masked
from app.domain.sources.oms import OmsRun, validate_lumisections, validate_run, whole_run
from app.sync.http import (
    UNPACKED_HERE,
    Wait,
    body_of,
    certificates,
    checked_url,
    head_of,
    is_loopback,
    retry_after,
    shown_url,
)

logger = logging.getLogger(__name__)

CERN_OMS = "https://cmsoms.cern.ch/agg/api/v1"
CERN_TOKENS = "https://auth.cern.ch/auth/realms/cern/protocol/openid-connect/token"

_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_TOKEN_LIFE_S = 300.0  # when the token server doesn't say
_LONGEST_TOKEN_LIFE_S = 86_400.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_SHOWN_BYTES = 160
_HEAD_BYTES = 16 * _SHOWN_BYTES
_LIMITS = JsonLimits()  # 5000 lumisections are some 6 MB
_TOKEN_LIMITS = JsonLimits(text_bytes=1 << 20)
_MOST_BROKEN = 10
_MOST_RECORDS = 1_000_000
"""Of one list, over all of its pages; OMS has some 100,000 runs."""


class OmsUnavailable(Unavailable):
    """OMS or its token server can't be reached, refuses us, or fails."""


class MalformedAnswer(BadInput):
    """OMS answered with something other than a JSON:API document."""


class BrokenPage(MalformedAnswer):
    """A page whose text can't be cut into records, but maybe a smaller one's can."""

    def __init__(self, text: str, reason: str, url: httpx.URL, body: bytes) -> None:
        super().__init__(text)
        self.reason = reason
        self.url = url
        self.body = body


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
        keep_secret(settings.client_secret)
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
        _trace: TracebackType | None,
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
            in_parts=True,
        )
        async for answer in pages:
            runs: list[JsonObject] = []
            problems: list[tuple[int | None, BadInput]] = []
            for record in answer.page:
                try:
                    runs.append(validate_run(self._attributes(record, "a run")))
                except BadInput as error:
                    number = _number_of(record, "run_number")
                    problems.append((number, self._placed(error, answer, record)))
            yield RunPage(tuple(runs), tuple(problems))

    async def run_attributes(self, run_number: int) -> JsonObject:
        """The record of one run. Raises `NotFound` when OMS doesn't have it."""
        pages = self._pages("runs", {"filter[run_number]": str(run_number)})
        async for answer in pages:
            for record in answer.page:
                if _number_of(record, "run_number") in {run_number, None}:
                    try:
                        return validate_run(self._attributes(record, f"run {run_number}"))
                    except BadInput as error:
                        raise self._placed(error, answer, record) from error
        raise NotFound(f"OMS doesn't know run {run_number}.")

    async def lumisections(self, run_number: int) -> tuple[JsonObject, ...]:
        """Attributes of the run's lumisections, ascending by number, holes left out."""
        limit = str(self._settings.lumisections_per_page)
        pages = self._pages(
            "lumisections", {"filter[run_number]": str(run_number), "page[limit]": limit}
        )
        found: list[JsonValue] = []
        first: _Answer | None = None
        async for answer in pages:
            first = first or answer
            for record in answer.page:
                try:
                    found.append(self._attributes(record, f"run {run_number}, a lumisection"))
                except BadInput as error:
                    raise self._placed(error, answer, record) from error
        assert first is not None
        try:
            return validate_lumisections(run_number, found)
        except BadInput as error:
            raise self._placed(error, first) from error

    async def fill(self, fill_number: int) -> JsonObject | None:
        """Attributes of a fill; None when OMS doesn't know it."""
        try:
            pages = self._pages("fills", {"filter[fill_number]": str(fill_number)})
            async for answer in pages:
                for record in answer.page:
                    try:
                        attributes = self._attributes(record, f"fill {fill_number}")
                        if not isinstance(attributes, dict):
                            raise BadInput(f"OMS gives fill {fill_number} no attributes.")
                    except BadInput as error:
                        raise self._placed(error, answer, record) from error
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
        return whole_run(attributes, lumisections, fill)

    # Paging

    async def _pages(
        self, what: str, parameters: dict[str, str], *, in_parts: bool = False
    ) -> AsyncIterator["_Answer"]:
        """Pages until there are no more; with `in_parts` those that can't be read record for
        record, where a part of them can."""
        first = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{what}")
        limit = int(parameters.get("page[limit]", 0))
        url = first.copy_merge_params(parameters)
        asked: set[httpx.URL] = set()
        seen = 0
        before: Sequence[Record] = ()
        while True:
            asked.add(url)
            try:
                answer = await self._document(url)
            except BrokenPage as error:
                if not in_parts:
                    raise
                answer = await self._in_parts(error, first, parameters, seen)
            yield answer
            seen += len(answer.page)
            if seen > _MOST_RECORDS:
                self._malformed(url, f"gives more than {_MOST_RECORDS} entries")
            # A total that is too small is none.
            total = answer.total if answer.total is not None and answer.total >= seen else None
            if seen == total:
                return
            if total is None and answer.following is None and not 0 < limit <= len(answer.page):
                return
            if not answer.page:
                if total is None:
                    return
                self._malformed(url, f"announces {total} entries and gives {seen}")
            if answer.page == before:
                self._malformed(url, "gives the same page again and again")
            before = answer.page
            following = self._following(url, answer.following)
            url = following or first.copy_merge_params({**parameters, "page[offset]": str(seen)})
            if url in asked:
                self._malformed(url, "links its pages in a circle")

    async def _in_parts(
        self, error: "BrokenPage", first: httpx.URL, parameters: dict[str, str], offset: int
    ) -> "_Answer":
        """A page that can't be read as a whole, put together from smaller ones: what can't be
        read of these are single records. Raises `BrokenPage` when there are too many of them."""
        broken = 0

        async def halves(error: BrokenPage, offset: int, limit: int) -> list[_Answer]:
            nonlocal broken
            if limit <= 1:
                broken += 1
                if broken > _MOST_BROKEN:
                    raise error
                bad = BadRecord(f"{error.reason} (entry {offset + 1} of the list)", error.body)
                return [_Answer(error.url, error.body[:_HEAD_BYTES], [bad], None, None)]
            found: list[_Answer] = []
            half = limit // 2
            for begin, size in ((offset, half), (offset + half, limit - half)):
                part = {**parameters, "page[offset]": str(begin), "page[limit]": str(size)}
                try:
                    found.append(await self._document(first.copy_merge_params(part)))
                except BrokenPage as again:
                    found += await halves(again, begin, size)
            return found

        answers = await halves(error, offset, int(parameters["page[limit]"]))
        totals = [answer.total for answer in answers if answer.total is not None]
        if not totals:
            raise error
        page = [record for answer in answers for record in answer.page]
        return _Answer(answers[0].url, answers[0].head, page, max(totals), None)

    def _following(self, url: httpx.URL, link: str | None) -> httpx.URL | None:
        """The next page by its link, unless that leads elsewhere: our token stays with OMS."""
        if link is None:
            return None
        try:
            following = url.join(link)
        except (httpx.InvalidURL, ValueError):
            return None
        same = (following.scheme, following.host, following.port) == (
            self._base.scheme,
            self._base.host,
            self._base.port,
        )
        return following if same else None

    async def _document(self, url: httpx.URL) -> "_Answer":
        body = await self._ask(url)
        reader = RecordReader("data", limits=_LIMITS)
        try:
            reader.feed(body)
            document, batches = reader.read()
            page = [record for batch in batches for record in batch]
        except NotJson as error:
            if body.lstrip()[:1] == b"{":
                raise BrokenPage(
                    f"OMS gives an answer that {error}, at {shown_url(url)}: {self._excerpt(body)}",
                    str(error),
                    url,
                    body,
                ) from error
            kind = "HTML" if body.lstrip()[:1] == b"<" else f"an answer that {error}"
            self._malformed(url, f"gives {kind}", body)
        data = document.get("data")
        if not isinstance(data, list):
            if not isinstance(data, dict):
                self._malformed(url, "answers without data", body)
            page = [data]
        return _Answer(
            url=url,
            head=body[:_HEAD_BYTES],
            page=page,
            total=_total(document.get("meta")),
            following=_next_link(document.get("links")),
        )

    def _attributes(self, record: Record, what: str) -> JsonValue:
        """What counts of a record; `BadInput` when it can't be read."""
        if isinstance(record, BadRecord):
            raise BadInput(f"OMS gives {what} in a record that {record.reason}.")
        return record.get("attributes") if isinstance(record, dict) else None

    def _placed(self, error: BadInput, answer: "_Answer", record: Record = None) -> MalformedAnswer:
        head = record.text[:_HEAD_BYTES] if isinstance(record, BadRecord) else answer.head
        address = shown_url(answer.url)
        return MalformedAnswer(f"{error} At {address}: {self._excerpt(head)}")

    def _malformed(self, url: httpx.URL, what: str, body: bytes = b"") -> NoReturn:
        text = f"OMS {what}, at {shown_url(url)}"
        if body:
            text += f": {self._excerpt(body)}"
        raise MalformedAnswer(text)

    def _excerpt(self, body: bytes) -> str:
        """The first bytes, masked before they are cut: the cut may go through a secret."""
        text = masked(body[:_HEAD_BYTES].decode("utf-8", "replace"))
        return ascii(" ".join(text[:_SHOWN_BYTES].split()))

    # Asking

    async def _ask(self, url: httpx.URL) -> bytes:
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
        raise OmsUnavailable(
            f"OMS answers {reply.status} at {address}: {self._excerpt(reply.body)}"
        )

    async def _ask_with_token(self, url: httpx.URL) -> "_Reply":
        token = await self._valid_token()
        headers = {"Accept": "application/vnd.api+json, application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"

        async def ask() -> _Reply:
            await self._keep_pause()
            try:
                return await self._reply(
                    self._client().build_request("GET", url, headers=headers), _LIMITS
                )
            finally:
                self._may_ask_at = self._clock() + self._settings.pause_s

        try:
            return await self._with_back_off(url, ask)
        except NotJson as error:
            self._malformed(url, f"gives an answer that {error}")

    async def _reply(self, request: httpx.Request, limits: JsonLimits) -> "_Reply":
        """The answer, read no further than it may be long. Raises `NotJson` if it is longer."""
        async with asyncio.timeout(self._settings.request_limit_s):
            response = await self._client().send(request, stream=True)
            try:
                if response.is_success:
                    body = b"".join([each async for each in body_of(response, limits.text_bytes)])
                else:
                    body = await head_of(response, _HEAD_BYTES)
            finally:
                await response.aclose()
        return _Reply(response.status_code, response.is_redirect, body, retry_after(response))

    async def _keep_pause(self) -> None:
        pause = self._may_ask_at - self._clock()
        if pause > 0:
            await self._sleep(pause)

    async def _with_back_off(
        self, url: httpx.URL, ask: Callable[[], Awaitable["_Reply"]]
    ) -> "_Reply":
        """The first answer that isn't 429 or 5xx; `OmsUnavailable` after the last try."""
        address = shown_url(url)
        attempt = 0
        while True:
            attempt += 1
            wanted_s: float | None = None
            cause: Exception | None = None
            try:
                reply = await ask()
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
                if not (reply.status == 429 or reply.status >= 500):
                    return reply
                reason = f"{reply.status} from {address}"
                wanted_s = reply.retry_after_s
            if attempt >= self._settings.tries:
                raise OmsUnavailable(f"OMS failed {attempt} times: {reason}.") from cause
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
                headers={
                    "User-Agent": "run-registry-desktop",
                    "Accept-Encoding": UNPACKED_HERE,
                },
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

        async def ask() -> _Reply:
            return await self._reply(
                self._client().build_request("POST", self._token_url, data=form), _TOKEN_LIMITS
            )

        address = shown_url(self._token_url)
        answer: JsonValue = None
        try:
            reply = await self._with_back_off(self._token_url, ask)
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


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a server answered, its body no longer than it may be; of errors only the beginning."""

    status: int
    is_redirect: bool
    body: bytes = field(repr=False)
    retry_after_s: float | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class _Answer:
    """One page of a JSON:API collection: its entries, and how its text begins."""

    url: httpx.URL
    head: bytes = field(repr=False)
    page: Sequence[Record]
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
    return whole_number(attributes.get("fill_number")) or None


def _number_of(record: Record, name: str) -> int | None:
    """A number that says which record it is, as far as it can be read."""
    if isinstance(record, BadRecord):
        return record.number(name)
    attributes = record.get("attributes") if isinstance(record, dict) else None
    return whole_number(attributes.get(name)) if isinstance(attributes, dict) else None


def _total(meta: JsonValue) -> int | None:
    return whole_number(meta.get("totalResourceCount")) if isinstance(meta, dict) else None


def _next_link(links: JsonValue) -> str | None:
    link = links.get("next") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return link if isinstance(link, str) and link else None
