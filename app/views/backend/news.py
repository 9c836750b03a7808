"""What happens elsewhere, and how far a long action is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """How far a long action is; `total` 0 while unknown."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Something was written to the database; no run numbers mean that any may be concerned.

    `presence`: nothing was written, but somebody opened or left this dataset of a run.
    """

    run_numbers: frozenset[int] = frozenset()
    presence: tuple[int, str] | None = None
