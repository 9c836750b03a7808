"""What is wrong with a rule, and where in it."""

from typing import TypeAlias

from app.domain.errors import Refused

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead from the root of a rule to a part of it."""

_MOST_STEPS = 8


class RuleError(Refused):
    """A rule is faulty; `place` leads from its root to the fault, the text says it in words."""

    def __init__(self, problem: str, place: Place) -> None:
        super().__init__(f"{in_words(place)}: {problem}")
        self.problem = problem
        self.place = place


class EvaluationError(RuleError):
    """A rule can't be computed over the data given; json-logic-js throws there."""


class JavaScriptError(Exception):
    """An operator met values that JavaScript throws at; who called it knows the place."""


def in_words(place: Place) -> str:
    """The place as a person finds it: `Argument 3 of "and", argument 1 of "=="`.

    A last key is the operator at fault itself, which the problem names.
    """
    steps: list[str] = []
    operator: str | None = None
    for step in place:
        if isinstance(step, int):
            steps.append(
                f"item {step + 1}" if operator is None else f'argument {step + 1} of "{operator}"'
            )
            operator = None
        else:
            if operator is not None:
                steps.append(f'the argument of "{operator}"')
            operator = step
    if not steps:
        return "At the top of the rule"
    if len(steps) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        steps = [*steps[:half], "…", *steps[-half:]]
    text = ", ".join(steps)
    return text[0].upper() + text[1:]
