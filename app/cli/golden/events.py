"""The events that moved lumisections into a list or out of it, as a text and as a document."""

from app.cli.output import table
from app.domain.counting import counted
from app.domain.history.authorship import writer_fields
from app.domain.json_value import JsonObject, js_stringify
from app.domain.lumisections import format_ranges
from app.services.golden.checks.reproduce import Changes, Responsible

_SHOWN = 50


def event_document(each: Responsible) -> JsonObject:
    """One value that changed, with the event that set it."""
    action = each.action
    return {
        "version": None if action is None else action.version,
        "author": None if action is None else action.author,
        **writer_fields("" if action is None else action.writer),
        "at": None if action is None else action.at.isoformat(),
        "comment": None if action is None else action.comment,
        "run_number": each.run_number,
        "dataset": each.dataset,
        "name": each.name,
        "before": each.before,
        "after": each.after,
        "gained": [list(pair) for pair in each.gained],
        "lost": [list(pair) for pair in each.lost],
    }


def event_lines(changes: Changes) -> list[str]:
    """A table of the events; nothing when there is none."""
    rows = [
        (
            None if change.action is None else change.action.version,
            "" if change.action is None else change.action.by,
            "" if change.action is None else f"{change.action.at:%Y-%m-%d %H:%M}",
            change.run_number,
            change.dataset,
            f"{change.name}: {js_stringify(change.before)} to {js_stringify(change.after)}",
            format_ranges(change.gained),
            format_ranges(change.lost),
        )
        for change in changes.responsible
    ]
    if not rows:
        return []
    heads = ("version", "by", "at (UTC)", "run", "dataset", "what", "gained LS", "lost LS")
    lines: list[str] = [table(heads, rows[:_SHOWN], right=("version", "run"))]
    if len(rows) > _SHOWN:
        lines.append(f"and {counted(len(rows) - _SHOWN, 'more event')}; --json lists them all.")
    return lines
