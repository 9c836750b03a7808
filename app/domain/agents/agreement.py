"""How far an agent agrees with people: counted lumisection by lumisection, column by column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.triplets import EMPTY, NO_VALUE_FOUND, STATUSES

Statuses = NDArray[np.int16]
"""Indices in `KNOWN`, one per lumisection; 0 means no value."""

KNOWN = (None, *STATUSES)
_PLACES: Mapping[str, int] = {status: place for place, status in enumerate(STATUSES, start=1)}
NO_WORD = (EMPTY, NO_VALUE_FOUND, "")


def place_of(status: str) -> int:
    """The index of a status in `KNOWN`; 0 when it is no value."""
    return 0 if status in NO_WORD else _PLACES.get(status, 0)


@dataclass(frozen=True)
class Confusion:
    """Numbers of lumisections by the status of the agent and that of people.

    `only_agent` and `only_people` count lumisections that only one of them set.
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
        """Lumisections that both set."""
        return sum(self.counts.values())

    @property
    def agreeing(self) -> int:
        """Lumisections that both set to the same status."""
        return sum(number for (agent, people), number in self.counts.items() if agent == people)

    @property
    def share(self) -> float | None:
        """Agreeing share of the compared lumisections; None when there are none."""
        return self.agreeing / self.compared if self.compared else None

    @property
    def chance(self) -> float | None:
        """The share that would agree by chance, with the same numbers of each status."""
        if not self.compared:
            return None
        return (
            sum(self.by_agent(status) * self.by_people(status) for status in self.statuses)
            / self.compared**2
        )

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 is full agreement, 0 is chance; None where it is undefined."""
        share, chance = self.share, self.chance
        if share is None or chance is None or chance == 1:
            return None
        return (share - chance) / (1 - chance)

    @property
    def statuses(self) -> tuple[str, ...]:
        """Statuses that either used, in their usual order."""
        used = {status for pair in self.counts for status in pair}
        return tuple(status for status in STATUSES if status in used)

    def by_agent(self, status: str) -> int:
        """Compared lumisections to which the agent gave this status."""
        return sum(number for (agent, _), number in self.counts.items() if agent == status)

    def by_people(self, status: str) -> int:
        """Compared lumisections to which people gave this status."""
        return sum(number for (_, people), number in self.counts.items() if people == status)

    def precision(self, status: str) -> float | None:
        """Of the lumisections with this status of the agent: the share that people confirm."""
        total = self.by_agent(status)
        return self.counts.get((status, status), 0) / total if total else None

    def recall(self, status: str) -> float | None:
        """Of the lumisections with this status of people: the share that the agent found."""
        total = self.by_people(status)
        return self.counts.get((status, status), 0) / total if total else None


def confusion(agent: Statuses, people: Statuses) -> Confusion:
    """Compares statuses of the same lumisections; the shorter array has no value beyond its end."""
    length = max(agent.size, people.size)
    by_agent, by_people = (np.zeros(length, np.int64) for _ in range(2))
    by_agent[: agent.size] = agent
    by_people[: people.size] = people
    both = (by_agent > 0) & (by_people > 0)
    size = len(KNOWN)
    numbers = np.bincount(by_agent[both] * size + by_people[both], minlength=size * size)
    counts: dict[tuple[str, str], int] = {}
    for joint in np.flatnonzero(numbers).tolist():
        one, other = KNOWN[joint // size], KNOWN[joint % size]
        assert one is not None
        assert other is not None
        counts[one, other] = int(numbers[joint])
    return Confusion(
        counts,
        int(((by_agent > 0) & (by_people == 0)).sum()),
        int(((by_agent == 0) & (by_people > 0)).sum()),
    )


def together(parts: Iterable[Confusion]) -> Confusion:
    """The sum of disjoint parts."""
    total = Confusion()
    for part in parts:
        total = total + part
    return total


def disagreeing(agent: Statuses, people: Statuses) -> NDArray[np.bool_]:
    """Lumisections that both set, but not to the same status."""
    length = min(agent.size, people.size)
    differing: NDArray[np.bool_] = (
        (agent[:length] > 0) & (people[:length] > 0) & (agent[:length] != people[:length])
    )
    return differing
