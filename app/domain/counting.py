"""Numbers and counted things as text."""

import math

_THOUSANDS = "\u202f"
"""A narrow space that no line is broken at."""


def number(value: float) -> str:
    """Thousands apart: `12 345`, `3.8`."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace(",", _THOUSANDS)
    return f"{value:.6g}"


def luminosity(value: float, digits: int = 3) -> str:
    """A luminosity [pb^-1] with so many digits, or all of those before the point."""
    if not math.isfinite(value):
        return str(value)  # as somebody has stored it
    return number(round(value)) if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def percent(share: float | None) -> str:
    """`98.2 %`, a dash where there is no share."""
    return "–" if share is None else f"{100 * share:.1f} %"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 run`, `12 345 runs`; `plural` where it isn't the noun with an s."""
    return f"{number(count)} {noun if count == 1 else plural or f'{noun}s'}"
