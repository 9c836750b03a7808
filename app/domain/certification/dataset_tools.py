"""Tools over many datasets: what is wanted, what that would do to each, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.certification.datasets import EDITABLE_STATES
from app.domain.keys import DatasetKey

_PROBLEMS_TOLD = 3


@dataclass(frozen=True)
class Duplicate:
    """Datasets of one name under another: attributes, and all lumisections.

    Of the states those of `workspaces` and `global` are copied.
    """

    keys: tuple[DatasetKey, ...]
    target: str
    workspaces: tuple[str, ...]


@dataclass(frozen=True)
class CopyColumns:
    """Columns of the datasets named `source` into those named `target`, run by run.

    `keys` name either or both of a run's two datasets.
    """

    keys: tuple[DatasetKey, ...]
    source: str
    target: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class SetColumns:
    """A status for columns in every lumisection; comments and causes stay."""

    keys: tuple[DatasetKey, ...]
    columns: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class ChangeStates:
    """A state for the datasets that are in one of `from_states`, in one workspace or in all.

    What waits or doesn't matter to a workspace is only moved when its state is named.
    """

    keys: tuple[DatasetKey, ...]
    to_state: str
    workspace: str | None = None
    from_states: tuple[str, ...] = EDITABLE_STATES


@dataclass(frozen=True)
class Hide:
    """Datasets that nobody shall see any more."""

    keys: tuple[DatasetKey, ...]


@dataclass(frozen=True)
class Unhide:
    """Hidden datasets that shall be seen again."""

    keys: tuple[DatasetKey, ...]


Tool = Duplicate | CopyColumns | SetColumns | ChangeStates | Hide | Unhide


@dataclass(frozen=True)
class Effect:
    """What a tool does to one dataset; with a `problem` it does nothing to any."""

    run_number: int
    name: str
    text: str
    changes: bool = True
    problem: str = ""

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name


@dataclass(frozen=True)
class Preview:
    """Exactly what a tool will do, dataset by dataset; `what` says it of all of them."""

    what: str
    effects: tuple[Effect, ...]

    @property
    def changed(self) -> tuple[Effect, ...]:
        """Datasets that would change."""
        return tuple(each for each in self.effects if each.changes and not each.problem)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the tool can't be used; it can when this is empty."""
        return tuple(each.problem for each in self.effects if each.problem)

    @property
    def text(self) -> str:
        """The sentence above the list."""
        if self.problems:
            return f"{self.what}: not possible, {told(self.problems)}"
        if not self.changed:
            return f"{self.what}: nothing would change."
        rest = len(self.effects) - len(self.changed)
        left = f", {rest} stay as they are" if rest else ""
        return f"{self.what}: {counted(len(self.changed))} will change{left}."


@dataclass(frozen=True)
class Applied:
    """What a tool has done."""

    atomic_version: int
    text: str
    effects: tuple[Effect, ...]


def told(problems: Sequence[str]) -> str:
    more = len(problems) - _PROBLEMS_TOLD
    told = " ".join(problems[:_PROBLEMS_TOLD])
    return f"{told} And {more} more." if more > 0 else told


def counted(number: int) -> str:
    return f"{number} dataset" if number == 1 else f"{number} datasets"
