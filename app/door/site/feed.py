"""The Atom feed: official lists that were made, and runs that people flagged."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.responses import Response

from app.domain.counting import counted, number
from app.domain.history.log import Kind, LogEntry, LogQuery, Subject, Who
from app.domain.keys import ONLINE
from app.door.asking import Asked
from app.door.site.pages import address, page
from app.services.golden.official import lists as official
from app.services.golden.official.lists import Official
from app.services.history import log

ENTRIES = 40
"""Entries of each of the two kinds."""

_EXAMINED = 6_000
_ATOM = "application/atom+xml; charset=utf-8"
_NAMES = uuid.UUID("0b1f4c5e-5b0a-5c33-9d5e-3f5b8a6c2d11")
_NEVER = datetime(2008, 9, 10, tzinfo=UTC)
"""When a feed without entries was changed: before there was anything to tell."""
_FLAGS = frozenset({Kind.LUMISECTIONS, Kind.BITS})


@dataclass(frozen=True)
class Entry:
    """One entry; `about` is where it leads, below the site."""

    id: str
    title: str
    at: datetime
    about: str
    said: str
    kind: str

    @property
    def updated(self) -> str:
        """The time as Atom writes it."""
        return _rfc3339(self.at)


def atom(asked: Asked) -> Response:
    """`GET /feed.atom`."""
    made = [_of_list(each) for each in official.page(asked.reading, limit=ENTRIES)]
    entries = sorted((*made, *_flagged(asked)), key=lambda each: each.at, reverse=True)
    return page(
        asked,
        "feed.atom",
        media_type=_ATOM,
        id=_id("feed"),
        entries=entries,
        updated=_rfc3339(max((each.at for each in entries), default=_NEVER)),
    )


def _of_list(listed: Official) -> Entry:
    entry = listed.entry
    era = f" of {listed.era}" if listed.era else ""
    what = "" if listed.kind == official.GOLDEN else f" {listed.kind}"
    return Entry(
        _id("list", entry.id, entry.created_at),
        f"Official{what} list {entry.id}{era}",
        entry.created_at,
        f"/golden/{entry.id}",
        f"Runs {entry.min_run_number} to {entry.max_run_number}: {counted(entry.runs, 'run')},"
        f" {number(entry.lumisections)} lumisections, {entry.recorded_in_json:.3g} of"
        f" {entry.recorded_total:.3g} /pb recorded. {entry.tags}".strip(),
        "official list",
    )


def _flagged(asked: Asked) -> Iterator[Entry]:
    query = LogQuery(who=Who.PEOPLE, kinds=_FLAGS)
    found = log.page(asked.reading, query, limit=ENTRIES, examine=_EXAMINED)
    for each in found.entries:
        if each.subjects:
            yield _of_flags(each)


def _of_flags(entry: LogEntry) -> Entry:
    first = entry.subjects[0]
    more = " and more" if entry.more or len(entry.subjects) > 1 else ""
    what = "Flags" if Kind.LUMISECTIONS in entry.kinds else "DCS bits"
    return Entry(
        _id("version", entry.number, entry.at),
        f"{what} of run {first.run_number}{_dataset(first)}{more} changed",
        entry.at,
        _page_of(first),
        entry.text or "No comment was given.",
        "flagged run",
    )


def _dataset(subject: Subject) -> str:
    return f", {subject.dataset}" if subject.dataset not in ("", ONLINE) else ""


def _page_of(subject: Subject) -> str:
    run = f"/browse/runs/{subject.run_number}"
    if subject.dataset in ("", ONLINE):
        return run
    return address(f"{run}/dataset", name=subject.dataset)


def _id(*parts: object) -> str:
    """The same for the same thing, at whatever address the site is."""
    words = [_rfc3339(each) if isinstance(each, datetime) else str(each) for each in parts]
    return uuid.uuid5(_NAMES, "/".join(words)).urn


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
