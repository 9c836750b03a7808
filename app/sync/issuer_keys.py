"""The public keys with which an issuer of tokens signs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.errors import Unavailable
from app.domain.foreign_json import NotJson
from app.sync.client import httpx
from app.sync.http import UNPACKED_HERE, body_of, certificates, checked_url, shown_url

_TIMEOUT_S = 5.0
_TOGETHER_S = 10.0
_MOST_BYTES = 1 << 20


def fetch_keys(address: str, ca_bundle: Path | None = None) -> bytes:
    """The document with the keys (JWKS) as it comes. Raises Unavailable within ten seconds."""
    url = checked_url(address, "address of the issuer's keys")

    async def ask() -> bytes:
        async with (
            asyncio.timeout(_TOGETHER_S),
            httpx.AsyncClient(
                verify=certificates([url], ca_bundle),
                timeout=_TIMEOUT_S,
                headers={"Accept": "application/json", "Accept-Encoding": UNPACKED_HERE},
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Unavailable(
                    f"{shown_url(url)} answered {response.status_code} instead of its keys."
                )
            return b"".join([piece async for piece in body_of(response, _MOST_BYTES)])

    try:
        return asyncio.run(ask())
    except (httpx.HTTPError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        raise Unavailable(f"The keys of {shown_url(url)} can't be fetched: {said}.") from error
    except NotJson as error:
        raise Unavailable(
            f"The keys of {shown_url(url)} can't be read: the answer {error}."
        ) from error
