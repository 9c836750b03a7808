"""Answers: JSON by JavaScript's rules with an ETag, and nothing but a status."""

import hashlib

from starlette.responses import Response

from app.domain.json_value import JsonValue, js_stringify

FOR_EVERYBODY = {"Access-Control-Allow-Origin": "*"}
"""Pages of other sites may read what anybody may read."""

_JSON = "application/json; charset=utf-8"


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
