"""From what an address found to an answer: its form, and a tag of exactly these bytes."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from urllib.parse import urlencode

from pydantic import TypeAdapter
from starlette.responses import Response

from app.door.answers import FOR_EVERYBODY
from app.door.asking import Asked
from app.door.v1.negotiation import Form
from app.door.v1.problems import TooMuch
from app.door.v1.tables import Table, written

_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; sandbox"
)
"""What a browser may do with a page that has its style in it: show it."""


@dataclass(frozen=True)
class Answered:
    """An answer of a declared type, its table where it is one, and the cursor of what follows."""

    value: object
    table: Callable[[], Table] | None = None
    next: str | None = None


def respond(
    asked: Asked, path: str, answered: Answered, form: Form, kind: type[object]
) -> Response:
    """The answer in its form."""
    if form is Form.JSON:
        body = adapter(kind).dump_json(answered.value)
    elif form is Form.HTML:
        body = str(answered.value).encode()
    else:
        assert answered.table is not None
        body = written(answered.table(), form)
    most = asked.limits.answer_bytes
    if len(body) > most:
        raise TooMuch(f"The answer is longer than {most >> 20} MB.")
    tag = f'"{hashlib.sha256(form.value.encode() + body).hexdigest()[:32]}"'
    headers = {
        **FOR_EVERYBODY,
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Vary": "Accept",
        "Access-Control-Expose-Headers": "ETag, Link",
        "X-Content-Type-Options": "nosniff",
    }
    if form is Form.HTML:
        headers["Content-Security-Policy"] = _PAGE_POLICY
        headers["Referrer-Policy"] = "no-referrer"
    if answered.next is not None:
        following = urlencode({**asked.query, "cursor": answered.next})
        headers["Link"] = f'<{path}?{following}>; rel="next"'
    return Response(body, 200, headers, _content_type(form))


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", kind))


def adapter(kind: type[object]) -> TypeAdapter[Any]:
    """Writes values of a type, and describes it."""
    return _adapter(cast("Hashable", kind))


def _content_type(form: Form) -> str:
    if form is Form.CSV:
        return f"{form.media_type}; charset=utf-8; header=present"
    if form is Form.HTML:
        return f"{form.media_type}; charset=utf-8"
    return form.media_type
