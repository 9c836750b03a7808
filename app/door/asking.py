"""One request, read within its limits, with who makes it and the services it may use."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import BadInput
from app.domain.foreign_json import JsonLimits, NotJson, check_text, parse
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.domain.lumisections import GREATEST_NUMBER
from app.door.errors import NobodyNamed, NotBelieved, TooLarge
from app.door.identity import Caller
from app.door.room import Share
from app.models.database.identity import DOOR
from app.services.acting import Acting, OfLogin
from app.services.configuration import in_force as configurations

DEPTH = 100
MOST_PARTS = 200_000
"""Values that a body may hold, about: a parser of more keeps all threads waiting for seconds."""
MOST_CONDITIONS = 5_000
"""Objects of a filter or a rule; each becomes a condition that is looked at by itself."""
_FRESH_S = 60.0
"""For so long the e-groups of a login count as the database has them."""


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, and what those of all at once may hold while bodies come and
    answers are taken."""

    body_bytes: int = 16 << 20
    page_rows: int = 20_000
    answer_bytes: int = 256 << 20
    bodies_bytes: int = 128 << 20
    answers_bytes: int = 384 << 20


@dataclass(frozen=True)
class Asked:
    """A request: whoever makes it, the parts of its address, and its body, `{}` without one.

    `query` has the last value of each name behind the question mark. It chooses what is shown;
    nothing is ever done because of it. `public_url` is where others find the door, empty where
    nobody said.
    """

    caller: Caller
    reading: Acting
    limits: Limits
    parts: JsonObject
    body: JsonObject = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    public_url: str = ""

    def part(self, name: str) -> str:
        """A part of the address."""
        return str(self.parts[name])

    def number(self, text: object) -> int:
        """A run number that was sent; refused in the database's words when it isn't one."""
        value = whole_number(text) if not isinstance(text, str) else _digits(text)
        if value is None:
            raise BadInput(f'invalid input syntax for type integer: "{_shown(text)}"')
        if abs(value) > GREATEST_NUMBER:
            raise BadInput(f'value "{value}" is out of range for type integer')
        return value

    def acting(self) -> Acting:
        """The services in the name of the person. Raises NobodyNamed or NotBelieved."""
        actor, db = self.caller.actor, self.reading.db
        if not actor.email or not self.caller.proves():
            raise NobodyNamed
        guard = db.guard
        if guard is None:
            return self.reading.by(actor)
        if guard.kind == DOOR:
            named = db.naming(actor.email)
            assert named.guard is not None
            person = Actor(named.guard.email, named.guard.egroups)
            return Acting(named, person, self.reading.ask_oms)
        if guard.email != actor.email:
            raise NotBelieved(
                f"The login of this door stands for {guard.email or guard.kind}: it can't act for"
                f" {actor.email}. Give the door a login of kind door."
            )
        db.renew_guard(_FRESH_S)
        return self.reading.by(OfLogin(db))

    def permitted(self, *paths: str) -> Acting:
        """The same with the right to act at one of the paths. Raises NotPermitted."""
        acting = self.acting()
        if acting.db.guard is None and not acting.actor.egroups:
            raise NobodyNamed
        configurations.current(acting).permissions.check_any(acting.actor, paths)
        return acting

    def permitted_all(self, *paths: str) -> Acting:
        """The same with the right to act at each of the paths."""
        acting = self.permitted(paths[0])
        configurations.current(acting).permissions.check_all(acting.actor, paths)
        return acting


Answerer = Callable[[Asked], Response]


async def read_body(request: Request, most_bytes: int, share: Share) -> bytes:
    """The body, given up as soon as it is too long or there is no room. Raises TooLarge or
    Unavailable."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:18]) > most_bytes:
        raise TooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            raise TooLarge
        share.grow(len(body))
    return bytes(body)


def body_of(text: bytes, most_bytes: int) -> JsonObject:
    """The object a body holds; none is an empty one. Raises BadInput in the words of a browser."""
    if not text.strip():
        return {}
    value = parsed(text, DEPTH, most_bytes)
    if not isinstance(value, dict):
        raise BadInput("The body must be an object of JSON.")
    return value


def parsed(text: bytes, depth: int, most_bytes: int = 1 << 20) -> JsonValue:
    """A JSON value that was sent. Raises BadInput in the words of a browser."""
    limits = JsonLimits(text_bytes=most_bytes, depth=depth)
    if sum(map(text.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise BadInput(f"The body holds more than {MOST_PARTS} values: ask in several requests.")
    try:
        check_text(text, limits)
    except NotJson as error:
        raise BadInput(f"The body {error}.") from error
    try:
        return parse(text, limits)
    except NotJson as error:
        raise BadInput(_as_javascript_says(text) or f"The body {error}.") from error


def check_conditions(value: JsonValue, what: str) -> None:
    """Refuses a filter or a rule of more objects than can be looked at while others wait."""
    left = MOST_CONDITIONS
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            left -= 1
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        if left < 0:
            raise BadInput(
                f"The {what} has more than {MOST_CONDITIONS} conditions: ask in several requests."
            )


def _as_javascript_says(text: bytes) -> str:
    """Why a text is no JSON; empty when it is one after all."""
    try:
        decoded = text.decode("utf-8")
        json.loads(decoded)
    except json.JSONDecodeError as error:
        if error.pos >= len(decoded):
            return "Unexpected end of JSON input"
        if error.msg.startswith("Expecting property name"):
            return f"Expected property name or '}}' in JSON at position {error.pos}"
        return f"Unexpected token {decoded[error.pos]} in JSON at position {error.pos}"
    except ValueError:
        return "The body is not UTF-8."
    return ""


def _digits(text: str) -> int | None:
    stripped = text.strip()
    unsigned = stripped.removeprefix("-")
    fine = unsigned.isascii() and unsigned.isdecimal() and len(unsigned) <= 18
    return int(stripped) if fine else None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:80]
