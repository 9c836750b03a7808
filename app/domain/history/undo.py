"""Undoing a version: what can be restored, what was changed since, and what can't be removed.

A new version writes back what held before the one that is undone, wherever that one's word holds
still. It is a person's version: where an automatic value held before, the same value comes back as
that person's word, and later automatic values no longer show.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.history.attributes import AttributeEvent
from app.domain.history.cells import Action, Attribution, Frame
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import (
    LumiRange,
    Mask,
    join,
    mask_of_ranges,
    ranges_of_mask,
    ranges_of_numbers,
)
from app.domain.state.differences import changed_attributes
from app.domain.state.grid import MISSING, Codes, Value, identity


@dataclass(frozen=True, slots=True)
class CellsRestored(Generic[Value]):
    """Cells that go back to an earlier value.

    `by_hand`: an automatic value (or none) held before, and comes back as the person's word.
    `automatic` is what the automatic values alone say by now, where it is another one.
    `in_place`: no value held before; what is written instead reads alike.
    """

    key: str
    now: Value | None
    restored: Value | None
    ranges: tuple[LumiRange, ...]
    by_hand: bool = False
    automatic: Value | None = None
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class CellsChangedSince(Generic[Value]):
    """Cells that somebody wrote again after the version that is undone: they are left alone."""

    key: str
    written: Value | None
    now: Value | None
    version: int
    ranges: tuple[LumiRange, ...]


class CellsKept(NamedTuple):
    """Cells that can't be taken back, with the reason."""

    key: str
    ranges: tuple[LumiRange, ...]
    reason: str


Events: TypeAlias = list[tuple[dict[str, Value], tuple[LumiRange, ...]]]
_Counts: TypeAlias = Callable[[int, AttributeEvent], bool]


@dataclass
class CellsUndone(Generic[Value]):
    """The undoing of one side (RR or OMS) of one dataset of `length` lumisections."""

    restored: list[CellsRestored[Value]] = field(default_factory=list)
    changed_since: list[CellsChangedSince[Value]] = field(default_factory=list)
    kept: list[CellsKept] = field(default_factory=list)
    length: int = 0

    @property
    def events(self) -> Events[Value]:
        """What restores it: columns that share ranges share an event."""
        by_value: dict[tuple[str, Hashable], tuple[Value | None, list[LumiRange]]] = {}
        for each in self.restored:
            place = (each.key, identity(each.restored))
            by_value.setdefault(place, (each.restored, []))[1].extend(each.ranges)
        by_ranges: dict[tuple[LumiRange, ...], dict[str, Value]] = {}
        for (key, _), (value, ranges) in by_value.items():
            # None is a value here: the null of a bit.
            by_ranges.setdefault(join(ranges), {})[key] = cast("Value", value)
        return [
            (dict(sorted(payload.items())), ranges) for ranges, payload in sorted(by_ranges.items())
        ]


class Instead(NamedTuple, Generic[Value]):
    """What is written where no value held before, because a value can't be taken away."""

    value: Value


def undo_cells(
    frame: Frame[Value],
    version: int,
    instead: Instead[Value],
    *,
    came: Sequence[LumiRange] = (),
    restorable: Collection[str] | None = None,
    manual_first: bool,
) -> CellsUndone[Value]:
    """What becomes of the cells that a version wrote.

    `came`: lumisections that weren't there before the version: those are kept.
    `restorable`: columns or attributes that a person may set; others are kept.
    """
    before, after, now = frame.at(version - 1), frame.at(version), frame.at()
    automatic = frame.at(without_manual=True) if manual_first else None
    written = frame.written_by(version)
    versions, hands = now.versions(), before.by_hand()
    code_instead = frame.values.code(instead.value)
    new = mask_of_ranges(came, frame.length)
    undone: CellsUndone[Value] = CellsUndone(length=frame.length)
    for row, key in enumerate(frame.keys):
        reads_before = _reads(before.codes[row], code_instead)
        changed = (written[row] != MISSING) & (before.codes[row] != after.codes[row])
        changed &= reads_before != after.codes[row]
        if not changed.any():
            continue
        if restorable is not None and key not in restorable:
            reason = f"{key} can't be set by a person"
            undone.kept.append(CellsKept(key, ranges_of_mask(changed), reason))
            continue
        if (changed & new).any():
            reason = "these lumisections came with this version"
            undone.kept.append(CellsKept(key, ranges_of_mask(changed & new), reason))
            changed &= ~new
        holds = changed & (versions[row] == version)
        since = changed & ~holds & (now.codes[row] != reads_before)
        _restore(undone, frame, row, holds, before, now, hands[row], automatic, code_instead)
        _changed_since(undone, frame, row, since, written[row], now, versions[row])
    return undone


