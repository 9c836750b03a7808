"""The log: every version, configuration change, golden JSON, cycle action, note and mark of second
eyes, the newest first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple, Self

from app.domain.errors import BadInput
from app.domain.history.authorship import attributed
from app.domain.identity import AUTO, is_manual
from app.domain.lumisections import GREATEST_NUMBER

MOST_ON_A_PAGE = 500


class Kind(Enum):
    """What an entry is about."""

    RUN = "run"
    DATASET = "dataset"
    LUMISECTIONS = "lumisections"
    BITS = "bits"
    CONFIGURATION = "configuration"
    GOLDEN = "golden"
    CYCLE = "cycle"
    NOTE = "note"
    VERIFIED = "verified"


class Source(Enum):
    """Where an entry is stored; each source numbers its own entries."""

    VERSION = "version"
    SETTINGS = "settings"
    GOLDEN = "golden"
    CYCLE = "cycle"
    NOTE = "note"
    VERIFIED = "verified"


class Who(Enum):
    """Groups of authors; agents speak in their own names."""

    PEOPLE = "people"
    AUTOMATIC = "automatic"
    AGENTS = "agents"


OF_VERSIONS = frozenset({Kind.RUN, Kind.DATASET, Kind.LUMISECTIONS, Kind.BITS})
_SOURCE_OF = {
    Kind.CONFIGURATION: Source.SETTINGS,
    Kind.GOLDEN: Source.GOLDEN,
    Kind.CYCLE: Source.CYCLE,
    Kind.NOTE: Source.NOTE,
    Kind.VERIFIED: Source.VERIFIED,
}


def who_is(author: str) -> Who:
    """The group that an author belongs to."""
    if is_manual(author):
        return Who.PEOPLE
    name = author.removeprefix(AUTO).removeprefix(" - ")
    return Who.AGENTS if name and "@" not in name else Who.AUTOMATIC


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is looked for; everything that is given has to hold.

    `author` is an e-mail or a name, or a part of one. `words` all stand in the comment, or in those
    of the cells that it set, in any order. `kinds` empty is every kind. `since` and `until` belong
    to the time that is wanted.
    """

    run: int | None = None
    dataset: str = ""
    author: str = ""
    who: Who | None = None
    kinds: frozenset[Kind] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""

    @property
    def each_word(self) -> tuple[str, ...]:
        """The words, each once."""
        return tuple(dict.fromkeys(self.words.split()))

    @property
    def version_kinds(self) -> frozenset[Kind]:
        """The kinds of versions that are wanted; empty means that they needn't be told apart."""
        wanted = self.kinds & OF_VERSIONS
        return frozenset() if wanted == OF_VERSIONS else wanted

    def wants(self, source: Source) -> bool:
        """Whether entries of a source can be among those looked for."""
        if source is Source.SETTINGS and (self.run is not None or self.dataset):
            return False
        if source is Source.GOLDEN and self.dataset and self.run is None:
            return False
        if not self.kinds:
            return True
        if source is Source.VERSION:
            return bool(self.kinds & OF_VERSIONS)
        return any(_SOURCE_OF.get(kind) is source for kind in self.kinds)


class Subject(NamedTuple):
    """A run (`dataset` is empty) or a dataset that an entry is about."""

    run_number: int
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log.

    `subjects` are some of those it is about, `more` says whether there are others; `number` is
    the version, the settings, the golden JSON, the entry of the cycle history, the note or
    the mark.
    """

    source: Source
    number: int
    author: str
    at: datetime
    text: str
    kinds: frozenset[Kind]
    subjects: tuple[Subject, ...] = ()
    more: bool = False
    writer: str = ""

    @property
    def by(self) -> str:
        """The author, with the login that wrote it where that isn't the author's own."""
        return attributed(self.author, self.writer)

    @property
    def key(self) -> tuple[Source, int]:
        """What tells it from every other entry."""
        return self.source, self.number

    @property
    def who(self) -> Who:
        """The group its author belongs to."""
        return who_is(self.author)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the log was read: from each source only smaller numbers follow. None is the top."""

    version: int | None = None
    settings: int | None = None
    golden: int | None = None
    cycle: int | None = None
    note: int | None = None
    verified: int | None = None

    def of(self, source: Source) -> int | None:
        """The number below which a source goes on."""
        return {
            Source.VERSION: self.version,
            Source.SETTINGS: self.settings,
            Source.GOLDEN: self.golden,
            Source.CYCLE: self.cycle,
            Source.NOTE: self.note,
            Source.VERIFIED: self.verified,
        }[source]

    def after(self, source: Source, number: int) -> Self:
        """The position once an entry of a source was read."""
        if source is Source.VERSION:
            return replace(self, version=number)
        if source is Source.SETTINGS:
            return replace(self, settings=number)
        if source is Source.GOLDEN:
            return replace(self, golden=number)
        if source is Source.CYCLE:
            return replace(self, cycle=number)
        if source is Source.NOTE:
            return replace(self, note=number)
        return replace(self, verified=number)

    def __str__(self) -> str:
        """As it is given on the command line: `v120.s4.g7.c2.n3.m5`, without those at the top."""
        numbers = (self.version, self.settings, self.golden, self.cycle, self.note, self.verified)
        parts = zip("vsgcnm", numbers, strict=True)
        return ".".join(f"{letter}{number}" for letter, number in parts if number is not None)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, the newest first, and where to go on; `after` None means that there are no more.

    `back_to`: so far back everything was looked through, when the page ends before it is full
    because looking further would take too long.
    """

    entries: tuple[LogEntry, ...]
    after: Position | None
    back_to: datetime | None = None


def parse_position(text: str) -> Position:
    """A position as `Position` prints it; a bare number is a version."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return Position(version=int(text))
    found: dict[str, int] = {}
    for part in text.split("."):
        matched = re.fullmatch(r"([vsgcnm])(\d{1,10})", part, re.ASCII)
        if matched is None or matched[1] in found or int(matched[2]) > GREATEST_NUMBER:
            raise BadInput(f'"{text}" is not a position in the log, such as v120.s4 or 120.')
        found[matched[1]] = int(matched[2])
    return Position(*(found.get(letter) for letter in "vsgcnm"))


def merged(
    entries: Mapping[Source, Sequence[LogEntry]], *, floor: datetime | None = None
) -> Iterator[LogEntry]:
    """Entries of all sources by time, the newest first, each source in its own order.

    Older than `floor` only versions are told: so far back all of them are known.
    """
    waiting = {source: list(reversed(each)) for source, each in entries.items() if each}
    while waiting:
        source = max(waiting, key=lambda each: (waiting[each][-1].at, each is Source.VERSION))
        entry = waiting[source].pop()
        if not waiting[source]:
            del waiting[source]
        if floor is not None and source is not Source.VERSION and entry.at < floor:
            waiting.pop(source, None)
            continue
        yield entry


_AGO = re.compile(r"(\d+)\s*(min|h|d|w)")
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_time(text: str, now: datetime, *, end: bool = False) -> datetime:
    """A day, a time in ISO (UTC unless it says otherwise), or how long ago: `30min 6h 3d 2w`.

    Of a day its last moment when `end`.
    """
    given = text.strip()
    ago = _AGO.fullmatch(given)
    try:
        if ago:
            return now - int(ago[1]) * _UNITS[ago[2]]
        found = datetime.fromisoformat(given)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        is_day = re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", given) is not None
        return found + timedelta(days=1, microseconds=-1) if is_day and end else found
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f'"{text}" is not a time, such as 2025-06-01, 2025-06-01T12:00, 6h or 3d (ago).'
        ) from error
