"""A plain reading of filters, and generated ones, for the pages of tables."""

import json
import re
from typing import Any

from hypothesis import strategies as st

from app.domain import filters
from app.domain.filters import (
    IN_GUI,
    NAME,
    RECORDED,
    RUN,
    And,
    Comparison,
    Field,
    FieldKind,
    Node,
    Not,
    Operator,
    Or,
    Source,
    Value,
    number_of,
    text_of,
)
from app.domain.json_value import JsonObject, JsonValue
from app.models.lists.tables.rows import Row
from tests.filter_trees import comparison_of, trees

PROMPT = "/PromptReco/Collisions2022A/DQM"


# --- a plain reading of filters, to compare with --------------------------------------------------


def holds(node: Node | None, row: Row) -> bool:
    if node is None:
        return True
    if isinstance(node, And):
        return all(holds(part, row) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, row) for part in node.parts)
    if isinstance(node, Not):
        return not holds(node.part, row)
    opposite = {
        Operator.NOT_EQUAL: Operator.EQUAL,
        Operator.NOT_LIKE: Operator.LIKE,
        Operator.NOT_IN: Operator.IN,
        Operator.IS_NOT_NULL: Operator.IS_NULL,
    }.get(node.operator)
    if opposite is not None:
        return not holds(Comparison(node.field, opposite, node.value), row)
    if node.operator is Operator.BETWEEN:
        first, last = node.values
        return holds(Comparison(node.field, Operator.GREATER_OR_EQUAL, first), row) and holds(
            Comparison(node.field, Operator.LESS_OR_EQUAL, last), row
        )
    if node.operator is Operator.IN:
        return any(holds(Comparison(node.field, Operator.EQUAL, v), row) for v in node.values)
    return compares(node.field, node.operator, node.values, value_in(node.field, row))


def value_in(field: Field, row: Row) -> Any:
    plain = {
        Source.RUN: row.run_number,
        Source.NAME: row.name,
        Source.IN_GUI: list(row.datasets_in_gui),
        Source.VERIFIED: [mark.workspace for mark in row.marks],
        Source.RECORDED: row.recorded_luminosity,
        Source.DELIVERED: row.delivered_luminosity,
    }
    if field.source in plain:
        return plain[field.source]
    objects: dict[Source, JsonObject | None] = {
        Source.OMS: row.oms_attributes,
        Source.RR: row.rr_attributes,
        Source.DATASET: row.dataset_attributes,
        Source.COLUMN: row.triplet_summary,
        Source.BIT: row.dcs_summary,
    }
    value = (objects[field.source] or {}).get(field.name)
    if not field.part or not isinstance(value, dict):
        return value
    return value.get(field.part) if field.kind is FieldKind.LIST else value.get(field.part, 0)


def compares(field: Field, operator: Operator, values: tuple[Value, ...], have: Any) -> bool:
    if operator is Operator.IS_NULL:
        return have is None or (field.kind is FieldKind.LIST and have == [])
    if have is None:
        return False
    (value,) = values
    if field.kind in (FieldKind.STATUS, FieldKind.FLAG):
        return bool(have.get(text_of(value).upper(), 0) > 0)
    if field.kind is FieldKind.LIST:
        if operator is Operator.LIKE:
            return any(like(each, text_of(value)) for each in have)
        return text_of(value) in have
    if operator is Operator.LIKE:
        return like(as_text(have), text_of(value))
    if operator is Operator.CONTAINS and isinstance(have, list):
        return text_of(value) in have or (number_of(value) is not None and number_of(value) in have)
    if operator is Operator.CONTAINS:
        return text_of(value).lower() in as_text(have).lower()
    if isinstance(have, bool):
        return operator is Operator.EQUAL and as_text(have) == text_of(value)
    if isinstance(have, int | float):
        number = number_of(value)
        return number is not None and ordered(operator, have, number)
    return isinstance(have, str) and ordered(operator, have, text_of(value))


def ordered(operator: Operator, one: Any, other: Any) -> bool:
    results: dict[Operator, bool] = {
        Operator.EQUAL: one == other,
        Operator.LESS: one < other,
        Operator.LESS_OR_EQUAL: one <= other,
        Operator.GREATER: one > other,
        Operator.GREATER_OR_EQUAL: one >= other,
    }
    return results[operator]


def as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def like(text: str, pattern: str) -> bool:
    expression = ".*".join(map(re.escape, pattern.split("%")))
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


fields = st.sampled_from(
    [
        *(RUN, NAME, IN_GUI, RECORDED, filters.DELIVERED, filters.VERIFIED),
        *(Field(Source.OMS, each) for each in ("energy", "mixed", "fill_number", "hlt_key")),
        *(Field(Source.OMS, each) for each in ("start_time", "components", "b_field")),
        *(Field(Source.RR, each) for each in ("class", "significant", "state", "stop_reason")),
        *(Field(Source.DATASET, each) for each in ("global_state", "dt_state", "appeared_in")),
        *(Field(Source.COLUMN, "dt-dt", part) for part in ("", "BAD", "GOOD", "comments")),
        Field(Source.COLUMN, "tracker-track"),
        *(Field(Source.BIT, "hf_ready", part) for part in ("", "FALSE", "NULL")),
    ]
)

# The order of texts depends on the server's locale; these have the same order in all of them.
orderable: st.SearchStrategy[Value] = st.sampled_from(
    ["5", "2022-07-01", "2022-07-02T10:00:00Z", "7001", 5, 6800, 0, 12]
)

texts = st.sampled_from(
    [
        *("", "Collisions22", "OPEN", "online", PROMPT, "%2022%", "%_2022%", "100%_done\\", "DT"),
        *("%HV%", "/a/b/DQMIO", "/A/%", "true", "5", "7002", "%", "waiting dqm gui", "[%"),
        *("a'b\"; --", "dt", "global"),
    ]
)

numbers = st.sampled_from([0, 1, 5, 9, 10, 12, 12.5, 7001, 6800, 6800.5, -1, 355101, 1e300, 10**17])

ORDERINGS = {
    Operator.LESS,
    Operator.LESS_OR_EQUAL,
    Operator.GREATER,
    Operator.GREATER_OR_EQUAL,
    Operator.BETWEEN,
}


@st.composite
def comparison_nodes(draw: st.DrawFn) -> Comparison:
    field = draw(fields)
    operator = draw(st.sampled_from(filters.OPERATORS[field.kind]))
    of_kind: dict[FieldKind, st.SearchStrategy[Value]] = {
        FieldKind.NUMBER: numbers,
        FieldKind.STATUS: st.sampled_from(["BAD", "GOOD", "STANDBY", "NO VALUE FOUND", "EMPTY"]),
        FieldKind.FLAG: st.booleans(),
        FieldKind.TEXT: texts,
        FieldKind.LIST: texts,
        FieldKind.ATTRIBUTE: texts | numbers | st.booleans(),
    }
    values = of_kind[field.kind]
    if operator in ORDERINGS and field.kind in (FieldKind.ATTRIBUTE, FieldKind.TEXT):
        field = Field(Source.OMS, draw(st.sampled_from(["start_time", "fill_number", "mixed"])))
        values = orderable
    return draw(comparison_of(field, operator, values))


nodes = trees(comparison_nodes(), most=5)
