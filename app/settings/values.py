"""What values of settings are, and how they may be written."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from app.domain.identity import AUTO
from app.domain.masking import check_database_address
from app.settings.declared import After, Before, Wanted


def _web_address(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a web address (https://host/path)")
    return text.rstrip("/")


def _database_address(text: str) -> str:
    if _split(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("is not a database address (postgresql://user@host:port/database)")
    check_database_address(text)
    return text


def _split(text: str) -> SplitResult:
    """The parts of an address, empty ones when it has none: the library would tell the text."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _e_mail(text: str) -> str:
    if text.startswith(AUTO):
        raise ValueError(f"begins with {AUTO}, which stands for automatic changes only")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("is not an e-mail address")
    return text


def _names(value: object) -> object:
    """A list of names may be written as one text with commas or blanks between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("[", "{", '"')):
        return _json(value, list, 'a list of names, such as a,b or ["a", "b"]')
    names = [name for name in re.split(r"[,\s]+", value) if name]
    if odd := next((name for name in names if set(name) & set("[]{}\"'")), None):
        raise ValueError(f'is not a list of names, such as a,b or ["a", "b"]: {odd}')
    return names


def _json(text: str, kind: type, wanted: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"is not {wanted}")
    return value


def _colours(value: object) -> object:
    """Colours may be written as `place=#rrggbb` with commas between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("{", "[")):
        return _json(value, dict, "colours, such as host:5432/name=#aa0000")
    pairs = (entry.rpartition("=") for entry in value.split(",") if entry.strip())
    return {place.strip(): colour.strip() for place, _, colour in pairs}


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("is not a colour such as #aa0000")
    return text


def _applications(value: object) -> object:
    """Applications may be written as JSON: `{"client id": "e-mail e-group e-group"}`."""
    if not isinstance(value, str):
        return value
    return _json(value, dict, 'a table, such as {"client id": "e-mail e-group"}')


def _person_and_egroups(text: str) -> str:
    email, *_ = text.split() or [""]
    _e_mail(email)
    return text


def _server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    if not (colon and host.strip("[]") and is_port) or set(text) & set("/@ "):
        raise ValueError("is not a server (host:port)")
    return text


def _recipients(value: object) -> object:
    """Recipients may be written as `kind=address address` with commas between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("{", "[")):
        return _json(value, dict, "recipients, such as all=group@cern.ch")
    pairs = (entry.partition("=") for entry in value.split(",") if entry.strip())
    return {kind.strip(): addresses.strip() for kind, _, addresses in pairs}


def _addresses(text: str) -> str:
    addresses = text.split()
    if not addresses:
        raise ValueError("has no address")
    for each in addresses:
        _e_mail(each)
    return " ".join(addresses)


def _each(change: Callable[[str], str]) -> Callable[[Mapping[str, str]], object]:
    """The same done with each value of a table."""

    def changed(table: Mapping[str, str]) -> dict[str, str]:
        return {key: change(value) for key, value in table.items()}

    return changed


Kind = Literal["all", "flags", "deadlines", "mentions", "proposals", "official", "marks", "freezes"]
"""What is told to a team, as `app.domain.notifications` names it."""

WebAddress = Annotated[str, After(_web_address)]
DatabaseAddress = Annotated[str, After(_database_address)]
EMail = Annotated[str, After(_e_mail)]
Server = Annotated[str, After(_server)]
Names = Annotated[tuple[str, ...], Before(_names), Wanted("a list of names, such as a,b")]
Colours = Annotated[
    dict[str, str],
    Before(_colours),
    Wanted("colours, such as host:5432/name=#aa0000"),
    After(_each(_colour)),
]
Applications = Annotated[
    dict[str, str],
    Before(_applications),
    Wanted('a table, such as {"client id": "e-mail e-group"}'),
    After(_each(_person_and_egroups)),
]
Kinds = Annotated[tuple[Kind, ...], Before(_names), Wanted(f"some of {', '.join(get_args(Kind))}")]
Recipients = Annotated[
    dict[Kind, str],
    Before(_recipients),
    Wanted(f"addresses by kind, such as all=group@cern.ch; kinds are {', '.join(get_args(Kind))}"),
    After(_each(_addresses)),
]
