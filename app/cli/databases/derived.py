"""How complete and how fresh what is derived is, and counting all of it again, for `db check`."""

from collections.abc import Iterable

from app.cli.output import Lines, ProgressLine, number_of, together
from app.domain.json_value import JsonObject, JsonValue
from app.domain.recount.status import Finding, Recounted, Standing
from app.domain.sources.intake import IntakeState
from app.services.acting import Acting
from app.services.recount import recounting

_SHOWN = 20


def standing_document(found: Standing) -> JsonObject:
    """The state of what is derived."""
    return {
        "datasets": found.datasets,
        "counted_since_change": found.counted_since,
        "counted_once": found.counted_once,
        "stale_summaries": found.stale,
        "states": found.states,
        "newest_version": found.newest_written,
        "newest_version_counted": found.newest_taken_in,
        "last_count": None if found.last is None else found.last.isoformat(),
        "oldest_count": None if found.oldest is None else found.oldest.isoformat(),
        "unconfirmed": found.unconfirmed,
        "taken_in": None if found.intake is None else intake_document(found.intake),
        "false_values_number": found.findings_number,
        "false_values": _documents(found.findings),
    }


def intake_document(found: IntakeState) -> JsonObject:
    """How far what other programs wrote is taken in."""
    return {
        "event": found.event,
        "newest_event": found.newest,
        "runs": found.runs,
        "runs_left": found.runs_left,
    }


def standing_lines(found: Standing) -> list[str]:
    """The same, below each other as `db check` has them."""
    said = [*found.lines, *(each.line for each in found.findings)]
    return [f"{'derived' if not at else '':<15}{line}" for at, line in enumerate(said)]


def count_all(acting: Acting, *, repair: bool, by: str) -> Recounted:
    """Compares every derived row with the events, telling how far it is."""
    line = ProgressLine()
    try:
        doing = line.shares("counting again")
        return recounting.recount_all(acting, repair=repair, by=by, progress=doing)
    finally:
        line.clear()


def is_right(counted: Recounted) -> bool:
    """Whether nothing false is left."""
    return not counted.failed and all(each.repaired for each in counted.findings)


def counted_document(counted: Recounted) -> JsonObject:
    """What counting all of it again found."""
    return {
        "tables": list(recounting.TABLES),
        "rows": counted.rows,
        "renewed": counted.renewed,
        "false_values": _documents(counted.findings),
        "failed": list(counted.failed),
    }


def counted_lines(counted: Recounted, *, repair: bool) -> Lines:
    """The same in sentences."""
    old = "brought up to date" if repair else "missing or old"
    said = (
        f"{number_of(counted.rows, 'row')} compared with the events: {counted.renewed} {old},"
        f" {number_of(len(counted.findings), 'false value')}"
    )
    lines = [f"counted again  {said}"]
    told = [each.text for each in counted.findings]
    lines += [f"               {each}" for each in told[:_SHOWN]]
    if len(told) > _SHOWN:
        lines.append(f"               and {len(told) - _SHOWN} more (--json has the first)")
    lines += [f"               Not counted: {each}" for each in counted.failed[:_SHOWN]]
    if counted.findings and not repair:
        lines.append(
            "               Put it right with: db check --repair. Find out who wrote it: official"
            " lists and golden reproduce don't rest on it, other lists may."
        )
    return together(lines)


def _documents(findings: Iterable[Finding]) -> list[JsonValue]:
    return [
        {
            "table": each.table,
            "run_number": each.run_number,
            "dataset": each.name,
            "part": each.part,
            "lumisections": each.lumisections,
            "expected": each.expected,
            "found": each.found,
            "at": None if each.at is None else each.at.isoformat(),
            "noticed_by": each.noticed_by,
            "repaired": each.repaired,
        }
        for each in findings
    ]
