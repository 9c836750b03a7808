"""Filters of runs and datasets: a small language, its tree, and what can be typed next.

`class = Collisions22 and dt-dt.BAD > 0`, `run in 355100, 355101 or not hlt_key ~ "%cosmic%"`.
"""

from app.domain.filters.completion import Completion, complete
from app.domain.filters.fields import (
    BIT_COUNTS,
    BITS,
    DELIVERED,
    IN_GUI,
    NAME,
    RECORDED,
    RUN,
    VERIFIED,
    Field,
    FieldKind,
    KnownField,
    Source,
    Vocabulary,
    field_of,
)
from app.domain.filters.hints import STATE_OF_RUN, hints
from app.domain.filters.nodes import (
    OPERATORS,
    And,
    Comparison,
    Node,
    Not,
    Operator,
    Or,
    Value,
    all_of,
    any_of,
    comparisons,
    fields_of,
    in_utc,
    number_of,
    text_of,
)
from app.domain.filters.text import FilterError, format, format_value, parse  # noqa: A004
from app.domain.filters.web_service import (
    UnknownAttribute,
    from_web_service,
    web_service_field,
)

__all__ = [
    "BITS",
    "BIT_COUNTS",
    "DELIVERED",
    "IN_GUI",
    "NAME",
    "OPERATORS",
    "RECORDED",
    "RUN",
    "STATE_OF_RUN",
    "VERIFIED",
    "And",
    "Comparison",
    "Completion",
    "Field",
    "FieldKind",
    "FilterError",
    "KnownField",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Source",
    "UnknownAttribute",
    "Value",
    "Vocabulary",
    "all_of",
    "any_of",
    "comparisons",
    "complete",
    "field_of",
    "fields_of",
    "format",
    "format_value",
    "from_web_service",
    "hints",
    "in_utc",
    "number_of",
    "parse",
    "text_of",
    "web_service_field",
]
