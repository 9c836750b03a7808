"""Every address of the site, in one table."""

from starlette.requests import Request

from app.door.areas import SITE, Address, Area
from app.door.site import feed, golden, golden_files, runs, start
from app.door.site.refusals import told, wants_page

_ADDRESSES = (
    Address("GET", "/", start.start, SITE),
    Address("GET", "/site.css", start.style, SITE),
    Address("GET", "/favicon.svg", start.icon, SITE),
    Address("GET", "/robots.txt", start.robots, SITE),
    Address("GET", "/browse/runs", runs.newest, SITE),
    Address("GET", "/browse/runs/{run_number}", runs.one, SITE),
    Address("GET", "/browse/runs/{run_number}/dataset", runs.dataset, SITE),
    Address("GET", "/browse/runs/{run_number}/lumisections.svg", runs.picture_svg, SITE),
    Address("GET", "/browse/cycles", golden.cycles, SITE),
    Address("GET", "/golden", golden.listed, SITE),
    Address("GET", "/golden/official/{era}/{file}", golden_files.of_era, SITE),
    Address("GET", "/golden/official/{era}/{kind}/{file}", golden_files.of_era, SITE),
    Address("GET", "/golden/{id}", golden.one, SITE),
    Address("GET", "/golden/{id}/{file}", golden_files.of_list, SITE),
    Address("GET", "/feed.atom", feed.atom, SITE),
)
_OURS = ("/browse", "/golden", "/feed.atom", "/site.css", "/favicon.svg", "/robots.txt")
_OF_SCRIPTS = ("/api", "/v1", "/docs", "/openapi")


def _owns(request: Request) -> bool:
    """What is below ours; and what a browser asks for that isn't a script's either."""
    path = request.url.path
    if _is_below(path, _OURS):
        return True
    return wants_page(request) and not _is_below(path, _OF_SCRIPTS)


def _is_below(path: str, places: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith((f"{each}/", f"{each}.")) for each in places)


AREA = Area(_ADDRESSES, told, _owns)
