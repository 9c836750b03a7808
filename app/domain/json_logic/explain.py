"""Why a rule holds over some data or not: its tree with values and answers."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from msgspec import Struct

from app.domain.json_logic.access import read
from app.domain.json_logic.coercion import UNDEFINED
from app.domain.json_logic.rule import Rule, Skeleton
from app.domain.json_value import JsonObject, JsonValue, js_stringify


class Value(NamedTuple):
    """A variable of a condition with its value; `there` is false where nothing has it."""

    name: str
    value: JsonValue
    there: bool = True


class Node(Struct, frozen=True):
    """A part of a rule over some data: a condition, or `and` or `or` with what it joins.

    `text` is the JSON of a condition. `deciding`: the answer of the whole rule hangs on this part,
    such as what failed of a rule that doesn't hold.
    """

    holds: bool
    deciding: bool
    joint: str | None = None
    text: str = ""
    values: tuple[Value, ...] = ()
    parts: "tuple[Node, ...]" = ()

    @property
    def leaves(self) -> "tuple[Node, ...]":
        """The conditions in it, in their order."""
        if self.joint is None:
            return (self,)
        return tuple(leaf for part in self.parts for leaf in part.leaves)


def explain(rule: Rule, data: JsonObject) -> Node:
    """The tree of the rule over the data; EvaluationError where json-logic-js throws."""
    return _node(rule.skeleton, rule.leaves, data, deciding=True)


def _node(skeleton: Skeleton, leaves: Sequence[Rule], data: JsonObject, *, deciding: bool) -> Node:
    if isinstance(skeleton, int):
        leaf = leaves[skeleton]
        return Node(
            leaf.holds(data), deciding, None, js_stringify(leaf.source), _values(leaf, data)
        )
    joint, below = skeleton
    parts = [_node(each, leaves, data, deciding=deciding) for each in below]
    holds = (all if joint == "and" else any)(part.holds for part in parts)
    return Node(
        holds,
        deciding,
        joint,
        parts=tuple(part if part.holds is holds else _aside(part) for part in parts),
    )


def _aside(node: Node) -> Node:
    """A part that wasn't what decided, with all below it."""
    return Node(
        node.holds, False, node.joint, node.text, node.values, tuple(map(_aside, node.parts))
    )


def _values(leaf: Rule, data: JsonObject) -> tuple[Value, ...]:
    """What the condition reads; nothing of one that computes its paths."""
    found: list[Value] = []
    for name in sorted(leaf.variables or ()):
        value = read(data, name.split("."), UNDEFINED)
        there = value is not UNDEFINED
        found.append(Value(name, cast("JsonValue", value) if there else None, there))
    return tuple(found)
