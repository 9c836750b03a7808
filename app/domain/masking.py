"""Passwords, tokens and secrets, taken out of every text that leaves the program."""

import re
import threading
from urllib.parse import quote, unquote

_MASKED = "***"
_MOST_KEPT = 200
_SHORTEST = 4
_LONG = 16

_DATABASE = re.compile(r"(postgres(?:ql)?(?:\+\w+)?://[^\s:/]*:)\S*(?=@)", re.IGNORECASE)
"""An address to the last @ in it: a password that isn't written as it should be holds one, too."""

_WEB = re.compile(r"(\w://[^\s:/@]*:)[^\s@/]+(?=@)")
_BEARER = re.compile(r"((?i:bearer|basic)\s+)[\w.~+/=-]{8,}")
_NAMED = re.compile(
    r"(?P<name>\b\w*(?:password|passwd|secret|access_token|subject_token|refresh_token"
    r"|id_token)[\"']?\s*[=:]\s*)"
    r"(?:(?P<quote>[\"'])(?:(?!(?P=quote))[^\\]|\\.)*|[^\s\"'&,;)}]+)",
    re.IGNORECASE | re.DOTALL,
)

_lock = threading.Lock()
_kept: dict[str, re.Pattern[str]] = {}


def keep_secret(secret: str | None) -> None:
    """From now on the secret is masked in every text, however it may be written there.

    One that is shorter than four characters isn't: it would be found in every other word.
    """
    given = (secret or "").strip()
    if len(given) < _SHORTEST:
        return
    forms = {given, quote(given, safe=""), quote(given), unquote(given), repr(given)[1:-1]}
    # A short one may be part of a common word, and is only masked where it stands alone.
    edges = ("", "") if len(given) >= _LONG else (r"(?<!\w)", r"(?!\w)")
    each = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    with _lock:
        _kept.pop(given, None)
        _kept[given] = re.compile(f"{edges[0]}(?:{each}){edges[1]}")
        while len(_kept) > _MOST_KEPT:
            del _kept[next(iter(_kept))]


def masked(text: str) -> str:
    """The text without what is secret in it."""
    with _lock:
        kept = tuple(_kept.values())
    for pattern in kept:
        text = pattern.sub(_MASKED, text)
    # Each sentence of a window comes here, and hardly one holds any of these.
    if "://" in text:
        text = _DATABASE.sub(rf"\g<1>{_MASKED}", text)
        text = _WEB.sub(rf"\g<1>{_MASKED}", text)
    if not text.isascii() or any(word in text.lower() for word in ("bearer", "basic")):
        text = _BEARER.sub(rf"\g<1>{_MASKED}", text)
    if "=" in text or ":" in text:
        text = _NAMED.sub(lambda found: f"{found['name']}{found['quote'] or ''}{_MASKED}", text)
    return text


def check_database_address(address: str) -> None:
    """Raises ValueError, without a word of the address, when its password would be told.

    In an address whose password holds / or @ the rest of the password is read as the name of the
    server or of the database, and is shown as such.
    """
    _, is_url, place = address.strip().partition("://")
    user, _, _ = re.split(r"\?(?=\w+=)", place)[0].rpartition("@")
    if is_url and re.search(r"[/@?]", user):
        raise ValueError(
            "holds an @ or / that isn't meant as such: in a user or password write %40 for @,"
            " %2F for / and %3F for ?"
        )
