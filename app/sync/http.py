"""What the clients of OMS and the DQM GUI share: connections, addresses, certificates, bodies."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote

from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson
from app.sync.client import httpx

UNPACKED_HERE = "gzip, deflate"
"""What to ask servers for: a small answer in any other packing could become any size."""

_PIECE_BYTES = 1 << 18
_MOST_BYTES_OF_AN_ERROR = 1 << 20
_READS_BOTH = 32 + zlib.MAX_WBITS  # gzip and deflate


class HttpClient:
    """A client of the server at `base`, for one asyncio loop; its connections are kept."""

    def __init__(self, base: httpx.URL) -> None:
        self._base = base
        self._http: httpx.AsyncClient | None = None
        self._one_at_a_time = asyncio.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self._base)})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()


def checked_url(text: str, what: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL:
        # What it says may hold a password.
        raise BadInput(f"The {what} can't be read: it looks like https://host/path.") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise BadInput(f"The {what} must begin with https:// and name a server.")
    return url


def shown_url(url: httpx.URL) -> str:
    """The address as it can be read; a server that leads us on may put anything into it."""
    text = unquote(str(url.copy_with(userinfo=b"")))
    return "".join(each if each.isprintable() else quote(each) for each in text)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def certificates(urls: Sequence[httpx.URL], ca_bundle: Path | None) -> ssl.SSLContext:
    """The usual authorities and those of the bundle; there is no way not to verify."""
    if all(url.scheme == "http" for url in urls):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, costs nothing to make
    context = httpx.create_ssl_context()
    if ca_bundle is not None:
        try:
            if ca_bundle.is_dir():
                context.load_verify_locations(capath=ca_bundle)
            else:
                context.load_verify_locations(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(f"The CA bundle {ca_bundle} can't be read: {error}.") from error
    return context


async def body_of(response: httpx.Response, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body of a streamed answer, unpacked, piece by piece.

    Raises `NotJson` when it is longer than that, packed or unpacked, or packed in another way than
    asked for, and `httpx.DecodingError` when it can't be unpacked.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise NotJson(f"is packed as {packing[:40]!a}, which wasn't asked for")
    unpack = None if packing in {"", "identity"} else _Unpacking()
    packed = unpacked = 0
    async for raw in response.aiter_raw():
        packed += len(raw)
        for piece in (raw,) if unpack is None else unpack.pieces(raw):
            unpacked += len(piece)
            if max(packed, unpacked) > most_bytes:
                raise NotJson(f"is longer than {most_bytes >> 20} MB")
            yield piece
    if unpack is not None and not unpack.is_complete:
        raise httpx.DecodingError("the packed answer breaks off")


class _Unpacking:
    """Unpacks an answer in pieces of bounded size, however much a few bytes may stand for."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_READS_BOTH)

    @property
    def is_complete(self) -> bool:
        return self._unpacker.eof

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            if self._unpacker.eof:  # a packed file may be several, one after the other
                self._unpacker = zlib.decompressobj(_READS_BOTH)
            try:
                piece = self._unpacker.decompress(packed, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if piece:
                yield piece


async def head_of(response: httpx.Response, most_bytes: int) -> bytes:
    """How the body of a streamed answer begins, as far as it can be read, for a message."""
    head = b""
    try:
        async with aclosing(body_of(response, _MOST_BYTES_OF_AN_ERROR)) as pieces:
            async for piece in pieces:
                head += piece
                if len(head) >= most_bytes:
                    break
    except (NotJson, httpx.DecodingError):
        return head
    return head[:most_bytes]


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks us to wait; it may say so in seconds or as a date."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        date = parsedate_to_datetime(said)
    except (ValueError, OverflowError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
