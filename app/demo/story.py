"""The main job without a window: pull, mend, sign off, generate, write golden JSONs and a summary.

What a shifter and an expert do on the demonstration season; done again, it finds nothing to do.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from app import files
from app.demo.season_plan import dead_time
from app.domain.certification.runs import OPEN, SIGNOFF
from app.domain.configuration.in_force import CERTIFIABLE_ONLINE_COLUMNS, GLOBAL
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import Refused
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.sources.pull import FailedRun, Outcome
from app.domain.state.grid import MISSING, Grid
from app.domain.triplets import BAD, EMPTY, EXCLUDED, NO_VALUE_FOUND, Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import MOST_ROWS, TableQuery
from app.models.lists.tables.rows import Row
from app.services.acting import Acting
from app.services.certification import asking, datasets, runs, tables
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import files as golden_files
from app.services.golden import generation as golden
from app.services.golden.official import making as making_official
from app.services.golden.official import publishing

PATTERN = "/PromptReco/Collisions2025_/DQM"
PUBLISHED = "published"
"""The folder that stands for the one that others read."""
WHY = "More of the season is certified."
LISTS = (("Golden", "golden"), ("Muon", "muon"), ("DCSOnly", "dcs-only"))
"""How each list is called in the names of its files, and the rule it is made with."""

SUMMARY = "summary.json"

Seen: TypeAlias = tuple[str, LumiRange, str, str]
"""A column that is BAD in some lumisections, with comment and cause."""

SEEN: dict[int, tuple[Seen, ...]] = {
    2: (("tracker-strip", LumiRange(96, 118), "TEC+ noisy after a power cycle", "noise"),),
    5: (
        ("ecal-ecal", LumiRange(61, 75), "EB-07 without data in the occupancy", "readout"),
        ("hcal-hcal", LumiRange(70, 74), "hot towers in HBHE", "noise"),
    ),
    9: (("tracker-pixel", LumiRange(120, 131), "low efficiency in FPix disk 2", "timing"),),
    14: (("dt-dt", LumiRange(55, 58), "YB-1 out of time", "timing"),),
}
"""What the shifter saw in the plots of the n-th collision run: nothing that a DCS bit shows."""

_WAITING = "waiting dqm gui"
_UNSET = ("", EMPTY, NO_VALUE_FOUND)


def seen_in(run_number: int, place: int, length: int) -> tuple[Seen, ...]:
    """What the shifter saw in a run of so many lumisections, the n-th with collisions; with 0,
    nothing."""
    if not place:
        return ()
    found = [each for each in SEEN.get(place, ()) if each[1].last <= length]
    dead = dead_time(run_number, length)
    if dead is not None:
        found.append(("dt-dt", dead, "DT read-out holds the trigger", "deadtime"))
    return tuple(found)


class PullReport(Protocol):
    """What one pull did."""

    @property
    def outcomes(self) -> Sequence[tuple[int, Outcome]]: ...

    @property
    def failed(self) -> Sequence[FailedRun]: ...


@dataclass(frozen=True)
class MadeList:
    """One golden JSON and its files; luminosities in pb^-1."""

    name: str
    id: int
    new: bool
    runs: int
    lumisections: int
    recorded: float
    recorded_total: float
    files: tuple[Path, ...]


@dataclass
class Summary:
    """What was done, and what is there now."""

    pulled: Counter[str] = field(default_factory=Counter)
    failed: list[FailedRun] = field(default_factory=list)
    runs: int = 0
    significant: int = 0
    lumisections: int = 0
    cells_set: int = 0
    signed_off: list[int] = field(default_factory=list)
    datasets_made: int = 0
    left_open: list[tuple[int, str]] = field(default_factory=list)
    taking_data: list[int] = field(default_factory=list)
    datasets_opened: int = 0
    lists: list[MadeList] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def new(self) -> bool:
        """Whether anything was written to the database."""
        changed = sum(number for kind, number in self.pulled.items() if kind != "unchanged")
        return bool(changed or self.cells_set or self.signed_off or self.datasets_opened) or any(
            each.new for each in self.lists
        )

    def document(self) -> JsonObject:
        """The summary for machines."""
        lists: list[JsonValue] = [
            {
                "name": each.name,
                "id": each.id,
                "new": each.new,
                "runs": each.runs,
                "lumisections": each.lumisections,
                "recorded_luminosity_in_json": each.recorded,
                "recorded_luminosity_total": each.recorded_total,
                "files": [file.name for file in each.files],
            }
            for each in self.lists
        ]
        return {
            "new": self.new,
            "pulled": dict(self.pulled),
            "failed": [
                {"run_number": each.run_number, "reason": each.reason} for each in self.failed
            ],
            "runs": self.runs,
            "significant": self.significant,
            "lumisections": self.lumisections,
            "cells_set_by_hand": self.cells_set,
            "signed_off": [*self.signed_off],
            "datasets_made": self.datasets_made,
            "left_open": [
                {"run_number": number, "reason": reason} for number, reason in self.left_open
            ],
            "taking_data": [*self.taking_data],
            "datasets_opened": self.datasets_opened,
            "lists": lists,
            "published": [*self.published],
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }

    def lines(self, folder: Path) -> list[str]:
        """The summary for people."""
        pulled = ", ".join(f"{number} {kind}" for kind, number in self.pulled.items())
        taking = f", {len(self.taking_data)} taking data" if self.taking_data else ""
        lines = [
            f"runs        {self.runs} ({self.significant} significant{taking}),"
            f" {self.lumisections} LS; pulled now: {pulled or 'none'}",
            f"signed off  {len(self.signed_off)} now, {self.cells_set} cells set by hand,"
            f" {self.datasets_made} datasets made, {self.datasets_opened} opened",
        ]
        lines += [f"failed      run {each.run_number}: {each.reason}" for each in self.failed]
        lines += [f"left open   run {number}: {reason}" for number, reason in self.left_open]
        lines += [
            f"{each.name:<10}  {each.runs} runs, {each.lumisections} LS,"
            f" {each.recorded:.4g} of {each.recorded_total:.4g} /pb"
            f" ({'golden JSON' if each.new else 'as before: golden JSON'} {each.id})"
            for each in self.lists
        ]
        lines += [f"published   {name}" for name in self.published]
        seconds = ", ".join(f"{name} {took:.1f} s" for name, took in self.seconds.items())
        lines += [f"took        {seconds}", f"written to  {folder}"]
        return lines


def main_job(
    db: Database,
    actor: Actor,
    pull: Callable[[], PullReport],
    folder: Path,
    say: Callable[[str], None],
) -> Summary:
    """Does everything that is left to do, and writes the lists and the summary into a folder."""
    summary = Summary()
    files.make_folder(folder)
    with _timed(summary, "pull"):
        report = pull()
        summary.pulled = Counter(outcome.kind.value for _, outcome in report.outcomes)
        summary.failed = list(report.failed)
    with _timed(summary, "sign-off"):
        _go_through_runs(db, actor, summary, say)
        _open_waiting(db, actor, summary)
    with _timed(summary, "golden JSON"):
        for name, rule in LISTS:
            say(f"golden JSON {name}")
            summary.lists.append(
                _list(db, actor, name, golden.rule_named(Acting(db), rule), folder)
            )
    with _timed(summary, "publishing"):
        _publish(Acting(db, actor), summary, folder / PUBLISHED)
    summary.seconds["all"] = sum(summary.seconds.values())
    files.write(folder / SUMMARY, json.dumps(summary.document(), indent=2) + "\n")
    return summary


def mend(rr: Grid[Triplet], run_number: int) -> list[ColumnEdit]:
    """What a shifter sets so that the run can be signed off.

    Where a certifiable column has no status, it gets the one it has both before and after; where
    those differ or aren't there, nobody can tell, and it is EXCLUDED.
    """
    edits = []
    for column in CERTIFIABLE_ONLINE_COLUMNS:
        row = rr.row_of.get(column)
        if row is None or not rr.codes[row].any():
            continue
        pieces = list(rr.runs(column))
        values = [None if code == MISSING else rr.values[code] for _, code in pieces]
        statuses = [
            None if value is None or value.status in _UNSET else value.status for value in values
        ]
        for at, (range_, _) in enumerate(pieces):
            if statuses[at] is not None:
                continue
            before = next(filter(None, reversed(statuses[:at])), None)
            after = next(filter(None, statuses[at + 1 :]), None)
            triplet = (
                Triplet(before, "No classifier matched; the same before and after")
                if before is not None and before == after
                else Triplet(EXCLUDED, "No classifier matched")
            )
            edits.append(ColumnEdit(run_number, ONLINE, column, (range_,), triplet))
    return edits


def _go_through_runs(
    db: Database, actor: Actor, summary: Summary, say: Callable[[str], None]
) -> None:
    """Counts every run, and signs off those that are significant, OPEN and over."""
    collisions = 0
    for row in reversed(_runs(db)):
        ended = row.oms_attributes.get("end_time") is not None
        significant = row.rr_attributes.get("significant") is True
        summary.runs += 1
        summary.lumisections += _number(row.oms_attributes.get("ls_duration"))
        summary.significant += significant
        if not ended:
            summary.taking_data.append(row.run_number)
        place = 0
        if str(row.rr_attributes.get("class")).startswith("Collisions"):
            collisions += 1
            place = collisions
        if significant and ended and row.rr_attributes.get("state") == OPEN:
            say(f"signing off run {row.run_number}")
            _sign_off(db, actor, row.run_number, place, summary)


def _sign_off(db: Database, actor: Actor, run_number: int, place: int, summary: Summary) -> None:
    rr = lumisections.dataset_state(Acting(db), run_number, ONLINE).rr
    edits = [
        ColumnEdit(run_number, ONLINE, column, (range_,), Triplet(BAD, comment, cause))
        for column, range_, comment, cause in seen_in(run_number, place, rr.length)
    ]
    edits += mend(rr, run_number)
    try:
        if edits:
            lumisections.edit_columns(Acting(db, actor), edits)
            summary.cells_set += sum(_length(each.ranges[0]) for each in edits)
        moved = runs.move(Acting(db, actor), run_number, SIGNOFF)
    except Refused as error:
        summary.left_open.append((run_number, str(error)))
        return
    summary.signed_off.append(run_number)
    summary.datasets_made += len(moved.datasets)


def _open_waiting(db: Database, actor: Actor, summary: Summary) -> None:
    """Opens what waits for the DQM GUI, which has no part in this season."""
    waiting = tables.matching(Acting(db), TableQuery("datasets", states=(_WAITING,)))
    if waiting:
        moved = datasets.move(
            Acting(db, actor), waiting, GLOBAL, OPEN, comment="the plots are there"
        )
        summary.datasets_opened = len(moved.datasets)


def _list(db: Database, actor: Actor, name: str, rule: JsonValue, folder: Path) -> MadeList:
    """The list of a rule: the stored one while nothing has changed since, else a new one."""
    tags = f"demonstration {name}"
    version = golden.season_of(Acting(db), PATTERN)[0].version
    known = [
        each.id
        for each in golden.entries(Acting(db), created_by=actor.email, words=tags, limit=5)
        if (each.tags, each.dataset_name_filter, each.version) == (tags, PATTERN, version)
    ]
    same = [id_ for id_ in known if golden.row(Acting(db), id_).json_logic == rule]
    id_ = same[0] if same else golden.generate(Acting(db, actor), PATTERN, rule, tags=tags).id
    stored = golden.row(Acting(db), id_)
    entry = stored.entry
    stem = f"Cert_Collisions2025_{entry.min_run_number}_{entry.max_run_number}_{name}"
    named = golden_files.save(golden.texts(stored), folder, stem)
    return MadeList(
        name,
        id_,
        not same,
        entry.runs,
        entry.lumisections,
        entry.recorded_in_json,
        entry.recorded_total,
        tuple(named.values()),
    )


def _publish(acting: Acting, summary: Summary, folder: Path) -> None:
    """Makes the lists official and publishes them, where nobody else has to do that."""
    ids = [each.id for each in summary.lists if each.runs]
    if asking.must_ask(acting) or EXPERTS not in acting.actor.egroups or not acting.db.record:
        return
    new = [id_ for id_ in ids if not golden.row(acting, id_).entry.official]
    if new:
        making_official.make_official(acting, new)
    files.make_folder(folder)
    why = WHY if any(each.needs_reason for each in publishing.proposed(acting, ids)) else ""
    done = publishing.publish(acting, ids, folder, why)
    summary.published = [made.name for made in done.publications]


def _runs(db: Database) -> list[Row]:
    """All runs, newest first."""
    found: list[Row] = []
    while True:
        page = tables.runs_page(Acting(db), TableQuery("runs", limit=MOST_ROWS, offset=len(found)))
        found += page.rows
        if len(page.rows) < MOST_ROWS:
            return found


@contextmanager
def _timed(summary: Summary, name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    summary.seconds[name] = time.perf_counter() - started


def _length(lumisections_: LumiRange) -> int:
    return lumisections_.last - lumisections_.first + 1


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
