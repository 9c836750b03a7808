"""The run or dataset that a person looks at."""

from dataclasses import dataclass

from app.domain.lumisections import LumiRange


@dataclass(frozen=True, slots=True)
class Subject:
    """The run and dataset that actions apply to, and what they start from."""

    run_number: int
    dataset: str
    state: str
    class_: str
    stop_reason: str
    significant: bool
    needs_manual_update: bool
    ranges: tuple[LumiRange, ...] = ()
