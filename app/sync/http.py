"""What the clients of OMS and of the DQM GUI share: addresses, certificates, waiting."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

import httpx

from app.domain.errors import BadInput


@dataclass(frozen=True, slots=True)
class Wait:
    """The client waits before it asks again."""

    seconds: float
    reason: str


def checked_url(text: str, what: str) -> httpx.URL:
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL as error:
        raise BadInput(f"The {what} can't be read: {error}.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise BadInput(f"The {what} must begin with https:// and name a server.")
    return url


def shown_url(url: httpx.URL) -> str:
    return unquote(str(url.copy_with(userinfo=b"")))


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


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks us to wait; it may say so in seconds or as a date."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
