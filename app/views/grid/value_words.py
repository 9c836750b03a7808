"""Values of cells in words, as the preview and conflicts write them."""

from app.domain.json_value import JsonValue
from app.domain.triplets import Triplet
from app.views import words


def value_text(value: "Triplet | JsonValue") -> str:
    """`BAD, HV trip, cause: hv`; a DCS bit as a word."""
    if not isinstance(value, Triplet):
        return words.value(value)
    parts = [value.status or "no status", value.comment]
    if value.cause:
        parts.append(f"cause: {value.cause}")
    return ", ".join(filter(None, parts))
