"""Links to what a window shows: `run-registry://run/396281?dataset=...&ls=30-60`.

A link only says where to look. Whoever wrote it is a stranger: it is read within limits, and what
isn't understood is refused whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from app.domain import filters
from app.domain.errors import BadInput
from app.domain.keys import ONLINE, RunNumber
from app.domain.lumisections import GREATEST_NUMBER, LumiRange, format_ranges, parse_ranges
from app.domain.text.plain_text import one_line

SCHEME = "run-registry"
LONGEST = 8000
_MOST_NAMES = 300
_LONGEST_NAME = 300
_SHOWN = 60
_PLACES = ("online", "offline")
FORMS = ("golden", "with-dataset-names", "anti", "anti-with-dataset-names")
"""The documents of a golden JSON."""


@dataclass(frozen=True, slots=True)
class RunLink:
    """A run or one of its datasets; with `columns` and `ranges` the cells that are selected.

    `server`: the database it is on as `host:port/name`; empty where it is the program's own.
    """

    run_number: RunNumber
    dataset: str = ONLINE
    columns: tuple[str, ...] = ()
    ranges: tuple[LumiRange, ...] = ()
    server: str = ""


@dataclass(frozen=True, slots=True)
class ListLink:
    """A list as somebody sees it: place (`online` or `offline`), filter, workspace, group of
    datasets, sort (a column's id, `-` before it for descending), ids of the columns."""

    place: str
    filter_text: str = ""
    workspace: str = ""
    group: str = ""
    significant: bool = False
    sort: str = ""
    columns: tuple[str, ...] = ()
    server: str = ""


@dataclass(frozen=True, slots=True)
class GoldenLink:
    """A stored golden JSON; `form`: which of its documents, empty for the list itself."""

    list_id: int
    server: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class CycleLink:
    """A cycle."""

    id_cycle: int
    server: str = ""


Link: TypeAlias = RunLink | ListLink | GoldenLink | CycleLink


def link_text(link: Link) -> str:
    """The link as it is copied."""
    match link:
        case RunLink():
            where = f"run/{link.run_number}"
            given = {
                "dataset": "" if link.dataset == ONLINE else link.dataset,
                "column": _joined(link.columns),
                "ls": format_ranges(link.ranges).replace(" ", ""),
            }
        case ListLink():
            where = link.place
            given = {
                "filter": link.filter_text,
                "workspace": link.workspace,
                "group": link.group,
                "significant": "yes" if link.significant else "",
                "sort": link.sort,
                "columns": _joined(link.columns),
            }
        case GoldenLink():
            where, given = f"golden/{link.list_id}", {"form": link.form}
        case CycleLink():
            where, given = f"cycle/{link.id_cycle}", {}
    given["server"] = link.server
    words = urlencode({key: value for key, value in given.items() if value}, quote_via=quote)
    return f"{SCHEME}://{where}{'?' if words else ''}{words}"


def parse_link(text: str) -> Link:
    """What a link leads to. Raises BadInput with what is wrong with it."""
    if len(text) > LONGEST:
        raise BadInput(f"The link is longer than {LONGEST} characters.")
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _not_a_link(text) from None
    if parts.scheme != SCHEME or not text.isprintable():
        raise _not_a_link(text)
    if parts.fragment or not parts.netloc.isascii():
        raise _not_a_link(text)
    given = _given(parts.query)
    kind, number = parts.netloc, parts.path.strip("/")
    server = given.pop("server", "")
    link: Link
    if kind == "run":
        link = RunLink(
            _number(number, "run"),
            given.pop("dataset", ONLINE),
            _names(given.pop("column", "")),
            parse_ranges(given.pop("ls", "")),
            server,
        )
    elif kind == "golden":
        link = GoldenLink(_number(number, "golden JSON"), server, _form(given.pop("form", "")))
    elif kind == "cycle":
        link = CycleLink(_number(number, "cycle"), server)
    elif kind in _PLACES and not number:
        filter_text = given.pop("filter", "")
        filters.parse(filter_text)
        link = ListLink(
            kind,
            filter_text,
            given.pop("workspace", ""),
            given.pop("group", ""),
            _switch(given.pop("significant", "no")),
            given.pop("sort", ""),
            _names(given.pop("columns", "")),
            server,
        )
    else:
        raise BadInput(
            f'The link names "{one_line(kind)[:_SHOWN]}", which this version doesn\'t know: there'
            " are run, golden, cycle, online and offline."
        )
    if given:
        name = one_line(min(given))[:_SHOWN]
        raise BadInput(f'In the link to {kind} "{name}" means nothing.')
    return link


def _not_a_link(text: str) -> BadInput:
    return BadInput(
        f'"{one_line(text)[:_SHOWN]}" is not a link of Run Registry. They look like'
        f" {SCHEME}://run/396281?ls=30-60."
    )


def _given(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise BadInput("What stands behind the ? in the link can't be read.") from None
    given: dict[str, str] = {}
    for key, value in pairs:
        if key in given:
            raise BadInput(f'In the link "{one_line(key)[:_SHOWN]}" is given twice.')
        if not value.isprintable():
            raise BadInput(
                f'In the link "{one_line(key)[:_SHOWN]}" holds letters that can\'t be seen.'
            )
        given[key] = value
    return given


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(GREATEST_NUMBER)):
        raise BadInput(f'In the link "{one_line(text)[:_SHOWN]}" is not the number of a {what}.')
    number = int(text)
    if not 0 < number <= GREATEST_NUMBER:
        raise BadInput(f"In the link {number} is not the number of a {what}.")
    return number


def _joined(names: Sequence[str]) -> str:
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(unquote(name) for name in text.split(",") if name)
    if len(names) > _MOST_NAMES or any(len(name) > _LONGEST_NAME for name in names):
        raise BadInput("The link names too many columns.")
    # They are written twice over, because of their commas.
    if not all(name.isprintable() for name in names):
        raise BadInput("A column in the link holds letters that can't be seen.")
    return names


def _form(text: str) -> str:
    if text not in ("", *FORMS):
        raise BadInput(
            f'In the link "{one_line(text)[:_SHOWN]}" is no form of a golden JSON: there are'
            f" {', '.join(FORMS)}."
        )
    return text


def _switch(text: str) -> bool:
    switches: Mapping[str, bool] = {"yes": True, "no": False}
    if text not in switches:
        raise BadInput(f'In the link "{one_line(text)[:_SHOWN]}" is neither yes nor no.')
    return switches[text]
