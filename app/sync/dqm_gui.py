"""The DQM GUI over HTTPS: its list of datasets, streamed, and the loop that brings it in."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar, Unpack

from app.domain.errors import BadInput, Unavailable
from app.domain.foreign_json import JsonLimits, NotJson, RecordReader
from app.domain.masking import keep_secret, masked
from app.domain.sources.dqm_gui import GuiListing, GuiOutcome, GuiStatus, ListingBuilder
from app.domain.sources.pull import PullerReport
from app.sync.back_off import Again, BackOff, Wait
from app.sync.client import httpx
from app.sync.elected_loop import ElectedLoop, LoopOptions, in_thread
from app.sync.election import Election
from app.sync.http import (
    UNPACKED_HERE,
    HttpClient,
    body_of,
    certificates,
    checked_url,
    is_loopback,
    retry_after,
    shown_url,
)

CERN_DQM_GUI = "https://cmsweb.cern.ch/dqm/offline"
SAMPLES = "/data/json/samples"
EVERYTHING = "*."

_LIMITS = JsonLimits(text_bytes=256 << 20)  # some 40 MB are usual
_SHOWN_BYTES = 160

Answer = TypeVar("Answer")


class GuiUnavailable(Unavailable):
    """The DQM GUI can't be reached, refuses access, or fails."""


@dataclass(frozen=True, slots=True)
class DqmGuiSettings:
    """Where the DQM GUI is, with which X.509 certificate it is asked, and how politely.

    `key` may be left out when the certificate's file holds it too.
    """

    url: str = CERN_DQM_GUI
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    ca_bundle: Path | None = None
    connect_limit_s: float = 10.0
    silence_limit_s: float = 90.0
    request_limit_s: float = 600.0
    tries: int = 4
    first_wait_s: float = 2.0
    longest_wait_s: float = 300.0


class GuiRequests(HttpClient):
    """Asks the DQM GUI, for one asyncio loop. `on_wait` hears of back-offs, and None after."""

    _accepts = "application/json"
    _at_once = 1

    def __init__(
        self,
        settings: DqmGuiSettings,
        *,
        on_wait: Callable[[Wait | None], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(checked_url(settings.url, "address of the DQM GUI"))
        self._settings = settings
        keep_secret(settings.key_password)
        self._back_off = BackOff(
            "The DQM GUI",
            GuiUnavailable,
            settings.tries,
            settings.first_wait_s,
            settings.longest_wait_s,
            on_wait,
            sleep,
            jitter,
        )

    @property
    def _certificate_hint(self) -> str:
        if self._settings.certificate is not None:
            return "it doesn't accept our certificate"
        return "it needs a certificate; name yours in the settings"

    async def _answer(
        self, url: httpx.URL, read: Callable[[httpx.Response, httpx.URL], Awaitable[Answer]]
    ) -> Answer:
        """What `read` makes of a good answer. Raises `GuiUnavailable` after the last try."""
        return await self._back_off.answer(url, lambda: self._ask(url, read))

    async def _ask(
        self, url: httpx.URL, read: Callable[[httpx.Response, httpx.URL], Awaitable[Answer]]
    ) -> Answer | Again:
        """The answer, or why to ask again."""
        try:
            async with (
                asyncio.timeout(self._settings.request_limit_s),
                self._client().stream("GET", url) as response,
            ):
                return self._why_again(response, url) or await read(response, url)
        except (httpx.TransportError, ssl.SSLError) as error:
            # Only while the answer is read does TLS 1.3 tell that a certificate is missing.
            about_ours = isinstance(error, ssl.SSLError) or "ALERT" in str(error)
            if about_ours and "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise GuiUnavailable(
                    f"The DQM GUI refuses access at {shown_url(url)}: {self._certificate_hint}."
                ) from error
            raise

    def _why_again(self, response: httpx.Response, url: httpx.URL) -> Again | None:
        """Why to ask again, None for a good answer."""
        status = response.status_code
        if status == 429 or response.is_server_error:
            return Again(f"{status} from {shown_url(url)}", retry_after(response))
        if response.is_redirect or status in {401, 403}:
            raise GuiUnavailable(
                f"The DQM GUI refuses access ({status}) at {shown_url(url)}:"
                f" {self._certificate_hint}."
            )
        if not response.is_success:
            raise GuiUnavailable(f"The DQM GUI answers {status} at {shown_url(url)}.")
        return None

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            settings = self._settings
            context = certificates((self._base,), settings.ca_bundle)
            if settings.certificate is not None:
                _present(context, settings)
            self._http = httpx.AsyncClient(
                verify=context,
                timeout=httpx.Timeout(settings.silence_limit_s, connect=settings.connect_limit_s),
                # The GUI answers programs that don't name themselves with an error.
                headers={
                    "User-Agent": "run-registry-desktop",
                    "Accept": self._accepts,
                    "Accept-Encoding": UNPACKED_HERE,
                },
                limits=httpx.Limits(max_connections=self._at_once),
                # A proxy of the environment can't reach a server on this machine's loopback.
                trust_env=not is_loopback(self._base.host),
            )
        return self._http


class DqmGuiClient(GuiRequests):
    """The list of datasets."""

    async def listing(self, match: str = EVERYTHING) -> GuiListing:
        """What the GUI has. Raises `GuiUnavailable` after the last try, `BadInput` when the answer
        is no list of samples."""
        url = httpx.URL(f"{self._base}{SAMPLES}", params={"match": match})
        async with self._one_at_a_time:
            return await self._answer(url, self._parsed)

    async def _parsed(self, response: httpx.Response, url: httpx.URL) -> GuiListing:
        builder = ListingBuilder()
        reader = RecordReader("samples", "items", limits=_LIMITS)
        try:
            async for piece in body_of(response, _LIMITS.text_bytes):
                reader.feed(piece)
            document, batches = reader.read()
            if not isinstance(document.get("samples"), list):
                raise NotJson("has no samples")
            for batch in batches:
                for item in batch:
                    builder.add(item)
                await asyncio.sleep(0)  # so that a stop isn't kept waiting
        except NotJson as error:
            raise self._malformed(url, str(error), reader.head) from error
        return builder.listing()

    def _malformed(self, url: httpx.URL, reason: str, head: bytes) -> BadInput:
        kind = "HTML" if head.lstrip()[:1] == b"<" else f"an answer that {reason}"
        text = masked(head.decode("utf-8", "replace"))[:_SHOWN_BYTES]
        excerpt = ascii(" ".join(text.split()))
        return BadInput(f"The DQM GUI gives {kind}, at {shown_url(url)}: {excerpt}")


def _present(context: ssl.SSLContext, settings: DqmGuiSettings) -> None:
    """Has the connection show our certificate."""
    assert settings.certificate is not None
    try:
        context.load_cert_chain(settings.certificate, settings.key, lambda: _no_terminal(settings))
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            f"The certificate {settings.certificate} can't be used: {error}. It takes a PEM file"
            " with the certificate, and one with its key."
        ) from error


