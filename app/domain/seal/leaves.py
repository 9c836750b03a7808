"""What a leaf says: rows as lines, each a JSON array that begins with its table and its number."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.domain.json_value import JsonValue
from app.domain.seal.tree import leaf_hash

VERSION = "Version"
START = "seal.start"
NUMBERS = "seal.numbers"
KEY = "seal.key"
GUARDED = "guard."
"""So begin the kinds of what not everybody may read, as everybody may read the seal."""

_TABLES = (
    VERSION,
    "Event",
    "RunEvent",
    "DatasetEvent",
    "LumisectionEvent",
    "LumisectionEventAssignation",
    "OMSLumisectionEvent",
    "OMSLumisectionEventAssignation",
    "JSONBDeduplication",
)
"""Tables of the rows of a version; a mark begins with the place here, so only ever add to it."""
_MARK_BYTES = 15
_DIGEST_BYTES = 6
_LONGEST_KEPT = 16_384


@dataclass(frozen=True)
class Leaf:
    """Something that is sealed: one version with all its rows, one row without a version, or a
    statement of the seal itself.

    `number` is its key in the table `kind`; `state` tells apart the states of a row that may
    change. `content` are its canonical bytes.
    """

    kind: str
    number: int
    content: bytes
    author: str | None = None
    state: int = 0

    @cached_property
    def hash(self) -> bytes:
        """The hash of the leaf in the tree."""
        return leaf_hash(self.content)

    @property
    def marks(self) -> bytes | None:
        """What later tells which row of a version isn't what it was; a hint, never a proof."""
        return marks(self.content) if self.kind == VERSION else None

    @property
    def kept_content(self) -> str | None:
        """The content if it is kept beside the hash, to tell later what it was: of all but the
        versions that machines made, what the guard keeps from people, and what is large."""
        machine = self.kind == VERSION and (self.author or "").startswith("auto@auto")
        secret = self.kind.startswith(GUARDED)
        return (
            None
            if machine or secret or len(self.content) > _LONGEST_KEPT
            else self.content.decode()
        )


def statement(kind: str, number: int, *values: JsonValue) -> Leaf:
    """A leaf that the seal itself makes."""
    content = json.dumps([kind, *values], ensure_ascii=False, separators=(",", ":"))
    return Leaf(kind, number, content.encode())


@dataclass(frozen=True)
class Row:
    """One line of a leaf."""

    table: str
    number: int
    line: str

    @property
    def name(self) -> str:
        """Which row it is, for people."""
        return f"{self.table} {self.number}"


def rows(content: str) -> tuple[Row, ...]:
    """The rows that the lines of a leaf stand for."""
    return tuple(_row(line) for line in content.split("\n"))


def marks(content: bytes) -> bytes:
    """For each row its table, its number, and a short digest."""
    found = []
    for line in content.split(b"\n"):
        row = _row(line.decode())
        table = _TABLES.index(row.table).to_bytes(1, "big")
        number = row.number.to_bytes(8, "big", signed=True)
        found.append(table + number + hashlib.sha256(line).digest()[:_DIGEST_BYTES])
    return b"".join(found)


@dataclass(frozen=True)
class RowChange:
    """A row of a leaf that isn't what it was; `before` is None where it isn't known."""

    row: str
    what: str
    before: str | None
    after: str | None


def changed_rows(was: bytes | None, kept: str | None, now: str | None) -> tuple[RowChange, ...]:
    """Which rows of a leaf are altered, removed or added, from its marks or what was kept of it."""
    present = {} if now is None else {(row.table, row.number): row.line for row in rows(now)}
    if kept is not None:
        old: Mapping[tuple[str, int], str | bytes] = {
            (row.table, row.number): row.line for row in rows(kept)
        }
    elif was is not None and len(was) % _MARK_BYTES == 0:
        old = _digests(was)
    else:
        return ()
    found = []
    for key in [*old, *(key for key in present if key not in old)]:
        before, after = old.get(key), present.get(key)
        if before is None:
            what = "slipped in"
        elif after is None:
            what = "removed"
        elif before in {after, _digest(after)}:
            continue
        else:
            what = "altered"
        text = before if isinstance(before, str) else None
        found.append(RowChange(f"{key[0]} {key[1]}", what, text, after))
    return tuple(found)


def _digests(was: bytes) -> dict[tuple[str, int], str | bytes]:
    found: dict[tuple[str, int], str | bytes] = {}
    for at in range(0, len(was), _MARK_BYTES):
        table = _TABLES[was[at]] if was[at] < len(_TABLES) else "unknown table"
        number = int.from_bytes(was[at + 1 : at + 9], "big", signed=True)
        found[table, number] = was[at + 9 : at + _MARK_BYTES]
    return found


def _digest(line: str) -> bytes:
    return hashlib.sha256(line.encode()).digest()[:_DIGEST_BYTES]


def _row(line: str) -> Row:
    """Table and number stand at the beginning, in a form that needs no parser."""
    table, _, rest = line[2:].partition('"')
    number = rest[1:].lstrip().partition(",")[0].rstrip("]")
    return Row(table, int(number), line)


def values(content: str) -> Sequence[JsonValue]:
    """The values of a statement of the seal after its name."""
    found = json.loads(content)
    assert isinstance(found, list)
    return found[1:]
