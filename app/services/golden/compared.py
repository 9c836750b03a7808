"""Comparisons of lists as CSV."""

from app.domain.json_value import js_stringify
from app.domain.lumisections import count, format_ranges
from app.domain.text.csv_text import csv_text
from app.services.golden.checks.reproduce import Changes
from app.services.golden.lists import ComparedLists

_EVENT = (
    *("version", "author", "at", "comment", "run_number", "dataset", "name", "before", "after"),
    *("gained", "lost"),
)


def csv_of_runs(compared: ComparedLists) -> str:
    """One line per run that differs; luminosities [pb^-1] blank where unknown."""
    sides = ("gained", "lost")
    titles = ["run_number"]
    for side in sides:
        titles += [f"{side}_lumisections", f"{side}_recorded_pb", f"{side}_ranges"]
    rows: list[list[object]] = [[*titles]]
    comparison = compared.comparison
    for run_number in sorted({*comparison.gained, *comparison.lost}):
        cells: list[object] = [run_number]
        for part, sums in ((comparison.gained, compared.gained), (comparison.lost, compared.lost)):
            ranges = part.get(run_number, ())
            of = None if sums is None else sums.get(run_number)
            cells += [
                count(ranges),
                of.recorded if of is not None and of.known else "",
                format_ranges(ranges),
            ]
        rows.append(cells)
    return csv_text(rows)


def csv_of_events(changes: Changes) -> str:
    """One line per value that changed, with who did it and when."""
    rows: list[tuple[object, ...]] = [_EVENT]
    for change in changes.responsible:
        action = change.action
        rows.append(
            (
                "" if action is None else action.version,
                "" if action is None else action.by,
                "" if action is None else action.at.isoformat(),
                "" if action is None else action.comment,
                change.run_number,
                change.dataset,
                change.name,
                js_stringify(change.before),
                js_stringify(change.after),
                format_ranges(change.gained),
                format_ranges(change.lost),
            )
        )
    return csv_text(rows)
