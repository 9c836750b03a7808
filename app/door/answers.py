"""Answers: JSON by JavaScript's rules with an ETag, and nothing but a status."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from app.domain.json_value import JsonValue, js_stringify

FOR_EVERYBODY = {"Access-Control-Allow-Origin": "*"}
"""Pages of other sites may read what anybody may read."""

_JSON = "application/json; charset=utf-8"
_OF_A_BODY = frozenset({"content-length", "content-type", "content-encoding"})


class JsonText(Response):
    """JSON that is written already."""

    def __init__(self, text: str, status_code: int = 200) -> None:
        body = text.encode("utf-8", "surrogatepass")
        tag = f'W/"{len(body):x}-{hashlib.sha256(body).hexdigest()[:27]}"'
        super().__init__(body, status_code, {**FOR_EVERYBODY, "ETag": tag}, _JSON)


def answer(value: JsonValue, status_code: int = 200) -> JsonText:
    """A JSON value."""
    return JsonText(js_stringify(value), status_code)


def empty(status_code: int) -> Response:
    """Nothing but a status."""
    return Response(b"", status_code, dict(FOR_EVERYBODY))


def unless_known(request: Request, response: Response) -> Response:
    """The answer, or 304 where whoever reads already has exactly it."""
    tag = response.headers.get("etag")
    asked = request.headers.get("if-none-match")
    if (
        asked is None
        or tag is None
        or response.status_code != 200
        or request.method not in ("GET", "HEAD")
    ):
        return response
    known = [each.strip().removeprefix("W/") for each in asked.split(",")]
    if "*" not in known and tag.removeprefix("W/") not in known:
        return response
    kept = {
        name: value for name, value in response.headers.items() if name.lower() not in _OF_A_BODY
    }
    return Response(b"", 304, kept)
