"""Changes of a run or dataset in one line each, as people read them."""

from app.domain.history.attributes import AttributeChange, LumisectionChange
from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import format_ranges
from app.domain.triplets import triplet_from_json


def attribute_line(change: AttributeChange) -> str:
    """`class: Cosmics25 -> Collisions25`."""
    where = f"{change.dataset} " if change.dataset else ""
    overruled = " (overruled by a manual value)" if change.overruled else ""
    before, written = value_text(change.before), value_text(change.written)
    return f"{where}{change.name}: {before} -> {written}{overruled}"


def lumisection_line(change: LumisectionChange) -> str:
    """`online dt-dt: BAD high voltage in LS 12-40, 55`."""
    if change.values > 1:
        value = f"{change.values} values"
    elif change.oms:
        value = value_text(change.value)
    else:
        triplet = triplet_from_json(change.value)
        value = " ".join(filter(None, (triplet.status, triplet.comment, triplet.cause)))
    return f"{change.dataset} {change.key}: {value} in LS {format_ranges(change.ranges)}"


def value_text(value: JsonValue) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else js_stringify(value)
