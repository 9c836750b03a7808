"""What happens elsewhere, and how far a long action is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """How far a long action is; `total` 0 while unknown."""

    text: str
    done: int = 0
    total: int = 0
