"""Whether leaves of rules hold: remembered for the next rule that has the same leaves."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock

from app.domain.lumisections import Mask

_CAPACITY = 64 * 1024 * 1024
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


class AnswerMemory:
    """Answers of one season by the JSON text of the leaf; several threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0

    def get(self, leaf: str) -> Answer | None:
        """The answer, None when it isn't kept."""
        with self._lock:
            answer = self._kept.get(leaf)
            if answer is not None:
                self._kept.move_to_end(leaf)
            return answer

    def keep(self, leaf: str, answer: Answer) -> None:
        """Keeps an answer; drops the oldest ones when there are too many bytes."""
        with self._lock:
            if leaf in self._kept:
                return
            self._kept[leaf] = answer
            self._bytes += answer.holds.nbytes
            while self._bytes > _CAPACITY and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].holds.nbytes
