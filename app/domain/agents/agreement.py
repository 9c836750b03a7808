"""How far an agent agrees with people: counted lumisection by lumisection, column by column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.triplets import EMPTY, NO_VALUE_FOUND, STATUSES

Statuses = NDArray[np.int16]
"""Places in `KNOWN`, one per lumisection; 0 is no word."""

KNOWN = (None, *STATUSES)
_PLACES: Mapping[str, int] = {status: place for place, status in enumerate(STATUSES, start=1)}
NO_WORD = (EMPTY, NO_VALUE_FOUND, "")


def place_of(status: str) -> int:
    """The place of a status in `KNOWN`; 0 where it says nothing."""
    return 0 if status in NO_WORD else _PLACES.get(status, 0)


@dataclass(frozen=True)
class Confusion:
    """Numbers of lumisections by what the agent and what people said.

    `only_agent` and `only_people` are those in which the other said nothing.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    only_agent: int = 0
    only_people: int = 0

    def __add__(self, other: Self) -> "Confusion":
        counts = dict(self.counts)
        for pair, number in other.counts.items():
            counts[pair] = counts.get(pair, 0) + number
        return Confusion(
            counts, self.only_agent + other.only_agent, self.only_people + other.only_people
        )

    @property
    def compared(self) -> int:
        """Lumisections in which both said something."""
        return sum(self.counts.values())

    @property
    def agreeing(self) -> int:
        """Lumisections in which both said the same."""
        return sum(number for (agent, people), number in self.counts.items() if agent == people)

    @property
    def share(self) -> float | None:
        """Agreeing part of what was compared; None when nothing was."""
        return self.agreeing / self.compared if self.compared else None

    @property
    def chance(self) -> float | None:
        """The share that would agree if both spoke as often, but at random."""
        if not self.compared:
            return None
        return sum(self.said(each) * self.meant(each) for each in self.statuses) / self.compared**2

    @property
    def kappa(self) -> float | None:
        """Cohen's: 1 is full agreement, 0 no better than chance; None where that can't be told."""
        share, chance = self.share, self.chance
        if share is None or chance is None or chance == 1:
            return None
        return (share - chance) / (1 - chance)

    @property
    def statuses(self) -> tuple[str, ...]:
        """Statuses that either said, in their usual order."""
        said = {status for pair in self.counts for status in pair}
        return tuple(status for status in STATUSES if status in said)

    def said(self, status: str) -> int:
        """How often the agent said so, where people said something too."""
        return sum(number for (agent, _), number in self.counts.items() if agent == status)

    def meant(self, status: str) -> int:
        """How often people said so, where the agent said something too."""
        return sum(number for (_, people), number in self.counts.items() if people == status)

    def precision(self, status: str) -> float | None:
        """Of the lumisections that the agent called so: the part that people called so, too."""
        said = self.said(status)
        return self.counts.get((status, status), 0) / said if said else None

    def recall(self, status: str) -> float | None:
        """Of the lumisections that people called so: the part that the agent called so, too."""
        meant = self.meant(status)
        return self.counts.get((status, status), 0) / meant if meant else None


def confusion(agent: Statuses, people: Statuses) -> Confusion:
    """Two words on the same lumisections compared; the shorter one says nothing beyond its end."""
    length = max(agent.size, people.size)
    said, meant = (np.zeros(length, np.int64) for _ in range(2))
    said[: agent.size] = agent
    meant[: people.size] = people
    both = (said > 0) & (meant > 0)
    size = len(KNOWN)
    numbers = np.bincount(said[both] * size + meant[both], minlength=size * size)
    counts: dict[tuple[str, str], int] = {}
    for joint in np.flatnonzero(numbers).tolist():
        one, other = KNOWN[joint // size], KNOWN[joint % size]
        assert one is not None
        assert other is not None
        counts[one, other] = int(numbers[joint])
    return Confusion(
        counts, int(((said > 0) & (meant == 0)).sum()), int(((said == 0) & (meant > 0)).sum())
    )


def together(parts: Iterable[Confusion]) -> Confusion:
    """The sum of disjoint parts."""
    total = Confusion()
    for part in parts:
        total = total + part
    return total


def disagreeing(agent: Statuses, people: Statuses) -> NDArray[np.bool_]:
    """Lumisections in which both said something, and not the same."""
    length = min(agent.size, people.size)
    found: NDArray[np.bool_] = (
        (agent[:length] > 0) & (people[:length] > 0) & (agent[:length] != people[:length])
    )
    return found
