"""Values of cells, and what edits of them do to a golden rule, as text."""

from typing import TYPE_CHECKING

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import Triplet
from app.views.looks import words

if TYPE_CHECKING:
    from app.golden.document import Document
    from app.services.editing.golden_effect import GoldenEffect

_RANGES_SHOWN = 4


def value_text(value: "Triplet | JsonValue") -> str:
    """`BAD, HV trip, cause: hv`, or `false` for a DCS bit."""
    if not isinstance(value, Triplet):
        return words.value(value)
    parts = [value.status or "no status", value.comment]
    if value.cause:
        parts.append(f"cause: {value.cause}")
    return ", ".join(filter(None, parts))


def short_ranges(ranges: tuple[LumiRange, ...], most: int = _RANGES_SHOWN) -> str:
    """The first ranges, and how many more there are."""
    shown = format_ranges(ranges[:most])
    more = len(ranges) - most
    return f"{shown} and {words.counted(more, 'more range')}" if more > 0 else shown


def golden_text(effect: "GoldenEffect", scope: str = "") -> str:
    """`Golden rule: 3 LS with 1.2 pb⁻¹ leave (LS 10-12).`; `scope` names the datasets."""
    parts = [
        f"{words.number(lumisections)} LS with {words.luminosity(recorded)} pb⁻¹ {verb}"
        f"{_where(document)}"
        for document, lumisections, recorded, verb in (
            (effect.leaving, effect.lumisections_leaving, effect.recorded_leaving, "leave"),
            (effect.entering, effect.lumisections_entering, effect.recorded_entering, "enter"),
        )
        if lumisections
    ]
    return f"Golden rule{scope}: {'; '.join(parts) or 'nothing leaves or enters'}."


def _where(document: "Document") -> str:
    """The lumisections of a single run, or how many runs there are."""
    if len(document) != 1:
        return f" in {words.counted(len(document), 'run')}"
    (ranges,) = document.values()
    return f" (LS {short_ranges(ranges)})"