def _no_terminal(settings: DqmGuiSettings) -> str:
    """The password of the key; without this OpenSSL would ask for it on the terminal."""
    return settings.key_password or ""


class GuiStore(Protocol):
    """Where the loop writes to: called from any thread; all may wait and raise `Unavailable`."""

    def apply(self, listing: GuiListing) -> GuiOutcome: ...

    def report(self, status: GuiStatus) -> None: ...

    def reported(self) -> PullerReport | None: ...


def listing_now(settings: DqmGuiSettings) -> GuiListing:
    """What the GUI has, waited for; for the command line."""

    async def ask() -> GuiListing:
        async with DqmGuiClient(settings) as client:
            return await client.listing()

    return asyncio.run(ask())


class GuiLoop(ElectedLoop[DqmGuiClient, GuiStatus]):
    """Brings in what the DQM GUI has, in its own thread, as long as this client is elected.

    `on_status` is called in that thread.
    """

    def __init__(
        self,
        make_client: Callable[[Callable[[Wait | None], None]], DqmGuiClient],
        store: GuiStore,
        election: Election,
        *,
        interval_s: float = 600.0,
        longest_interval_s: float = 3600.0,
        **options: Unpack[LoopOptions[GuiStatus]],
    ) -> None:
        super().__init__(
            "dqm-gui",
            GuiStatus(),
            (GuiUnavailable,),
            make_client,
            election,
            interval_s=interval_s,
            longest_interval_s=longest_interval_s,
            **options,
        )
        self._store = store

    async def _pull(self, client: DqmGuiClient) -> None:
        self._set(activity="reading the list of datasets")
        listing = await client.listing()
        if not await in_thread(self._election.held):
            raise Unavailable("The lock of the puller is lost: another client may pull now.")
        self._set(activity=f"matching {listing.items} datasets")
        outcome = await in_thread(self._store.apply, listing)
        self._succeeded(
            activity=outcome.text,
            appeared=self._status.appeared + len(outcome.appeared),
            problems=outcome.problems,
        )

    def _report(self, status: GuiStatus) -> None:
        self._store.report(status)

    def _reported(self) -> PullerReport | None:
        return self._store.reported()
