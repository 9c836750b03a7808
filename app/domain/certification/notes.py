"""Notes of people on a run, a dataset or some of its lumisections, with answers."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from app.domain.errors import Refused
from app.domain.lumisections import LumiRange, format_ranges

LONGEST = 4_000
"""Characters of a note."""

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_ELOG = re.compile(r"(?:elog[^/]*|[^/]*cmsonline[^/]*/(?:cms-)?elog)/(?:.*/)?(\d+)/?$")
_WORD = re.compile(r"[A-Za-z0-9_]+-[A-Za-z0-9_-]+")


class NoteKind(StrEnum):
    """What a row is: a note, or what was said or done about one."""

    NOTE = "note"
    REPLY = "reply"
    CORRECTION = "correction"
    TAKEN_BACK = "taken back"


class NoteEntry(Struct, frozen=True):
    """One row: nothing of it ever changes. `about` is the note that it answers or changes."""

    number: int
    kind: NoteKind
    about: int | None
    run_number: int
    dataset: str
    ranges: tuple[LumiRange, ...]
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Note:
    """A note as it stands now; `taken_back` says who took it back and why.

    Without `dataset` it is on the run, without `ranges` on all lumisections.
    """

    number: int
    run_number: int
    dataset: str
    ranges: tuple[LumiRange, ...]
    text: str
    by: str
    at: datetime
    corrected: datetime | None = None
    taken_back: NoteEntry | None = None
    replies: tuple["Note", ...] = field(default=())

    @property
    def where(self) -> str:
        """What it is on, in words."""
        parts = [f"run {self.run_number}", self.dataset]
        if self.ranges:
            parts.append(f"LS {format_ranges(self.ranges)}")
        return ", ".join(filter(None, parts))


class Link(Struct, frozen=True):
    """An address in a note, and how it is called."""

    address: str
    label: str


def check_text(text: str) -> str:
    """The text of a note without what stands around it. Refused when it is empty or too long."""
    text = text.strip()
    if not text:
        raise Refused("Write something first.")
    if len(text) > LONGEST:
        raise Refused(f"A note has up to {LONGEST} characters; this has {len(text)}.")
    return text


def links_of(text: str) -> tuple[Link, ...]:
    """The addresses in a text; an entry of an elog is called by its number."""
    found = []
    for address in dict.fromkeys(_ADDRESS.findall(text)):
        entry = _ELOG.search(address.partition("//")[2])
        found.append(Link(address, f"elog {entry[1]}" if entry else address))
    return tuple(found)


def mentions_of(text: str, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that a text names, such as `dt-dt`."""
    known = set(columns)
    return tuple(word for word in dict.fromkeys(_WORD.findall(text)) if word in known)


def threads(entries: Iterable[NoteEntry]) -> tuple[Note, ...]:
    """Notes as they stand after all entries, with their answers, the oldest first."""
    ordered = sorted(entries, key=lambda entry: entry.number)
    newest: dict[int, NoteEntry] = {}
    gone: dict[int, NoteEntry] = {}
    for entry in ordered:
        if entry.about is None:
            continue
        if entry.kind is NoteKind.CORRECTION:
            newest[entry.about] = entry
        elif entry.kind is NoteKind.TAKEN_BACK:
            gone.setdefault(entry.about, entry)

    def standing(entry: NoteEntry, replies: tuple[Note, ...] = ()) -> Note:
        now = newest.get(entry.number)
        return Note(
            entry.number,
            entry.run_number,
            entry.dataset,
            entry.ranges,
            (now or entry).text,
            entry.by,
            entry.at,
            None if now is None else now.at,
            gone.get(entry.number),
            replies,
        )

    replies: dict[int, list[Note]] = {}
    for entry in ordered:
        if entry.kind is NoteKind.REPLY and entry.about is not None:
            replies.setdefault(entry.about, []).append(standing(entry))
    return tuple(
        standing(entry, tuple(replies.get(entry.number, ())))
        for entry in ordered
        if entry.kind is NoteKind.NOTE
    )
