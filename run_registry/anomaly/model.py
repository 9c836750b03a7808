"""What signs mean for a column, learned from runs that people have signed off.

A logistic regression: the weights of the signs that a lumisection has are added up. Lumisections
with the same signs in a run count as one row, so that a season is some thousand rows.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from run_registry.anomaly.evidence import Sight
from run_registry.errors import RunRegistryError, package_of_extra

LEAST_RUNS, LEAST_BAD_RUNS, LEAST_BAD = 10, 3, 10
"""Runs, runs with BAD lumisections, and BAD lumisections that learning takes."""

MOST_FALSE = 3.0
"""Lumisections in a thousand that may be proposed wrongly."""

LEAST_PRECISION = 0.7
"""Less of the lumisections that it would call BAD being so, it says nothing."""

_FOLDS = 5
_MOST_OF_A_ROW = 20
"""Equal lumisections of one run that count: they aren't told apart, and one trip isn't many."""

_STRENGTH = 1.0
_MOST_STEPS = 500
_LEAST_P = 0.5


class TooLittle(RunRegistryError):
    """There is too little to learn from, or nothing that tells BAD from the rest."""


@dataclass
class History:
    """What was seen in runs to learn a column from: by run, how many lumisections with the same
    signs are BAD and not BAD."""

    column: str
    _runs: list[dict[frozenset[str], tuple[int, int]]] = field(default_factory=list)
    runs_with_bad: int = 0
    bad: int = 0
    lumisections: int = 0

    @property
    def runs(self) -> int:
        return len(self._runs)

    def add(self, sight: Sight) -> None:
        """Takes in a run. Runs come in their order."""
        found: dict[frozenset[str], tuple[int, int]] = {}
        for signs, at in same_signs(sight):
            known, bad = int(sight.known[at].sum()), int(sight.bad[at].sum())
            if known:
                found[signs] = (known - bad, bad)
        if found:
            bad = sum(number for _, number in found.values())
            self._runs.append(found)
            self.bad += bad
            self.runs_with_bad += bad > 0
            self.lumisections += sum(good + bad for good, bad in found.values())

    def check(self) -> None:
        """Raises TooLittle unless there is enough."""
        if self.runs < LEAST_RUNS or self.runs_with_bad < LEAST_BAD_RUNS or self.bad < LEAST_BAD:
            raise TooLittle(
                f"There is too little history of {self.column}: {self.runs} signed-off runs with"
                f" {self.bad} BAD lumisections in {self.runs_with_bad} of them. It takes"
                f" {LEAST_RUNS} runs, and {LEAST_BAD} BAD lumisections in {LEAST_BAD_RUNS} of them."
            )

    def rows(self) -> list[tuple[int, frozenset[str], int, int]]:
        """Number of the run, signs, lumisections that are not BAD, and that are."""
        return [
            (number, signs, good, bad)
            for number, run in enumerate(self._runs)
            for signs, (good, bad) in sorted(run.items(), key=lambda item: sorted(item[0]))
        ]


@dataclass(frozen=True)
class Judgement:
    """How a cell looks: the probability that it is BAD, and the weight of each of its signs."""

    p: float
    weights: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Model:
    """What was learned of a column.

    `threshold`: cells at least as likely BAD are proposed. `proposed` lumisections would have been
    where each run was held back from learning, and `found` of them are BAD.
    """

    column: str
    weights: dict[str, float]
    intercept: float
    threshold: float
    runs: int
    lumisections: int
    bad: int
    proposed: int
    found: int

    @property
    def precision(self) -> float:
        """Of what it would have proposed, the share that is BAD."""
        return self.found / self.proposed

    @property
    def recall(self) -> float:
        """Of what is BAD, the share that it would have proposed."""
        return self.found / self.bad

    @property
    def false_per_1000(self) -> float:
        """Lumisections in a thousand that it would have proposed and that are not BAD."""
        return 1000 * (self.proposed - self.found) / self.lumisections

    @property
    def p_without_signs(self) -> float:
        """The probability that a cell is BAD of which nothing is to be seen."""
        return _logistic(self.intercept)

    def judgement(self, signs: Iterable[str]) -> Judgement:
        """Of a lumisection with these signs; those it never learned of mean nothing."""
        known = [(sign, self.weights[sign]) for sign in sorted(signs) if sign in self.weights]
        total = self.intercept + sum(weight for _, weight in known)
        known.sort(key=lambda each: -each[1])
        return Judgement(_logistic(total), tuple(known))


def learn(history: History, *, false_per_1000: float = MOST_FALSE) -> Model:
    """Learns a column. The threshold is the one that finds most with no more than so many false
    lumisections in a thousand, on runs held back. Raises TooLittle."""
    history.check()
    rows = history.rows()
    at = {name: number for number, name in enumerate(_used(rows))}
    table = np.zeros((len(rows), len(at)))
    for number, (_, signs, _, _) in enumerate(rows):
        table[number, [at[sign] for sign in signs if sign in at]] = 1
    good = np.array([row[2] for row in rows], np.int64)
    bad = np.array([row[3] for row in rows], np.int64)
    folds = np.array([row[0] for row in rows]) % _FOLDS
    held_back = np.zeros(len(rows))
    for fold in range(_FOLDS):
        out = folds == fold
        if bad[~out].any() and good[~out].any():
            held_back[out] = _probabilities(table[out], *_fit(table[~out], good[~out], bad[~out]))
    levels = _levels(held_back, good, bad)
    threshold, proposed, found = _threshold(levels, history.lumisections, false_per_1000)
    if not found:
        raise TooLittle(
            f"Nothing that it sees tells which lumisections of {history.column} are BAD:"
            f" in {history.runs} signed-off runs no signs come with BAD often enough."
        )
    weights, intercept = _fit(table, good, bad)
    return Model(
        history.column,
        {name: float(weights[number]) for name, number in at.items()},
        intercept,
        threshold,
        history.runs,
        history.lumisections,
        history.bad,
        proposed,
        found,
    )


def same_signs(sight: Sight) -> Iterable[tuple[frozenset[str], NDArray[np.intp]]]:
    """Lumisections with the same signs, together."""
    names = sorted(sight.signs)
    if not names:
        yield frozenset(), np.arange(sight.known.size)
        return
    packed = np.packbits(np.array([sight.signs[name] for name in names]), axis=0).T
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which))
    for number, start in enumerate(first.tolist()):
        signs = frozenset(name for name in names if sight.signs[name][start])
        yield signs, order[ends[number - 1] if number else 0 : ends[number]]


def _used(rows: Sequence[tuple[int, frozenset[str], int, int]]) -> list[str]:
    """Signs of at least two runs: what only one has may be chance."""
    runs: dict[str, set[int]] = {}
    for run, signs, _, _ in rows:
        for sign in signs:
            runs.setdefault(sign, set()).add(run)
    return sorted(sign for sign, which in runs.items() if len(which) > 1)


def _fit(
    table: NDArray[np.float64], good: NDArray[np.int64], bad: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    linear = package_of_extra("sklearn.linear_model", "scikit-learn", "agent")
    threads = package_of_extra("threadpoolctl", "scikit-learn", "agent")
    model = linear.LogisticRegression(C=_STRENGTH, max_iter=_MOST_STEPS, random_state=0)
    # A table this small is faster in one thread: several spend their time waiting for each other.
    with threads.threadpool_limits(1):
        model.fit(
            np.concatenate([table, table]),
            np.repeat([0, 1], len(table)),
            np.minimum(np.concatenate([good, bad]), _MOST_OF_A_ROW),
        )
    return model.coef_[0], float(model.intercept_[0])


def _probabilities(
    table: NDArray[np.float64], weights: NDArray[np.float64], intercept: float
) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-(table @ weights + intercept)))
    return probabilities


def _levels(
    p: NDArray[np.float64], good: NDArray[np.int64], bad: NDArray[np.int64]
) -> tuple[tuple[float, int, int], ...]:
    """Each probability, lowest first, with the lumisections and the BAD ones at least so likely."""
    order = np.argsort(-p, kind="stable")
    all_, found = np.cumsum((good + bad)[order]), np.cumsum(bad[order])
    last = np.flatnonzero(np.diff(p[order], append=-1))
    levels = [(float(p[order][at]), int(all_[at]), int(found[at])) for at in last]
    return tuple(reversed(levels))


def _threshold(
    levels: Sequence[tuple[float, int, int]], lumisections: int, false_per_1000: float
) -> tuple[float, int, int]:
    """The lowest level with few enough false ones; with the lumisections and BAD ones above it."""
    for p, number, found in levels:
        false = 1000 * (number - found) / lumisections
        if p >= _LEAST_P and false <= false_per_1000 and found >= LEAST_PRECISION * number:
            return p, number, found
    return 1.0, 0, 0


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