def _reads(codes: Codes, instead: int) -> Codes:
    return np.where(codes == MISSING, np.int32(instead), codes)


def _restore(
    undone: CellsUndone[Value],
    frame: Frame[Value],
    row: int,
    holds: Mask,
    before: Attribution[Value],
    now: Attribution[Value],
    hand: Mask,
    automatic: Attribution[Value] | None,
    code_instead: int,
) -> None:
    values = frame.values.values
    auto = np.zeros(frame.length, np.int32) if automatic is None else automatic.codes[row]
    kinds = np.stack(
        [now.codes[row], before.codes[row], hand, auto, before.codes[row] == MISSING], axis=1
    )
    for kind, ranges in _by_kind(kinds, holds):
        held, restored, was_hand, says, missing = kind
        written = code_instead if missing else restored
        undone.restored.append(
            CellsRestored(
                frame.keys[row],
                values[held],
                values[written],
                ranges,
                automatic is not None and not was_hand,
                values[says] if says not in {MISSING, written} else None,
                bool(missing),
            )
        )


def _changed_since(
    undone: CellsUndone[Value],
    frame: Frame[Value],
    row: int,
    since: Mask,
    written: Codes,
    now: Attribution[Value],
    versions: NDArray[np.int64],
) -> None:
    values = frame.values.values
    kinds = np.stack([written, now.codes[row], versions], axis=1)
    for (wrote, holds, version), ranges in _by_kind(kinds, since):
        undone.changed_since.append(
            CellsChangedSince(frame.keys[row], values[wrote], values[holds], version, ranges)
        )


def _by_kind(
    kinds: NDArray[np.int64], where: Mask
) -> list[tuple[list[int], tuple[LumiRange, ...]]]:
    """Lumisections by what `kinds` says of them, the first ones first: codes depend on what else
    was read."""
    places = np.flatnonzero(where)
    found, number = np.unique(kinds[places], axis=0, return_inverse=True)
    by_kind: list[list[int]] = [[] for _ in found]
    for place, which in zip((places + 1).tolist(), number.ravel().tolist(), strict=True):
        by_kind[which].append(place)
    ranges = map(ranges_of_numbers, by_kind)
    return sorted(zip(found.tolist(), ranges, strict=True), key=lambda each: each[1])


def follow_online(
    frame: Frame[JsonValue], own: CellsUndone[JsonValue], online: CellsUndone[JsonValue] | None
) -> Events[JsonValue]:
    """Events of an offline dataset's own that leave it as its own undoing says.

    Bits restored on `online` are the newest word on every dataset of the run, where this one may
    have had another value before, or was given one since. `frame` holds the writes of both.
    """
    shown = frame.at().codes
    wanted = shown.copy()
    for undone, codes in ((own, wanted), (online, shown)):
        for each in undone.restored if undone is not None else ():
            row = frame.row_of.get(each.key)
            if row is not None:
                for first, last in each.ranges:
                    codes[row, first - 1 : last] = frame.values.code(each.restored)
    differs = (wanted != shown) & (wanted != MISSING)
    events: Events[JsonValue] = []
    for key, row in frame.row_of.items():
        for (code,), ranges in _by_kind(wanted[row][:, None], differs[row]):
            events.append(({key: frame.values.values[code]}, ranges))
    return events


@dataclass(frozen=True, slots=True)
class AttributeRestored:
    """An attribute that goes back to an earlier value; `by_hand` and `automatic` as for cells."""

    name: str
    now: JsonValue
    restored: JsonValue
    by_hand: bool = False
    automatic: JsonValue = None


