"""The first page, the style sheet, and what robots may read."""

from functools import lru_cache

from starlette.responses import Response

from app import assets
from app.door.asking import Asked
from app.door.site.golden import stable_address
from app.door.site.pages import page, sent
from app.door.site.runs import EXAMPLES, listed
from app.services.certification import tables
from app.services.certification.tables import TableQuery
from app.services.golden.official import lists as official

_RUNS = 10
_LISTS = 50


def start(asked: Asked) -> Response:
    """`GET /`: the newest runs, and the newest official list of each era."""
    runs = tables.runs_page(asked.reading, TableQuery("runs", limit=_RUNS))
    lists = official.page(asked.reading, limit=_LISTS)
    return page(
        asked,
        "start.html",
        runs=listed(runs.rows),
        newest=official.newest_of_eras(lists),
        examples=EXAMPLES,
        filter="",
        place=None,
        error="",
        stable_address=stable_address,
    )


def style(asked: Asked) -> Response:
    """`GET /site.css`."""
    return sent(asked.headers, _style_sheet(), "text/css; charset=utf-8")


def icon(asked: Asked) -> Response:
    """`GET /favicon.svg`."""
    return sent(asked.headers, _icon(), "image/svg+xml; charset=utf-8")


def robots(asked: Asked) -> Response:
    """`GET /robots.txt`: whoever searches the web has nothing to look for here."""
    return sent(asked.headers, "User-agent: *\nDisallow: /\n", "text/plain; charset=utf-8")


@lru_cache(maxsize=1)
def _style_sheet() -> str:
    return (assets.path("site") / "site.css").read_text("utf-8")


@lru_cache(maxsize=1)
def _icon() -> str:
    return (assets.path("icons") / "run-registry.svg").read_text("utf-8")
