"""Why a lumisection is in a list or not: the tree of its rule with values and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from app.domain.json_logic import Rule, Skeleton
from app.domain.json_logic.access import read
from app.domain.json_logic.coercion import UNDEFINED
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import LumiRange, join
from app.golden.selection import Selection


class Value(NamedTuple):
    """A variable of a condition with its value; `there` is false where nothing has it."""

    name: str
    value: JsonValue
    there: bool = True


@dataclass(frozen=True)
class Node:
    """A part of a rule over one lumisection: a condition, or `and` or `or` with what it joins.

    `text` is the JSON of a condition. `deciding`: the answer of the whole rule hangs on this part,
    such as what failed in a lumisection that isn't good.
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


class Cause(NamedTuple):
    """Lumisections of one dataset with the same first failed condition, None where all is good."""

    condition: str | None
    ranges: tuple[LumiRange, ...]
    recorded: float


def explain(rule: Rule, data: JsonObject) -> Node:
    """The tree of the rule over one lumisection."""
    return _node(rule.skeleton, rule.leaves, data, deciding=True)


def causes(selection: Selection) -> dict[tuple[int, str], tuple[Cause, ...]]:
    """The lumisections of each dataset by the first condition, in the order of the rule, that
    failed there; with recorded luminosity [pb^-1], which counts once where datasets share it."""
    segments, season = selection.segments, selection.season
    first_failed = np.array(
        [loss.leaves[0] if loss.leaves else 0 for loss in selection.losses] or [0]
    )
    cause = np.where(selection.loss >= 0, first_failed[selection.loss], -1)
    found: dict[tuple[int, str], tuple[Cause, ...]] = {}
    for number, dataset in enumerate(season.datasets):
        here = segments.dataset == number
        of_cause = cause[here]
        found[dataset.run_number, dataset.name] = tuple(
            Cause(
                None if each < 0 else selection.leaves[each],
                join(
                    zip(
                        segments.first[here][of_cause == each].tolist(),
                        segments.last[here][of_cause == each].tolist(),
                        strict=True,
                    )
                ),
                float(np.sum(segments.recorded[here][of_cause == each])),
            )
            for each in np.unique(of_cause).tolist()
        )
    return found


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
