"""Addresses of databases and doors, before anything is asked there."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from run_registry.errors import RunRegistryError

_DATABASES = ("postgresql", "postgres")


def is_door(address: str) -> bool:
    """Whether this is the address of a door; else it is that of a database. Raises
    RunRegistryError for what is neither."""
    scheme, mark, _ = address.lower().partition("://")
    if mark and scheme in ("http", "https"):
        return True
    if mark and scheme.startswith(_DATABASES):
        return False
    raise RunRegistryError(
        f"{address!r} is no address: write postgresql://USER@HOST/DATABASE for a database, or"
        " http://HOST:9500 for a door."
    )


def door_address(address: str, *, with_token: bool) -> str:
    """The address of a door, without a slash at its end. Raises RunRegistryError when it is none,
    or when a token would go to another machine unencrypted."""
    stripped = address.rstrip("/")
    parts = _parts(stripped)
    if with_token and parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        raise RunRegistryError(
            f"A token isn't sent to {stripped}, where anybody on the way can read it: use https."
        )
    return stripped


def _parts(address: str) -> Any:
    try:
        parts = urlsplit(address)
        named = parts.hostname
    except ValueError:
        named = None
    if not named:
        raise RunRegistryError(f"{address!r} is no address: write http://HOST:PORT.")
    return parts


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
