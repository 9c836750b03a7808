"""Runs and their datasets: the newest, one run with its lumisections, and one dataset."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from starlette.responses import Response

from app.domain import filters
from app.domain.certification.notes import links_of
from app.domain.errors import BadInput, NotFound
from app.domain.filters import FilterError, Node
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.door.asking import Asked
from app.door.site import grid
from app.door.site.grid import Picture
from app.door.site.pages import page
from app.services import notes
from app.services.certification import tables
from app.services.certification.tables import Attribute, Row, TableQuery
from app.services.web_service import lumisections

ROWS = 50
LONGEST_FILTER = 2_000
_MOST_PAGES = 20_000
_NAMED = 3

EXAMPLES = (
    "class = Collisions25 and state = COMPLETED",
    "dt-dt.BAD > 0",
    "run between 390000 and 390100",
)
"""Filters that are shown where somebody can type one."""


@dataclass(frozen=True)
class ListedRun:
    """One line of the list: `bad` names columns that have BAD lumisections."""

    row: Row
    bad: tuple[str, ...]

    @property
    def bad_text(self) -> str:
        """Some of them, and how many there are besides."""
        more = len(self.bad) - _NAMED
        return ", ".join(self.bad[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def listed(rows: Iterable[Row]) -> list[ListedRun]:
    """Rows as the pages show them."""
    return [ListedRun(row, _bad(row.triplet_summary or {})) for row in rows]


def newest(asked: Asked) -> Response:
    """`GET /browse/runs`: pages of the table, with a filter in our language."""
    text = asked.query.get("filter", "").strip()
    number = _page_number(asked.query.get("page", "1"))
    try:
        node = _filter(asked, text)
        found = tables.runs_page(
            asked.reading, TableQuery("runs", node, offset=(number - 1) * ROWS, limit=ROWS)
        )
    except BadInput as error:
        place = error.start if isinstance(error, FilterError) else None
        return page(
            asked,
            "runs.html",
            status=400,
            filter=text[:LONGEST_FILTER],
            error=str(error),
            place=place,
            examples=EXAMPLES,
            runs=[],
            count=0,
            exact=True,
            uncounted=0,
            number=1,
            pages=1,
        )
    pages = max(1, ceil(found.count / ROWS))
    return page(
        asked,
        "runs.html",
        filter=text,
        error="",
        place=None,
        examples=EXAMPLES,
        runs=listed(found.rows),
        count=found.count,
        exact=found.exact,
        uncounted=found.uncounted,
        number=number,
        pages=pages,
    )


def one(asked: Asked) -> Response:
    """`GET /browse/runs/N`: the run, its datasets, and the lumisections of `online`."""
    details = tables.run_details(asked.reading, _run_number(asked))
    if details.row.deleted:
        raise NotFound(f"Run {details.run_number} is deleted.")
    return page(
        asked,
        "run.html",
        run=details.row,
        state=details.state,
        significant=details.significant,
        needs_update=details.needs_manual_update,
        datasets=[each for each in details.visible_datasets if each.name != ONLINE],
        states=_states,
        notes=notes.of_run(asked.reading, details.run_number),
        links_of=links_of,
        attributes=_shown((*details.rr, *details.oms)),
        picture=_picture(asked, details.run_number, ONLINE),
        name=ONLINE,
    )


def dataset(asked: Asked) -> Response:
    """`GET /browse/runs/N/dataset?name=...`."""
    number, name = _run_number(asked), asked.query.get("name", "")
    details = tables.dataset_details(asked.reading, number, name)
    if details.row.deleted:
        raise NotFound(f"Dataset {name} of run {number} is hidden.")
    return page(
        asked,
        "dataset.html",
        run=details.row,
        name=name,
        states=_states(details.row),
        attributes=_shown(details.attributes),
        picture=_picture(asked, number, name),
    )


def picture_svg(asked: Asked) -> Response:
    """`GET /browse/runs/N/lumisections.svg?name=...`: the grid alone, for a logbook."""
    number, name = _run_number(asked), asked.query.get("name", ONLINE)
    shown = _picture(asked, number, name)
    if shown is None:
        raise NotFound(f"Run {number} has no dataset {name} with lumisections.")
    return page(
        asked,
        "lumisections.svg",
        media_type="image/svg+xml; charset=utf-8",
        run_number=number,
        name=name,
        picture=shown,
        fills=grid.FILLS,
    )


def _picture(asked: Asked, number: int, name: str) -> Picture | None:
    state = lumisections.stored_state(asked.reading, (number, name))
    return None if state is None or not state.length else grid.picture(state)


def _filter(asked: Asked, text: str) -> Node | None:
    if len(text) > LONGEST_FILTER:
        raise BadInput(f"A filter has at most {LONGEST_FILTER} characters here.")
    return filters.parse(text, tables.vocabulary(asked.reading)) if text else None


def _run_number(asked: Asked) -> int:
    try:
        return asked.number(asked.part("run_number"))
    except BadInput as error:
        raise NotFound(f'There is no run "{asked.part("run_number")[:20]}".') from error


def _page_number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
    return min(max(number, 1), _MOST_PAGES)


def _bad(summary: JsonObject) -> tuple[str, ...]:
    return tuple(
        name
        for name, counts in sorted(summary.items())
        if isinstance(counts, dict) and counts.get("BAD")
    )


def _states(row: Row) -> list[tuple[str, list[str]]]:
    """The states of a dataset, each with its workspaces; that of `global` first."""
    found: dict[str, list[str]] = {}
    of_row = row.dataset_attributes.items()
    for name, value in sorted(of_row, key=lambda each: (each[0] != "global_state", each[0])):
        if name.endswith("_state") and value:
            found.setdefault(str(value), []).append(name.removesuffix("_state"))
    return list(found.items())


def _shown(attributes: Iterable[Attribute]) -> list[Attribute]:
    return sorted(attributes, key=lambda each: each.name)
