"""A parsed rule: what it computes, what it reads, and the conditions it is made of."""

from functools import cached_property
from typing import TypeAlias, cast

from app.domain.json_logic.access import Evaluator
from app.domain.json_logic.check import checked
from app.domain.json_logic.coercion import as_json, truthy
from app.domain.json_logic.compiler import arguments_of, compile_logic, conjunction, disjunction
from app.domain.json_logic.errors import Place
from app.domain.json_logic.variables import variables_of
from app.domain.json_value import JsonValue

Skeleton: TypeAlias = "int | tuple[str, tuple[Skeleton, ...]]"
"""An index into the leaves, or "and" or "or" with what it joins."""

_JOINTS = {"and": conjunction, "or": disjunction}


class Rule:
    """A checked rule, never changed once it exists.

    `source` is the JSON it was made of. A leaf is a part that isn't `and` or `or`, reached
    from the root through nothing else; a rule that is neither is its own only leaf.
    """

    def __init__(
        self,
        source: JsonValue,
        evaluator: Evaluator,
        leaves: "tuple[Rule, ...]" = (),
        skeleton: Skeleton = 0,
    ) -> None:
        self.source = source
        self.skeleton = skeleton
        self._evaluator = evaluator
        self._leaves = leaves

    @property
    def leaves(self) -> "tuple[Rule, ...]":
        """The leaves in the order they are written, indexed by `skeleton`."""
        return self._leaves or (self,)

    @cached_property
    def variables(self) -> frozenset[str] | None:
        """Dotted paths that are read; None when one is computed or the whole data is read.

        What is read of the elements inside `map`, `filter`, `reduce`, `all`, `none` and `some`
        doesn't count, only where the elements come from.
        """
        return variables_of(self.source)

    def evaluate(self, data: JsonValue) -> JsonValue:
        """The rule's answer over the data; EvaluationError where json-logic-js throws."""
        answer = self._evaluator(data)
        if answer is True or answer is False:
            return answer
        return cast("JsonValue", as_json(answer))

    def holds(self, data: JsonValue) -> bool:
        """Whether the answer counts as true; EvaluationError where json-logic-js throws."""
        answer = self._evaluator(data)
        return answer is True or truthy(answer)

    def __repr__(self) -> str:
        return f"Rule({self.source!r})"


def parse(rule: JsonValue) -> Rule:
    """The rule, ready to be computed; RuleError when anything in it is wrong."""
    source = checked(rule)
    leaves: list[Rule] = []
    evaluator, skeleton = _branch(source, (), leaves)
    if skeleton == 0:
        return leaves[0]
    return Rule(source, evaluator, tuple(leaves), skeleton)


def _branch(logic: JsonValue, place: Place, leaves: list[Rule]) -> tuple[Evaluator, Skeleton]:
    """Compiles the tree of `and` and `or` down to its leaves, which keep their own evaluators."""
    if isinstance(logic, dict) and len(logic) == 1:
        ((operator, values),) = logic.items()
        join = _JOINTS.get(operator)
        if join is not None:
            children = [
                _branch(cast("JsonValue", argument), argument_place, leaves)
                for argument, argument_place in arguments_of(operator, values, place)
            ]
            return (
                join([evaluator for evaluator, _ in children]),
                (operator, tuple(skeleton for _, skeleton in children)),
            )
    evaluator = compile_logic(logic, place)
    leaves.append(Rule(logic, evaluator))
    return evaluator, len(leaves) - 1
