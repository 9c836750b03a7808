"""The area of the read API: its addresses, its document and its page."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from app.door.areas import Address, Area
from app.door.asking import Asked
from app.door.errors import NoSuchAddress
from app.door.v1 import docs_page, openapi
from app.door.v1.answered import IndexAnswer
from app.door.v1.answering import Answered, respond
from app.door.v1.asked import Nothing, taken
from app.door.v1.negotiation import OF_OBJECTS, form_of
from app.door.v1.operations import OPERATIONS, Operation
from app.door.v1.problems import BadParameter, WrongMethod, told
from app.services import names

_DOCUMENT = dict[str, object]
_PAGE_HEADERS = {
    "Content-Security-Policy": docs_page.POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _answer(operation: Operation, asked: Asked) -> Response:
    named = asked.query.get("format", "") if len(operation.forms) > 1 else ""
    form = form_of(named, asked.headers.get("accept", ""), operation.forms)
    given: Mapping[str, object]
    if operation.body:
        if asked.query:
            name = next(iter(asked.query))
            raise BadParameter(name[:80], "What is asked for stands in the body here.")
        given = asked.body
    else:
        given = {**asked.query, **asked.parts}
    found = operation.answerer(asked, taken(operation.takes, given))
    return respond(asked, _path(operation, asked), found, form, operation.gives)


def _path(operation: Operation, asked: Asked) -> str:
    return operation.path.format_map(asked.parts)


def _index(asked: Asked) -> Response:
    taken(Nothing, asked.query)
    form = form_of("", asked.headers.get("accept", ""), OF_OBJECTS)
    addresses = {each.path: f"{each.method}: {each.says}" for each in OPERATIONS}
    index = IndexAnswer(names.newest_version(asked.reading), addresses, _OPENAPI, _DOCS)
    return respond(asked, _INDEX, Answered(index), form, IndexAnswer)


def _openapi(asked: Asked) -> Response:
    return respond(asked, _OPENAPI, Answered(openapi.document()), OF_OBJECTS[0], _DOCUMENT)


def _docs(_asked: Asked) -> Response:
    return Response(docs_page.page().encode(), 200, _PAGE_HEADERS, "text/html; charset=utf-8")


def _told(request: Request, error: Exception) -> Response:
    path = request.url.path.rstrip("/")
    ways = {each.method for each in OPERATIONS if each.pattern.fullmatch(path)}
    if isinstance(error, NoSuchAddress) and ways and request.method not in ways:
        error = WrongMethod(request.method, sorted(ways))
    return told(request, error)


def _owns(request: Request) -> bool:
    return f"{request.url.path}/".startswith("/v1/")


_INDEX = "/v1"
_OPENAPI = "/v1/openapi.json"
_DOCS = "/docs"

AREA = Area(
    (
        Address("GET", _INDEX, _index),
        Address("GET", _OPENAPI, _openapi),
        Address("GET", _DOCS, _docs),
        *(
            Address(each.method, each.path, partial(_answer, each), each.lane)
            for each in sorted(OPERATIONS, key=lambda each: len(each.parts))
        ),
    ),
    _told,
    _owns,
)
