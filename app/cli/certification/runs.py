"""Commands on runs: list, show, move, class, significance, refresh."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.cli.arguments import (
    add_command,
    add_group,
    add_page,
    add_run,
    page_line,
    positive,
    table_query,
    truth,
    uncounted_line,
)
from app.cli.certification import wishes
from app.cli.output import Answer, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.growth import Gained
from app.domain.certification.runs import RUN_STATES
from app.domain.certification.wishes import Asked
from app.domain.history.attributes import HistoryEntry
from app.domain.history.authorship import writer_fields
from app.domain.history.change_words import attribute_line, lumisection_line, value_text
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import Outcome
from app.models.lists.tables.rows import Row
from app.services.acting import Acting
from app.services.certification import growth, runs, tables
from app.services.certification.tables import Attribute, RunDetails

_SHOWN = 12


def add(commands: Commands, common: Parser) -> None:
    """Adds `runs` and its commands."""
    group = add_group(commands, common, "runs", HELP["runs"])
    parser = add_command(group, common, "list", "a page of runs, newest first", _list, writes=False)
    add_page(parser)
    parser.add_argument("--significant", action="store_true", help="only significant runs")

    parser = add_command(
        group, common, "show", "attributes, datasets and history of a run", _show, writes=False
    )
    add_run(parser)
    parser.add_argument(
        "--history",
        type=positive,
        default=20,
        metavar="N",
        help=f"show the N newest actions (20, at most {tables.MOST_VERSIONS})",
    )

    parser = add_command(
        group,
        common,
        "move",
        "move a run to OPEN, SIGNOFF or COMPLETED",
        _move,
        writes=True,
        example="396372 SIGNOFF",
    )
    add_run(parser)
    parser.add_argument("state", type=str.upper, choices=RUN_STATES, metavar="STATE")
    wishes.add_no_wait(parser)

    parser = add_command(
        group,
        common,
        "class",
        "set the class of an OPEN run by hand",
        _class,
        writes=True,
        example="396372 Commissioning25",
    )
    add_run(parser)
    parser.add_argument("class_", metavar="CLASS")

    parser = add_command(
        group,
        common,
        "stop-reason",
        "set the stop reason of an OPEN run by hand",
        _stop_reason,
        writes=True,
        example="396372 'beam dump'",
    )
    add_run(parser)
    parser.add_argument("reason", metavar="REASON", help="why the run ended; '' for none")

    parser = add_command(
        group,
        common,
        "significant",
        "mark an OPEN run significant and classify it",
        _significant,
        writes=True,
        example="396372",
    )
    add_run(parser)
    parser.add_argument(
        "value", nargs="?", type=truth, default=True, metavar="true|false", help="true"
    )
    wishes.add_no_wait(parser)

    parser = add_command(
        group,
        common,
        "take-in",
        "bring LS that a signed-off run gained into it and its datasets",
        _take_in,
        writes=True,
        example="396370",
    )
    add_run(parser)
    parser.add_argument(
        "--recorded", action="store_true", help="only what is recorded of the run, without OMS"
    )
    wishes.add_no_wait(parser)

    parser = add_command(
        group,
        common,
        "settle",
        "mark the manual update that a run needs as done",
        _settle,
        writes=True,
        example="396372",
    )
    add_run(parser)
    wishes.add_no_wait(parser)

    parser = add_command(
        group,
        common,
        "refresh",
        "fetch an OPEN run from OMS and classify it again",
        _refresh,
        writes=True,
    )
    add_run(parser)
    parser.add_argument(
        "--reset", action="store_true", help="compute class and significance from scratch"
    )
    parser.add_argument(
        "--recorded", action="store_true", help="classify what is recorded, without OMS"
    )
    wishes.add_no_wait(parser)


def _list(program: Program, arguments: Arguments) -> Answer:
    query = replace(
        table_query(program.db, arguments, "runs"), significant_only=arguments.significant
    )
    page = tables.runs_page(program.acting, query)
    rows = [
        (
            row.run_number,
            row.rr_attributes.get("class"),
            row.rr_attributes.get("state"),
            row.rr_attributes.get("significant") is True,
            row.oms_attributes.get("ls_duration"),
            luminosity(row.recorded_luminosity),
            row.oms_attributes.get("start_time"),
            row.oms_attributes.get("hlt_key"),
            "needs a manual update" if row.needs_manual_update else "",
        )
        for row in page.rows
    ]
    heads = (
        "run",
        "class",
        "state",
        "significant",
        "LS",
        "recorded",
        "start (UTC)",
        "HLT key",
        "",
    )
    text = table(heads, rows, right=("run", "LS", "recorded"))
    document: JsonValue = {
        "count": page.count,
        "exact": page.exact,
        "uncounted": page.uncounted,
        "runs": [_summary(row) for row in page.rows],
    }
    line = page_line(query, len(rows), page.count, exact=page.exact, thing="run")
    more = [uncounted_line(page.uncounted)] if page.uncounted else []
    return Answer(document, together((*((text,) if rows else ()), line, *more)))


def _summary(row: Row) -> JsonObject:
    return {
        "run_number": row.run_number,
        "class": row.rr_attributes.get("class"),
        "state": row.rr_attributes.get("state"),
        "significant": row.rr_attributes.get("significant"),
        "stop_reason": row.rr_attributes.get("stop_reason"),
        "needs_manual_update": row.needs_manual_update,
        "recorded_luminosity": row.recorded_luminosity,
        "delivered_luminosity": row.delivered_luminosity,
        "oms_attributes": row.oms_attributes,
        "rr_attributes": row.rr_attributes,
        "triplet_summary": row.triplet_summary,
        "dcs_summary": row.dcs_summary,
    }


def _show(program: Program, arguments: Arguments) -> Answer:
    db = program.db
    details = tables.run_details(Acting(db), arguments.run)
    limit = min(arguments.history, tables.MOST_VERSIONS)
    history = tables.run_history(Acting(db), arguments.run, limit=limit)
    document: JsonValue = {
        "run_number": arguments.run,
        "needs_manual_update": details.row.needs_manual_update,
        "rr_attributes": [_attribute_document(attribute) for attribute in details.rr],
        "oms_attributes": [_attribute_document(attribute) for attribute in details.oms],
        "datasets": [dataset_document(row) for row in details.datasets],
        "history": [_entry_document(entry) for entry in history],
    }
    return Answer(document, _details_text(arguments.run, details, history))


def _details_text(run_number: int, details: RunDetails, history: tuple[HistoryEntry, ...]) -> str:
    rr = {attribute.name: attribute for attribute in details.rr}
    mark = ", needs a manual update" if details.row.needs_manual_update else ""
    heading = f"Run {run_number}: {_shown(rr, 'class') or 'no class'}, {_shown(rr, 'state')}{mark}"
    attributes = [
        (part, one.name, one.by, "by hand" if one.by_hand else "", value_text(one.value))
        for part, of_part in (("RR", details.rr), ("OMS", details.oms))
        for one in sorted(of_part, key=lambda attribute: attribute.name)
    ]
    datasets = [
        (
            row.name,
            row.dataset_attributes.get("global_state"),
            luminosity(row.recorded_luminosity),
            "hidden" if row.deleted else "",
        )
        for row in details.datasets
    ]
    lines = [heading, "", table(("", "attribute", "author", "", "value"), attributes), ""]
    lines.append(table(("dataset", "global", "recorded", ""), datasets, right=("recorded",)))
    lines += ["", "History, the newest first"]
    for entry in history:
        lines.append(
            f"{entry.version}  {entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.by}: {entry.comment}"
        )
        lines += [f"    {attribute_line(change)}" for change in entry.attributes[:_SHOWN]]
        if len(entry.attributes) > _SHOWN:
            lines.append(f"    and {len(entry.attributes) - _SHOWN} more attributes")
        lines += [f"    {lumisection_line(change)}" for change in entry.lumisections[:_SHOWN]]
        if len(entry.lumisections) > _SHOWN:
            lines.append(f"    and {len(entry.lumisections) - _SHOWN} more columns and bits")
    return together(lines)


def _attribute_document(attribute: Attribute) -> JsonObject:
    return {
        "name": attribute.name,
        "value": attribute.value,
        "by_hand": attribute.by_hand,
        "automatic": attribute.automatic,
        "author": attribute.author,
        **writer_fields(attribute.writer),
        "at": attribute.at.isoformat() if attribute.at else None,
    }


def dataset_document(row: Row) -> JsonObject:
    """A dataset for machines."""
    return {
        "run_number": row.run_number,
        "name": row.name,
        "deleted": row.deleted,
        "class": row.rr_attributes.get("class"),
        "recorded_luminosity": row.recorded_luminosity,
        "delivered_luminosity": row.delivered_luminosity,
        "dataset_attributes": row.dataset_attributes,
        "datasets_in_gui": list(row.datasets_in_gui),
        "verified": [{"workspace": each.workspace, "by": each.by} for each in row.marks],
        "triplet_summary": row.triplet_summary,
        "dcs_summary": row.dcs_summary,
    }


def _entry_document(entry: HistoryEntry) -> JsonObject:
    attributes: list[JsonValue] = [
        {
            "part": change.part,
            "dataset": change.dataset or None,
            "name": change.name,
            "before": change.before,
            "after": change.after,
            "written": change.written,
        }
        for change in entry.attributes
    ]
    changed: list[JsonValue] = [
        {
            "dataset": change.dataset,
            "oms": change.oms,
            "key": change.key,
            "value": change.value,
            "values": change.values,
            "ranges": [[first, last] for first, last in change.ranges],
        }
        for change in entry.lumisections
    ]
    return {
        "version": entry.version,
        "author": entry.author,
        **writer_fields(entry.writer),
        "manual": entry.manual,
        "comment": entry.comment,
        "at": entry.at.isoformat(),
        "attributes": attributes,
        "lumisections": changed,
    }


def _shown(attributes: Mapping[str, Attribute], name: str) -> str:
    attribute = attributes.get(name)
    return value_text(attribute.value) if attribute is not None else ""


def _move(program: Program, arguments: Arguments) -> Answer:
    moved = runs.move(program.acting, arguments.run, arguments.state)
    document: JsonObject = {
        "run_number": moved.run_number,
        "state": moved.state,
        "datasets": list(moved.datasets),
        "gained": _gained_document(moved.gained),
        "without_part": _lists(moved.without_part),
        "text": moved.text,
    }
    if moved.asked is not None:
        return wishes.answered(program, arguments, moved.asked, document, moved.text)
    return Answer(document, together((moved.text, *(f"  {name}" for name in moved.datasets))))


def _take_in(program: Program, arguments: Arguments) -> Answer:
    answer = _oms_run(program, arguments)
    taken = growth.take_in(program.acting, arguments.run, answer, recorded=arguments.recorded)
    if isinstance(taken, Asked):
        return wishes.answered(program, arguments, taken, {"run_number": arguments.run})
    document: JsonValue = {
        "run_number": taken.run_number,
        "ranges": _lists(taken.ranges),
        "gained": _gained_document(taken.gained),
        "others": taken.others,
        "settled": taken.settled,
        "text": taken.text,
    }
    return Answer(document, taken.text)


def _gained_document(gained: Sequence[Gained]) -> list[JsonValue]:
    return [
        {
            "dataset": each.dataset,
            "ranges": _lists(each.ranges),
            "certified": dict(each.certified),
        }
        for each in gained
    ]


def _lists(ranges: Sequence[LumiRange]) -> list[JsonValue]:
    return [[first, last] for first, last in ranges]


def _class(program: Program, arguments: Arguments) -> Answer:
    return _set(program, arguments.run, "class", arguments.class_)


def _stop_reason(program: Program, arguments: Arguments) -> Answer:
    return _set(program, arguments.run, "stop_reason", arguments.reason)


def _settle(program: Program, arguments: Arguments) -> Answer:
    outcome = runs.settle_manual_update(program.acting, arguments.run)
    return _outcome(program, arguments, outcome)


def _significant(program: Program, arguments: Arguments) -> Answer:
    if not arguments.value:
        return _set(program, arguments.run, "significant", value=False)
    outcome = runs.mark_significant(program.acting, arguments.run)
    return _outcome(program, arguments, outcome)


def _refresh(program: Program, arguments: Arguments) -> Answer:
    answer = _oms_run(program, arguments)
    outcome = runs.refresh(
        program.acting, arguments.run, answer, reset=arguments.reset, recorded=arguments.recorded
    )
    return _outcome(program, arguments, outcome)


def _oms_run(program: Program, arguments: Arguments) -> OmsRun | None:
    """What OMS says of the run, unless only what is recorded counts or a puller asks."""
    if arguments.recorded or not program.db.writes_automatically:
        return None
    return program.oms_run(arguments.run)


def _set(program: Program, run_number: int, attribute: str, value: JsonValue) -> Answer:
    edited = runs.edit_attribute(program.acting, run_number, attribute, value)
    document: JsonValue = {
        "run_number": run_number,
        "attribute": attribute,
        "value": value,
        "changed": edited.changed,
        "text": edited.text,
    }
    return Answer(document, edited.text)


def _outcome(program: Program, arguments: Arguments, outcome: Outcome | Asked) -> Answer:
    if isinstance(outcome, Asked):
        return wishes.answered(program, arguments, outcome, {"run_number": arguments.run})
    document: JsonValue = {
        "run_number": arguments.run,
        "outcome": outcome.kind.value,
        "text": outcome.text,
    }
    return Answer(document, outcome.text)