@dataclass(frozen=True, slots=True)
class AttributeChangedSince:
    """An attribute that was written again after the version that is undone: it is left alone."""

    name: str
    written: JsonValue
    now: JsonValue
    version: int


@dataclass
class AttributesUndone:
    """The undoing of the attributes of a run or a dataset."""

    restored: list[AttributeRestored] = field(default_factory=list)
    changed_since: list[AttributeChangedSince] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)

    @property
    def values(self) -> JsonObject:
        """What restores them."""
        return {each.name: each.restored for each in self.restored}


def undo_attributes(
    events: Sequence[tuple[int, AttributeEvent]],
    version: int,
    restorable: Collection[str] | None,
    *,
    manual_first: bool,
) -> AttributesUndone:
    """What becomes of the attributes that a version wrote; `events` come with their versions.

    `restorable`: attributes that a person may set, None for all.
    """
    ordered = sorted(events, key=lambda each: (manual_first and each[1].manual, each[1].version))
    before = _fold(ordered, lambda at, _: at < version)
    after = _fold(ordered, lambda at, _: at <= version)
    now = _fold(ordered, lambda _, __: True)
    automatic = _fold(ordered, lambda _, event: not event.manual) if manual_first else {}
    undone = AttributesUndone()
    for name in sorted({name for at, event in events if at == version for name in event.values}):
        value, writer, _ = now[name]
        written = after[name][0]
        if name in before and not changed_attributes({name: before[name][0]}, {name: written}):
            continue
        if restorable is not None and name not in restorable:
            undone.kept.append((name, "it can't be set by a person"))
        elif name not in before:
            undone.kept.append((name, "it had no value before, and a value can't be removed"))
        elif writer != version:
            restored = before[name][0]
            if changed_attributes({name: restored}, {name: value}):
                undone.changed_since.append(AttributeChangedSince(name, written, value, writer))
        else:
            restored, _, was_hand = before[name]
            says = automatic.get(name, (restored, 0, False))[0]
            undone.restored.append(
                AttributeRestored(
                    name,
                    value,
                    restored,
                    manual_first and not was_hand,
                    says if changed_attributes({name: restored}, {name: says}) else None,
                )
            )
    return undone


def _fold(
    ordered: Sequence[tuple[int, AttributeEvent]], counts: _Counts
) -> Mapping[str, tuple[JsonValue, int, bool]]:
    """Value, version and kind of word of each attribute."""
    return {
        name: (value, version, event.manual)
        for version, event in ordered
        if counts(version, event)
        for name, value in event.values.items()
    }


def undo_comment(undone: Action) -> str:
    """Comment of the version that undoes another; it names it."""
    return f"undo of version {undone.version}: {undone.comment}"


def undone_version(comment: str) -> int | None:
    """The version that an undo took back, None when the comment is no undo's."""
    found = re.match(r"undo of version (\d{1,18})\b", comment)
    return int(found[1]) if found else None


def is_redo(comment: str) -> bool:
    """Whether a version did again what had been taken back: it is the undo of an undo."""
    return _times_undone(comment) > 0 and _times_undone(comment) % 2 == 0


def last_to_undo(newest_first: Sequence[Action]) -> Action | None:
    """The newest version of a person that is still in force and did something, or did it again."""
    return next(
        (each for each in _in_force(newest_first) if _times_undone(each.comment) % 2 == 0), None
    )


def last_to_redo(newest_first: Sequence[Action]) -> Action | None:
    """The newest undo of a person that is still in force, unless something else was done since."""
    for each in _in_force(newest_first):
        if undone_version(each.comment) is None:
            return None
        if not is_redo(each.comment):
            return each
    return None


def _in_force(newest_first: Sequence[Action]) -> Iterator[Action]:
    """Versions that no later undo took back."""
    taken_back: set[int] = set()
    for each in newest_first:
        if each.version in taken_back:
            continue
        undone = undone_version(each.comment)
        if undone is not None:
            taken_back.add(undone)
        yield each


def _times_undone(comment: str) -> int:
    """How many undos a comment tells of: 1 is an undo, 2 the undo of one, which is a redo."""
    times = 0
    while (found := re.match(r"undo of version \d+: ?", comment)) is not None:
        comment = comment[found.end() :]
        times += 1
    return times
