"""The variables that a rule can read, with values that occur."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from app.domain.text.names import nearest_variables
from app.domain.triplets import GOOD, SETTABLE_STATUSES, STATUSES

Scalar: TypeAlias = bool | int | float | str | None


class RuleSubject(StrEnum):
    """What a rule decides about; it sees other variables each time."""

    GOLDEN = "golden JSON"
    CLASS = "class of a run"
    SIGNIFICANCE = "significance of a run"
    ONLINE_COLUMN = "online column"
    OFFLINE_COLUMN = "offline column"
    OFFLINE_DATASET = "offline dataset"


class VariableKind(StrEnum):
    """What the values of a variable are."""

    STATUS = "status"
    FLAG = "true or false"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    ANY = "any value"


_SUGGESTED: Mapping[VariableKind, Scalar] = {
    VariableKind.FLAG: True,
    VariableKind.NUMBER: 0,
    VariableKind.STATUS: GOOD,
}


class Variable(NamedTuple):
    """A dotted path that exists; `values` are some that occur, the likeliest first."""

    name: str
    kind: VariableKind
    detail: str = ""
    values: tuple[Scalar, ...] = ()

    @property
    def last_part(self) -> str:
        """What stands behind the last dot."""
        return self.name.rpartition(".")[2]

    @property
    def suggested(self) -> Scalar:
        """A value to begin a condition with."""
        if self.values:
            return self.values[0]
        return _SUGGESTED.get(self.kind, "")


@dataclass(frozen=True)
class RuleVocabulary:
    """All variables that rules of one subject can read, by name in alphabetical order."""

    variables: tuple[Variable, ...] = ()
    by_name: Mapping[str, Variable] = field(init=False, compare=False, repr=False)
    _whole: frozenset[str] = field(init=False, compare=False, repr=False)
    _near: dict[str, tuple[str, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {each.name: each for each in self.variables}
        parts = (name.split(".")[:-1] for name in by_name)
        whole = {".".join(each[:end]) for each in parts for end in range(1, len(each) + 1)}
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "_whole", frozenset(whole))
        object.__setattr__(self, "_near", {})

    def knows(self, name: str) -> bool:
        """Whether something has the name; also a whole object, and what is inside a value."""
        if not self.by_name or name in self.by_name or name in self._whole:
            return True
        steps = name.split(".")
        return any(".".join(steps[:end]) in self.by_name for end in range(1, len(steps)))

    def nearest(self, name: str) -> tuple[str, ...]:
        """Existing names that may have been meant, the likeliest first."""
        found = self._near.get(name)
        if found is None:
            found = nearest_variables(name, self.by_name)
            self._near[name] = found
        return found


def vocabulary_of(variables: Iterable[Variable]) -> RuleVocabulary:
    """A vocabulary in alphabetical order, the first of each name."""
    by_name: dict[str, Variable] = {}
    for each in variables:
        by_name.setdefault(each.name, each)
    return RuleVocabulary(tuple(by_name[name] for name in sorted(by_name)))


def status_values() -> tuple[Scalar, ...]:
    """Statuses as they are compared with, those that a person can set first."""
    return (*SETTABLE_STATUSES, *(each for each in STATUSES if each not in SETTABLE_STATUSES))
