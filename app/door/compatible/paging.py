"""Pages of the tables: their filters, sortings and sizes as the web service's clients send them."""

from collections.abc import Callable, Iterable, Sequence
from math import ceil

from starlette.responses import Response

from app.domain.errors import BadInput
from app.domain.filters import (
    Field,
    Node,
    UnknownAttribute,
    from_web_service,
    web_service_field,
)
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.domain.keys import DatasetKey
from app.door.asking import Asked, check_conditions
from app.door.compatible import shapes
from app.models.lists.tables.query import Sort, TableKind, TableQuery
from app.services.acting import Acting
from app.services.web_service import rows

DEFAULT_ROWS = 50
_MOST_SORTS = 10
_GREATEST = 2**31 - 1

Listed = Callable[[Acting, Sequence[DatasetKey]], Iterable[str]]


def page(asked: Asked, kind: TableKind, listed: Listed) -> Response:
    """The page that a body asks for, and how many rows and pages there are in all."""
    size = _whole(asked.body, "page_size", DEFAULT_ROWS)
    number = _whole(asked.body, "page", 0)
    if size < 1 or number < 0:
        raise BadInput("A page has a number from 0 on and at least one row (page_size).")
    most = asked.limits.page_rows
    query = TableQuery(
        kind,
        from_body(asked, kind),
        _sorts(kind, asked.body.get("sortings")),
        min(number * size, _GREATEST),
        min(size, most + 1),
        include_online=True,
    )
    found = rows.find(asked.reading, query)
    if len(found.keys) > most:
        raise BadInput(f"A page has {most} rows at most: ask for smaller ones with page_size.")
    return shapes.page(
        kind,
        listed(asked.reading, found.keys),
        pages=ceil(found.count / size),
        count=found.count,
        most_bytes=asked.limits.answer_bytes,
    )


def from_body(asked: Asked, kind: TableKind) -> Node | None:
    """The filter of a body; none where it has none."""
    given = asked.body.get("filter")
    check_conditions(given, "filter")
    try:
        return from_web_service({} if given is None else given)
    except UnknownAttribute as error:
        raise BadInput(f"column {_TABLES[kind]}.{error.name} does not exist") from error


_TABLES: dict[TableKind, str] = {"runs": "Run", "datasets": "Dataset"}


def _sorts(kind: TableKind, given: JsonValue) -> tuple[Sort, ...]:
    """`[["run_number", "ASC"]]`; a name with a `-` is a column of lumisections."""
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_SORTS:
        raise BadInput(
            f"sortings is a list of at most {_MOST_SORTS} pairs of a name and ASC or DESC."
        )
    return tuple(_sort(kind, each) for each in given)


def _sort(kind: TableKind, pair: JsonValue) -> Sort:
    match pair:
        case [str(name), str(direction)] if direction.upper() in ("ASC", "DESC"):
            return Sort(_field(kind, name), direction.upper() == "DESC")
    raise BadInput("A sorting is a pair of a name and ASC or DESC.")


def _field(kind: TableKind, name: str) -> Field:
    try:
        return web_service_field(
            f"triplet_summary.{name}" if "-" in name and "." not in name else name
        )
    except UnknownAttribute as error:
        raise BadInput(f"column {_TABLES[kind]}.{error.name} does not exist") from error


def _whole(body: JsonObject, name: str, default: int) -> int:
    value = body.get(name, default)
    number = (
        whole_number(value)
        if not isinstance(value, str) or not value.isdecimal()
        else int(value[:18])
    )
    if number is None:
        raise BadInput(f"{name} is not a whole number.")
    return number
