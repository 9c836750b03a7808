"""Tools over many datasets: the request, its effect on every dataset, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.certification.datasets import EDITABLE_STATES
from app.domain.counting import counted
from app.domain.keys import DatasetKey

_PROBLEMS_NAMED = 3


@dataclass(frozen=True)
class Duplicate:
    """Copies datasets of one name under another name, with attributes and all lumisections.

    The states of `workspaces` and of `global` are copied.
    """

    keys: tuple[DatasetKey, ...]
    target: str
    workspaces: tuple[str, ...]


@dataclass(frozen=True)
class CopyColumns:
    """Copies columns of the datasets named `source` into those named `target`, run by run.

    `keys` name one or both of the two datasets of a run.
    """

    keys: tuple[DatasetKey, ...]
    source: str
    target: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class SetColumns:
    """Sets the status of columns in every lumisection; comments and causes stay."""

    keys: tuple[DatasetKey, ...]
    columns: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class ChangeStates:
    """Moves the datasets that are in one of `from_states`, in one workspace or in all.

    Datasets that are waiting or not significant are only moved when their state is named.
    """

    keys: tuple[DatasetKey, ...]
    to_state: str
    workspace: str | None = None
    from_states: tuple[str, ...] = EDITABLE_STATES


@dataclass(frozen=True)
class Hide:
    """Hides datasets."""

    keys: tuple[DatasetKey, ...]


@dataclass(frozen=True)
class Unhide:
    """Shows hidden datasets again."""

    keys: tuple[DatasetKey, ...]


Tool = Duplicate | CopyColumns | SetColumns | ChangeStates | Hide | Unhide


@dataclass(frozen=True)
class Effect:
    """What a tool does to one dataset; with a `problem` the tool changes no dataset at all."""

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
    """Exactly what a tool will do, dataset by dataset; `what` is the tool in a few words."""

    what: str
    effects: tuple[Effect, ...]

    @property
    def changed(self) -> tuple[Effect, ...]:
        """Datasets that would change."""
        return tuple(effect for effect in self.effects if effect.changes and not effect.problem)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the tool can't be used; empty when it can."""
        return tuple(effect.problem for effect in self.effects if effect.problem)

    @property
    def text(self) -> str:
        """The sentence above the list."""
        if self.problems:
            return f"{self.what}: not possible. {first_of(self.problems)}"
        if not self.changed:
            return f"{self.what}: nothing would change."
        rest = len(self.effects) - len(self.changed)
        unchanged = f", {rest} will stay as {'it is' if rest == 1 else 'they are'}" if rest else ""
        return f"{self.what}: {counted(len(self.changed), 'dataset')} will change{unchanged}."


@dataclass(frozen=True)
class Applied:
    """What a tool has done."""

    atomic_version: int
    text: str
    effects: tuple[Effect, ...]


def first_of(problems: Sequence[str]) -> str:
    """The first problems, and how many more there are."""
    more = len(problems) - _PROBLEMS_NAMED
    first = " ".join(problems[:_PROBLEMS_NAMED])
    return f"{first} And {more} more." if more > 0 else first
