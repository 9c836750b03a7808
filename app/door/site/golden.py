"""Pages of golden JSONs: the official ones, one with its provenance; and of cycles."""

import hashlib
import json
from collections.abc import Mapping

from starlette.responses import Response

from app.domain.errors import BadInput, NotFound
from app.domain.lumisections import GREATEST_NUMBER, count
from app.door.asking import Asked
from app.door.site.pages import page
from app.golden.list_luminosity import ListLuminosity
from app.services.certification import cycles as all_cycles
from app.services.golden import exports, lists
from app.services.golden.exports import Export
from app.services.golden.lists import ComparedLists
from app.services.golden.official import lists as official
from app.services.golden.official import publications
from app.services.golden.official.lists import Official

ROWS = 50
MOST_RUNS = 500
"""Runs of a list or of a comparison that a page names."""

FORMS = (Export.GOLDEN, Export.WITH_DATASET_NAMES, Export.ANTI, Export.BRILCALC, Export.RUNS)
"""Forms that a page offers; all of them have an address."""


def listed(asked: Asked) -> Response:
    """`GET /golden`: official lists, the newest first, and the newest of each era."""
    before = _before(asked)
    found = official.page(asked.reading, before=before, limit=ROWS + 1)
    return page(
        asked,
        "golden.html",
        lists=found[:ROWS],
        newest=official.newest_of_eras(found[:ROWS]) if before is None else (),
        older=found[ROWS - 1].entry.id if len(found) > ROWS else None,
        first=before is None,
        stable_address=stable_address,
    )


def one(asked: Asked) -> Response:
    """`GET /golden/N`: figures, files, what changed since the one before, and the provenance."""
    stored = lists.of_database(asked.reading, list_number(asked.part("id")))
    assert stored.stored is not None
    entry = stored.stored.entry
    described = official.of_entry(asked.reading, entry)
    earlier = official.before(asked.reading, described) if entry.official else None
    compared = None
    if earlier is not None:
        old = lists.of_database(asked.reading, earlier.entry.id)
        compared = lists.compare(asked.reading, old, stored)
    provenance = exports.provenance_of(asked.reading, stored)
    datasets = provenance["datasets"]
    text = exports.text_of(None, Export.GOLDEN, stored)
    return page(
        asked,
        "list.html",
        list=described,
        entry=entry,
        published=publications.of_list(asked.reading, entry.id),
        forms=FORMS,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        luminosity=stored.stored.luminosity,
        rule=json.dumps(stored.stored.json_logic, indent=2, ensure_ascii=False),
        earlier=earlier,
        compared=compared,
        changes=[] if compared is None else _changes(compared),
        provenance=provenance,
        datasets=len(datasets) if isinstance(datasets, list) else None,
        document=list(stored.document.items())[:MOST_RUNS],
        more_runs=max(0, len(stored.document) - MOST_RUNS),
        count=count,
        stable_address=stable_address,
    )


def cycles(asked: Asked) -> Response:
    """`GET /browse/cycles`: cycles of certification and how far they are."""
    return page(asked, "cycles.html", cycles=all_cycles.all_cycles(asked.reading))


def list_number(text: str) -> int:
    """The number of a list in an address. Raises NotFound for what can't be one."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:12]) <= GREATEST_NUMBER):
        raise NotFound(f'There is no golden JSON "{text[:20]}".')
    return int(text)


def stable_address(described: Official, version: int | str = "latest") -> str:
    """Where a list of an era stands, below the site."""
    kind = "" if described.kind == official.GOLDEN else f"/{described.kind}"
    return f"/golden/official/{described.era}{kind}/{version}.json"


def _before(asked: Asked) -> int | None:
    text = asked.query.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text[:12]) <= GREATEST_NUMBER):
        raise BadInput("before is the number of a list.")
    return int(text)


def _changes(compared: ComparedLists) -> list[dict[str, object]]:
    """One line for each run that differs."""
    gained, lost = compared.comparison.gained, compared.comparison.lost
    return [
        {
            "run": run,
            "gained": gained.get(run, ()),
            "lost": lost.get(run, ()),
            "gained_pb": _recorded(compared.gained, run),
            "lost_pb": _recorded(compared.lost, run),
        }
        for run in sorted({*gained, *lost})[:MOST_RUNS]
    ]


def _recorded(sums: Mapping[int, ListLuminosity] | None, run: int) -> float | None:
    """Luminosity of a run that differs; None where none is known."""
    of = None if sums is None else sums.get(run)
    return of.recorded if of is not None and of.known else None
