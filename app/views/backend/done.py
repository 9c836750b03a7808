"""What an action of the person did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The sentence to tell, and the version that can be undone; None when nothing was written."""

    text: str
    atomic_version: int | None = None
