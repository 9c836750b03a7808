"""The form of an answer: JSON, CSV, Arrow or Parquet, by `?format=` or `Accept`."""

import importlib.util
import re
from collections.abc import Sequence
from enum import StrEnum

from app.door.v1.problems import NoSuchForm

_LONGEST = 2_000
_MOST = 40
_QUALITY = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", re.ASCII | re.IGNORECASE)


class Form(StrEnum):
    """A form, by the word that `?format=` takes; those of tables come after JSON, pages have their
    own."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"
    HTML = "html"

    @property
    def media_type(self) -> str:
        """What `Accept` and `Content-Type` call it."""
        return _MEDIA_TYPES[self]

    @property
    def is_there(self) -> bool:
        """Whether this installation can write it."""
        return (
            self not in (Form.ARROW, Form.PARQUET)
            or importlib.util.find_spec("pyarrow") is not None
        )


_MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.ARROW: "application/vnd.apache.arrow.stream",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.HTML: "text/html",
}

OF_OBJECTS = (Form.JSON,)
OF_TABLES = (Form.JSON, Form.CSV, Form.ARROW, Form.PARQUET)
OF_PAGES = (Form.HTML,)


def form_of(named: str, accept: str, offered: Sequence[Form]) -> Form:
    """The form that is asked for; `named` beats `Accept`. Raises NoSuchForm."""
    if named:
        found = next((each for each in offered if each.value == named), None)
        if found is None:
            raise NoSuchForm(f"There is no form {named[:40]!r} here. {_offer(offered)}")
    else:
        found = _accepted(accept, offered)
    if not found.is_there:
        raise NoSuchForm(
            f"This server can't write {found.media_type}: pyarrow is not installed there. Its"
            " administrator installs run-registry-desktop[tables]."
            f" {_offer([each for each in offered if each.is_there])}"
        )
    return found


def _accepted(accept: str, offered: Sequence[Form]) -> Form:
    """The first of those that the header likes most."""
    if not accept.strip():
        return offered[0]
    ranges = [each.strip() for each in accept.split(",") if each.strip()]
    if len(accept) > _LONGEST or len(ranges) > _MOST:
        raise NoSuchForm(f"The Accept header is too long. {_offer(offered)}")
    liked = {each: liking for each in offered if (liking := _liking(each, ranges)) > 0}
    if not liked:
        raise NoSuchForm(f"None of what Accept names can be given. {_offer(offered)}")
    # What isn't installed is only named where nothing else would do.
    return max(liked, key=lambda each: (each.is_there, liked[each]))


def _liking(form: Form, ranges: Sequence[str]) -> float:
    """How much a header likes a form: by the range that names it most exactly; 0 is not at all."""
    kind, _, _ = form.media_type.partition("/")
    exactness = {form.media_type: 3, f"{kind}/*": 2, "*/*": 1}
    best = (0, 0.0)
    for each in ranges:
        name, *parameters = (part.strip() for part in each.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter[:1] in "qQ" and parameter:
                match = _QUALITY.fullmatch(parameter)
                quality = min(float(match[1]), 1.0) if match else 0.0
        best = max(best, (exactness.get(name.lower(), 0), quality))
    return best[1] if best[0] else 0.0


def _offer(offered: Sequence[Form]) -> str:
    return f"There is {', '.join(f'{each.value} ({each.media_type})' for each in offered)}."
