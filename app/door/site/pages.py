"""How a page is made: from a template, with what a browser may do with it, small and tagged."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import Response

from app import assets
from app.domain.counting import counted, luminosity, number
from app.domain.lumisections import format_ranges
from app.door.asking import Asked

HTML = "text/html; charset=utf-8"

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What a browser may do with a page: show it with our style, and send its form back here."""

_SMALL = 1_400
"""Bytes that one packet takes: making them fewer gains nothing."""
_QUICK = 5
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def page(
    asked: Asked, template: str, *, status: int = 200, media_type: str = HTML, **values: object
) -> Response:
    """A page made from a template; every value is escaped there."""
    return sent(asked.headers, text_of(asked.public_url, template, **values), media_type, status)


def text_of(public_url: str, template: str, **values: object) -> str:
    """The text of a template. `root` stands before each address of the site."""
    root = urlsplit(public_url).path.rstrip("/")
    return _environment().get_template(template).render(root=root, site=public_url, **values)


def sent(headers: Mapping[str, str], text: str, media_type: str, status: int = 200) -> Response:
    """A text for a browser: tagged, and compressed where it is asked for."""
    body = _NOT_IN_XML.sub("\ufffd", text).encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    more = {**_SAFE, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    if len(body) > _SMALL and takes_gzip(headers):
        # Without a time, so that the same page is the same bytes on every door.
        body = gzip.compress(body, _QUICK, mtime=0)
        more["Content-Encoding"] = "gzip"
        tag += "-gzip"
    more["ETag"] = f'"{tag}"'
    return Response(body, status, more, media_type)


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether whoever asks understands gzip."""
    for each in headers.get("accept-encoding", "").split(","):
        name, _, quality = each.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "").rstrip("0.") != "q="
    return False


def address(path: str, **query: object) -> str:
    """An address below the site with a query; parts that are empty or None are left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return quote(path) + (f"?{urlencode(given)}" if given else "")


def _shown_number(value: object) -> str:
    """A number with its thousands apart; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value in (None, "") else str(value)
    return number(value)


def _luminosity(value: object) -> str:
    """A luminosity [pb^-1]; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–"
    return luminosity(value)


def _moment(value: object) -> str:
    """A time (UTC) to the minute, as OMS writes it or as the database gives it."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value or "")
    return text[:16].replace("T", " ") or "–"


def _broken(value: object) -> Markup:
    """A long name that may be broken behind its slashes."""
    return Markup(str(escape(value)).replace("/", "/<wbr>"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(assets.path("site")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters |= {
        "number": _shown_number,
        "pb": _luminosity,
        "moment": _moment,
        "broken": _broken,
        "ranges": format_ranges,
    }
    found.globals |= {"address": address, "counted": counted}
    return found
