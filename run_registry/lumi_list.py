"""Lists of lumisections: what golden JSON files hold."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from run_registry.errors import NotConnected, RunRegistryError

Ranges = NDArray[np.int64]
"""Pairs of first and last lumisection, shape (ranges, 2): in order, and not touching."""

Style: TypeAlias = Literal["official", "pretty"]
"""How a list is written: on one line as the files of the experiment, or with a line per run."""

_RUN_SHIFT = 32
_BITS = 31
"""Runs and lumisections are integers of PostgreSQL: two of them fit into one number."""


@dataclass(frozen=True, slots=True)
class Luminosity:
    """Luminosity of a list [pb^-1]; `missing` counts its lumisections that have none stored."""

    recorded: float
    delivered: float
    missing: int = 0


class LumiList:
    """Lumisections of runs, never changed once it exists.

    `|`, `&`, `-` and `^` combine lists; two lists are equal when they hold the same lumisections.
    """

    def __init__(
        self,
        ranges: Mapping[int, Sequence[tuple[int, int]]],
        measure: Callable[["LumiList"], Luminosity] | None = None,
    ) -> None:
        """A list of these ranges of each run, both ends included; they may overlap.

        `measure` tells the luminosity of a list, as a registry does. Raises RunRegistryError for
        a range that is none.
        """
        checked = {int(run): _joined(run, given) for run, given in ranges.items()}
        self._ranges = {run: checked[run] for run in sorted(checked) if len(checked[run])}
        self._measure = measure

    @classmethod
    def from_json(
        cls,
        source: str | PathLike[str] | Mapping[str, Any],
        measure: Callable[..., Luminosity] | None = None,
    ) -> "LumiList":
        """A list from a golden JSON: a path, its text (which begins with `{`), or what
        `json.loads` made of it.

        Dataset names after a run number (`355100-/PromptReco/...`) are left out. Raises
        RunRegistryError for what is no golden JSON, OSError for a file that can't be read.
        """
        document = _document(source)
        if not isinstance(document, Mapping):
            raise RunRegistryError("A golden JSON is an object of runs and their ranges.")
        ranges: dict[int, list[tuple[int, int]]] = {}
        for key, pairs in document.items():
            number = str(key).partition("-")[0]
            if not number.isdecimal():
                raise RunRegistryError(f"{key!r} is not a run number.")
            try:
                ranges.setdefault(int(number), []).extend((first, last) for first, last in pairs)
            except (TypeError, ValueError):
                raise RunRegistryError(
                    f"Run {number}: {pairs!r} is not a list of [first, last]."
                ) from None
        return cls(ranges, measure)

    def __repr__(self) -> str:
        return f"<LumiList of {len(self._ranges)} runs, {len(self)} lumisections>"

    def __len__(self) -> int:
        return int(sum((each[:, 1] - each[:, 0] + 1).sum() for each in self._ranges.values()))

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Every run and lumisection."""
        for run, ranges in self._ranges.items():
            for first, last in ranges.tolist():
                for lumisection in range(first, last + 1):
                    yield run, lumisection

    def __contains__(self, where: object) -> bool:
        if not (isinstance(where, tuple) and len(where) == 2):
            return False
        return bool(self.mask([where[0]], [where[1]])[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LumiList):
            return NotImplemented
        return self.ranges == other.ranges

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: "LumiList") -> "LumiList":
        return self._combined(other, np.logical_or)

    def __and__(self, other: "LumiList") -> "LumiList":
        return self._combined(other, np.logical_and)

    def __sub__(self, other: "LumiList") -> "LumiList":
        return self._combined(other, np.greater)

    def __xor__(self, other: "LumiList") -> "LumiList":
        return self._combined(other, np.not_equal)

    @property
    def runs(self) -> tuple[int, ...]:
        """Run numbers, in order."""
        return tuple(self._ranges)

    @cached_property
    def ranges(self) -> dict[int, list[tuple[int, int]]]:
        """Ranges of each run, both ends included."""
        return {
            run: [(first, last) for first, last in ranges.tolist()]
            for run, ranges in self._ranges.items()
        }

    @property
    def luminosity(self) -> Luminosity:
        """Luminosity of its lumisections [pb^-1], as the registry knows it now.

        Raises NotConnected for a list that came from no registry.
        """
        if self._measure is None:
            raise NotConnected(
                "This list came from no registry, so that its luminosity isn't known."
                " Ask registry.luminosity(list)."
            )
        return self._measure(self)

    def mask(self, runs: ArrayLike, lumis: ArrayLike) -> NDArray[np.bool_]:
        """Whether each lumisection is in the list.

        `runs` and `lumis` are arrays of one shape, or of shapes that fit each other (one run for
        all lumisections); the answer has it too. It is what `LumiMask` of coffea does.
        """
        runs, lumis = np.broadcast_arrays(np.asarray(runs, np.int64), np.asarray(lumis, np.int64))
        first, last = self._keys
        if not first.size:
            return np.zeros(runs.shape, np.bool_)
        asked = (runs << _RUN_SHIFT) + lumis
        before = np.searchsorted(first, asked, side="right") - 1
        possible = (runs >> _BITS == 0) & (lumis >> _BITS == 0)
        inside: NDArray[np.bool_] = (
            possible & (before >= 0) & (asked <= last[np.maximum(before, 0)])
        )
        return inside

    def to_json(self, style: Style = "official") -> str:
        """The golden JSON, `{"355100": [[1, 68], [74, 78]]}`, runs in order.

        `official` is one line, as the files of the experiment are; `pretty` has a line per run.
        """
        runs = {str(run): [list(pair) for pair in ranges] for run, ranges in self.ranges.items()}
        if style == "official":
            return json.dumps(runs)
        if style != "pretty":
            raise ValueError(f'A list is written as "official" or as "pretty", not as "{style}".')
        lines = (f'  "{run}": {json.dumps(ranges)}' for run, ranges in runs.items())
        return "{\n" + ",\n".join(lines) + "\n}" if runs else "{}"

    def save(self, path: str | Path, style: Style = "official") -> None:
        """Writes the golden JSON into a file."""
        Path(path).write_text(self.to_json(style) + "\n", "utf-8")

    @cached_property
    def _keys(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last lumisection of all ranges as one number each, in order."""
        if not self._ranges:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        runs = np.repeat(list(self._ranges), [len(each) for each in self._ranges.values()])
        pairs = np.concatenate(list(self._ranges.values()))
        keys = (runs.astype(np.int64) << _RUN_SHIFT)[:, None] + pairs
        return keys[:, 0], keys[:, 1]

    def _combined(
        self, other: "LumiList", keep: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Any]
    ) -> "LumiList":
        if not isinstance(other, LumiList):
            return NotImplemented
        none = np.zeros((0, 2), np.int64)
        made: dict[int, list[tuple[int, int]]] = {}
        for run in self._ranges.keys() | other._ranges.keys():
            one, two = self._ranges.get(run, none), other._ranges.get(run, none)
            # Between neighbouring edges nothing changes: each piece is in a list as a whole.
            edges = np.unique(np.concatenate([one[:, 0], one[:, 1] + 1, two[:, 0], two[:, 1] + 1]))
            kept = keep(_inside(one, edges[:-1]), _inside(two, edges[:-1]))
            first, last = edges[:-1][kept], edges[1:][kept] - 1
            made[run] = list(zip(first.tolist(), last.tolist(), strict=True))
        return LumiList(made, self._measure or other._measure)


def _document(source: object) -> object:
    """What a text, or the file of a path, holds; anything else as it is."""
    what = "The text"
    try:
        if isinstance(source, str) and source.lstrip()[:1] in ("{", "[", ""):
            return json.loads(source)
        if isinstance(source, str | PathLike):
            what = str(source)
            return json.loads(Path(source).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunRegistryError(f"{what} is no golden JSON: {error}.") from error
    return source


def _inside(ranges: Ranges, lumisections: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(ranges):
        return np.zeros(lumisections.shape, np.bool_)
    before = np.searchsorted(ranges[:, 0], lumisections, side="right") - 1
    inside: NDArray[np.bool_] = (before >= 0) & (lumisections <= ranges[np.maximum(before, 0), 1])
    return inside


def _joined(run: int, given: Sequence[tuple[int, int]]) -> Ranges:
    """The ranges in order; those that overlap or touch are one."""
    if not 0 <= int(run) < 1 << _BITS:
        raise RunRegistryError(f"{run} is not a run number.")
    for first, last in given:
        whole = all(isinstance(each, int | np.integer) for each in (first, last))
        if not whole or not 1 <= first <= last < 1 << _BITS:
            raise RunRegistryError(f"Run {run}: [{first}, {last}] is not a range of lumisections.")
    joined: list[list[int]] = []
    for first, last in sorted(given):
        if joined and first <= joined[-1][1] + 1:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return np.array(joined, np.int64).reshape(-1, 2)
