"""JSON logic as json-logic-js 2.0 computes it: parsed and checked once, then fast to evaluate.

Kept from JavaScript, and worth knowing when a rule is written: an object with exactly one key
is a rule, every other object (also an empty one) is a plain value, its inside is never
computed and it counts as true. "0" and {} count as true, an empty array as false.
Left out on purpose: members that every JavaScript object inherits (`constructor`, `toString`)
are no data, so a `var` doesn't find them.
"""

from app.domain.json_logic.coercion import truthy
from app.domain.json_logic.errors import EvaluationError, Place, RuleError
from app.domain.json_logic.explain import Node, Value, explain
from app.domain.json_logic.rule import Rule, Skeleton, parse
from app.domain.json_logic.wording import condition_words

__all__ = [
    "EvaluationError",
    "Node",
    "Place",
    "Rule",
    "RuleError",
    "Skeleton",
    "Value",
    "condition_words",
    "explain",
    "parse",
    "truthy",
]
