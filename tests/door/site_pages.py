"""Pages of the site as a browser and as a program reads them."""

import gzip
from html.parser import HTMLParser

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND, open_all, sign_off_runs

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
PATTERN = "/PromptReco/Collisions2025_/DQM"
NASTY = "<script>alert(1)</script>\"'&amp; <img src=x onerror=alert(2)>"

_EMPTY = {"meta", "link", "input", "wbr", "br", "img", "col"}


class Page(HTMLParser):
    """What is in a page; a tag that isn't closed in order is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def browse(served, path: str, **headers: str):
    return served.get(path, headers={**BROWSER, **headers})


def read(served, path: str, status: int = 200) -> Page:
    answer = browse(served, path)
    assert answer.status == status, answer.body[:500]
    return Page(answer.body.decode())


def unpacked(answer) -> bytes:
    packed = answer.headers.get("content-encoding") == "gzip"
    return gzip.decompress(answer.body) if packed else answer.body


def certified(database: Database) -> None:
    """Two runs with open offline datasets."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST, SECOND)
    whole = (LumiRange(1, 10),)
    edits = [ColumnEdit(run, PROMPT, "dt-dt", whole, Triplet("GOOD")) for run in (FIRST, SECOND)]
    lumisections.edit_columns(Acting(database, EXPERT), edits)


def flag_bad(database: Database, comment: str = "HV trip", first: int = 3, last: int = 5) -> None:
    bad = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(first, last),), Triplet("BAD", comment))
    lumisections.edit_columns(Acting(database, EXPERT), [bad])


def make_official(database: Database, tags: str = "", pattern: str = PATTERN) -> int:
    return generation.generate(Acting(database, EXPERT), pattern, RULE, tags=tags, official=True).id
