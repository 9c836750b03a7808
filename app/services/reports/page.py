"""A report as a page: one HTML file with its drawings in it, or the markup that Qt prints."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from app import assets
from app.distribution import program_version
from app.domain.reports.document import Report
from app.domain.reports.plots import Plot
from app.domain.reports.svg import svg
from app.domain.text.plain_text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = "reports"

BREAK = "\u200b"
"""Where Qt may break a long word."""
_LONG_WORD = re.compile(r"(\S{24})(?=\S)")


def html_of(report: Report) -> str:
    """The report as one file that needs no other; the same report is always the same bytes."""
    return _rendered("report.html", report)


def markup_of(report: Report) -> str:
    """The report in the part of HTML that Qt's documents know; plot n is the picture `plot:n`."""
    return _rendered("printed.html", report)


def _rendered(template: str, report: Report) -> str:
    text = (
        _environment()
        .get_template(template)
        .render(report=report, made_by=f"Run Registry Desktop {program_version()}")
    )
    return text.strip() + "\n"


def _drawn(plot: Plot) -> Markup:
    """A drawing of ours, whose texts are escaped where it is written."""
    return Markup(svg(plot))


def _breakable(text: str) -> Markup:
    """A text whose long words may be broken."""
    return escape(_LONG_WORD.sub(rf"\1{BREAK}", one_line(text)))


def _style() -> Markup:
    """Our style sheet."""
    return Markup((assets.path(FOLDER) / "report.css").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    # Imported late: who opens the window needn't wait for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(assets.path(FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        # What others wrote may hold characters that steer, or that HTML doesn't have.
        finalize=lambda value: one_line(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters |= {
        "breakable": _breakable,
        "drawn": _drawn,
        "kind": lambda block: type(block).__name__,
    }
    found.globals["style"] = _style
    return found
