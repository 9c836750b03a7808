"""Whether leaves of rules hold: remembered for the next rule that has the same leaves."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.domain.lumisections import Mask

_CAPACITY = 32 * 1024 * 1024
"""Bytes that are kept; the answers that weren't used for the longest time go first."""


class Level(IntEnum):
    """How often what a leaf reads can change."""

    DATASET = 0
    SEGMENT = 1
    LUMISECTION = 2


@dataclass(frozen=True, eq=False)
class Answer:
    """Whether a leaf holds: per dataset, segment of the season's coarsest cut, or position."""

    level: Level
    holds: Mask


@dataclass(frozen=True, eq=False)
class _Packed:
    """An answer per position, which are millions, in a bit each."""

    bits: NDArray[np.uint8]
    size: int

    @property
    def nbytes(self) -> int:
        return self.bits.nbytes

    def answer(self) -> Answer:
        holds = np.unpackbits(self.bits, count=self.size).view(np.bool_)
        return Answer(Level.LUMISECTION, holds)


@dataclass(frozen=True, eq=False)
class _Plain:
    """An answer as it is."""

    kept: Answer

    @property
    def nbytes(self) -> int:
        return self.kept.holds.nbytes

    def answer(self) -> Answer:
        return self.kept


class AnswerMemory:
    """Answers of one season by the JSON text of the leaf; several threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, _Packed | _Plain] = OrderedDict()
        self._bytes = 0

    def get(self, leaf: str) -> Answer | None:
        """The answer, None when it isn't kept."""
        with self._lock:
            kept = self._kept.get(leaf)
            if kept is not None:
                self._kept.move_to_end(leaf)
        return None if kept is None else kept.answer()

    def keep(self, leaf: str, answer: Answer) -> None:
        """Keeps an answer; drops the oldest ones when there are too many bytes."""
        kept: _Packed | _Plain = _Plain(answer)
        if answer.level == Level.LUMISECTION:
            kept = _Packed(np.packbits(answer.holds), answer.holds.size)
        with self._lock:
            if leaf in self._kept:
                return
            self._kept[leaf] = kept
            self._bytes += kept.nbytes
            while self._bytes > _CAPACITY and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
