"""How reports say luminosities, shares and times."""

from datetime import UTC, datetime

from app.domain.counting import luminosity
from app.domain.json_value import JsonValue, json_text
from app.domain.reports.document import Block, Listing, Section, Sentence, Tone
from app.golden.selection import Selection
from app.services.reports.moment import ReportMoment

_FIRM = "\u00a0"
"""A space that no line is broken at."""


def pb(value: float) -> str:
    """A luminosity [pb^-1] with four digits."""
    return luminosity(value, digits=4)


def share_of(part: float, whole: float) -> float | None:
    """A part of a whole, None where there is nothing."""
    return part / whole if whole > 0 else None


def clock(at: datetime | None) -> str:
    """`18 Aug 06:12`, in UTC; a dash where it isn't known."""
    return "–" if at is None else f"{at.astimezone(UTC):%d %b %H:%M}".replace(" ", _FIRM)


def duration(begin: datetime | None, end: datetime | None) -> str:
    """`1 h 05 min`."""
    if begin is None or end is None:
        return "–"
    minutes = max(round((end - begin).total_seconds() / 60), 0)
    text = f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
    return text.replace(" ", _FIRM)


def basis_of(moment: ReportMoment, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """What every report states of what it was made from."""
    basis = [("As of", moment.text), *more]
    if not moment.settled:
        basis.append(
            (
                "Still being written",
                "Somebody was writing when this was made: what is then stored under a smaller"
                " version is in no part of it. Make it again to be sure.",
            )
        )
    return tuple(basis)


def unknown(name: str, selection: Selection) -> tuple[Block, ...]:
    """A warning where a rule reads what no lumisection has: its conditions fail everywhere."""
    if not selection.warnings:
        return ()
    read = ", ".join(warning.name for warning in selection.warnings)
    return (Sentence(f"Rule {name} reads {read}, which no lumisection has.", Tone.WARNING),)


def rules_section(rules: list[tuple[str, JsonValue]]) -> Section:
    """The rules that a report was made with, whole."""
    blocks: list[Block] = []
    for name, rule in rules:
        blocks += [Sentence(f"Rule {name}"), Listing(json_text(rule))]
    return Section("Rules", tuple(blocks))


def file_name(kind: str, title: str, moment: ReportMoment) -> str:
    """What the file of a report is called, without the ending."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in title).strip("-")
    return f"{kind}-{kept[:60]}-v{moment.version}"
