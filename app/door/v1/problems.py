"""What is wrong, as `application/problem+json` (RFC 9457): what, where, and what to do."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import (
    BadInput,
    NotFound,
    NotPermitted,
    Refused,
    RegistryError,
    Unavailable,
)
from app.domain.json_value import JsonObject, js_stringify
from app.door.answers import FOR_EVERYBODY
from app.door.errors import NobodyNamed, NoSuchAddress, NotBelieved, TooLarge, TooSlow

PROBLEM = "application/problem+json"
_LONGEST_PATH = 200


class BadParameter(BadInput):
    """A parameter, or a member of a body, that can't be taken; `name` says which."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class BadCursor(BadParameter):
    """A cursor that is none of this question."""

    def __init__(self, text: str) -> None:
        super().__init__("cursor", text)


class NoSuchForm(RegistryError):
    """An answer in a form that can't be given; the text says which can."""


class WrongMethod(RegistryError):
    """An address that is asked in a way in which it isn't answered; `ways` are those that are."""

    def __init__(self, method: str, ways: Sequence[str]) -> None:
        super().__init__(f"{method} is not answered here: ask with {' or '.join(ways)}.")
        self.ways = ways


class TooMuch(BadInput):
    """An answer that is longer than the door gives in one piece."""


_STATUSES: Mapping[type[RegistryError], HTTPStatus] = {
    NoSuchAddress: HTTPStatus.NOT_FOUND,
    WrongMethod: HTTPStatus.METHOD_NOT_ALLOWED,
    NotBelieved: HTTPStatus.UNAUTHORIZED,
    NobodyNamed: HTTPStatus.UNAUTHORIZED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    NoSuchForm: HTTPStatus.NOT_ACCEPTABLE,
    TooMuch: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    BadInput: HTTPStatus.BAD_REQUEST,
    Refused: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first that fits."""

_TO_DO: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "Change what you asked; /docs says what each address takes.",
    HTTPStatus.UNAUTHORIZED: "Send a valid token, or none: reading takes no identity.",
    HTTPStatus.NOT_FOUND: "Check the name or the number; /docs lists all addresses.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This API only reads; /docs lists all addresses.",
    HTTPStatus.NOT_ACCEPTABLE: "Ask for one of these with ?format= or Accept.",
    HTTPStatus.REQUEST_TIMEOUT: "Send the body at once.",
    HTTPStatus.CONFLICT: "Read the reason: what it names has to change first.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send a shorter body.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Ask for less: fewer rows, columns or datasets.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Tell whoever runs this server; its log tells more.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a few seconds.",
}


def told(request: Request, error: Exception) -> Response:
    """The answer that tells an error."""
    status = next(
        (status for kind, status in _STATUSES.items() if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    path = request.url.path[:_LONGEST_PATH]
    document: JsonObject = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": _detail(error),
        "instance": path,
    }
    if isinstance(error, BadParameter):
        document["parameter"] = error.name
    if status in _TO_DO:
        document["advice"] = _TO_DO[status]
    headers = dict(FOR_EVERYBODY)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        headers["Allow"] = ", ".join(error.ways)
    body = js_stringify(document).encode("utf-8", "replace")
    return Response(body, int(status), headers, PROBLEM)


def _detail(error: Exception) -> str:
    match error:
        case NoSuchAddress():
            return "Nothing is at this address."
        case NobodyNamed():
            return "Nobody is named by whom this could be done."
        case TooLarge():
            return "The body is longer than this server takes."
        case TooSlow():
            return "The body did not come in time."
        case Unavailable():
            return error.advised
        case RegistryError():
            return str(error)
    return "An error in the program."
