"""`history`: who changed a run, a dataset or a selection, from what to what."""

import argparse
from collections.abc import Sequence

from app.cli.arguments import add_command, add_run, lumisections, moment, positive
from app.cli.output import Answer, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import number
from app.domain.history.attributes import AttributeChange
from app.domain.history.authorship import writer_fields
from app.domain.history.cells import CellChange, Difference
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import Triplet
from app.services import names
from app.services.history.look import (
    MOST_VERSIONS,
    DatasetChanges,
    Entry,
    HistorySubject,
    Page,
    history_of,
)
from app.services.history.moments import Compared, ComparedRun, compare, compare_run

_SHOWN = 12


def add(commands: Commands, common: Parser) -> None:
    """Adds `history`."""
    parser = add_command(
        commands,
        common,
        "history",
        HELP["history"],
        _history,
        writes=False,
    )
    add_run(parser)
    parser.add_argument("--dataset", metavar="NAME", help="only this dataset")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="C",
        dest="keys",
        help="only this column or DCS bit; can be repeated",
    )
    parser.add_argument(
        "--ls",
        type=lumisections,
        metavar="RANGES",
        dest="ranges",
        default=(),
        help="only these lumisections of the columns, such as 12-40,55",
    )
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="VERSION|DAY",
        help="as it was after that version, or when that day ended (UTC; a minute: until then)",
    )
    parser.add_argument("--limit", type=_limit, default=20, metavar="N", help="versions (20)")
    parser.add_argument(
        "--before", type=positive, metavar="VERSION", help="only older versions: the next page"
    )
    parser.add_argument(
        "--compare",
        type=moment,
        metavar="VERSION|DAY",
        help="what differs between that moment and now, or --as-of",
    )


def shown_value(value: "Triplet | JsonValue") -> str:
    """The value of a cell or attribute in a few words."""
    if isinstance(value, Triplet):
        return " ".join(filter(None, value)) or "without a status"
    return value if isinstance(value, str) else js_stringify(value)


def _limit(text: str) -> int:
    limit = positive(text)
    if limit > MOST_VERSIONS:
        raise argparse.ArgumentTypeError(f"a page has at most {MOST_VERSIONS} versions")
    return limit


def _history(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    arguments.as_of = names.version_at(acting, arguments.as_of)
    arguments.compare = names.version_at(acting, arguments.compare)
    if arguments.compare is not None:
        return _compare(program, arguments)
    before: int | None = arguments.before
    if arguments.as_of is not None:
        before = min(before or arguments.as_of + 1, arguments.as_of + 1)
    if arguments.ranges and not arguments.keys:
        raise UsageError("--ls requires --column.", "")
    dataset: str | None = arguments.dataset or (ONLINE if arguments.keys else None)
    if arguments.keys:
        names.check_cells(acting, arguments.run, dataset, arguments.keys, arguments.ranges)
    subject = HistorySubject(arguments.run, dataset, tuple(arguments.keys), tuple(arguments.ranges))
    page = history_of(acting, subject, limit=arguments.limit, before=before)
    return Answer(_page_document(page), _page_text(page))


def _page_text(page: Page) -> str:
    lines: list[str] = []
    for entry in page.entries:
        action = entry.action
        kind = "" if action.manual else " (automatic)"
        lines.append(
            f"{action.version}  {action.at:%Y-%m-%d %H:%M:%S} UTC  {action.by}{kind}:"
            f" {action.comment}"
        )
        changes = [attribute_line(each) for each in entry.attributes]
        for dataset in entry.datasets:
            changes += [f"{dataset.dataset} {cell_line(each)}" for each in dataset.cells]
        lines += [f"    {line}" for line in changes[:_SHOWN]]
        if len(changes) > _SHOWN:
            lines.append(f"    and {number(len(changes) - _SHOWN)} more")
    if not lines:
        return "No version changed it."
    if page.before is not None:
        lines.append(f"--before {page.before} shows older ones.")
    return together(lines)


def attribute_line(change: AttributeChange) -> str:
    """An attribute from what to what."""
    where = f"{change.dataset} " if change.dataset else ""
    overruled = " (an earlier value set by hand stays in force)" if change.overruled else ""
    return (
        f"{where}{change.name}: {shown_value(change.before)} -> {shown_value(change.written)}"
        f"{overruled}"
    )


def cell_line(change: CellChange[Triplet] | CellChange[JsonValue]) -> str:
    """Cells from what to what, and where."""
    where = f"in LS {format_ranges(change.ranges)}"
    if change.kinds > 1:
        return f"{change.key}: {number(change.kinds)} different changes {where}"
    overruled = " (an earlier value set by hand stays in force)" if change.overruled else ""
    return (
        f"{change.key}: {shown_value(change.before)} -> {shown_value(change.written)} {where}"
        f"{overruled}"
    )


def _page_document(page: Page) -> JsonValue:
    return {"versions": [_entry(each) for each in page.entries], "before": page.before}


def _entry(entry: Entry) -> JsonObject:
    return {
        "version": entry.action.version,
        "author": entry.action.author,
        **writer_fields(entry.action.writer),
        "manual": entry.action.manual,
        "comment": entry.action.comment,
        "at": entry.action.at.isoformat(),
        **changes_document(entry.attributes, entry.datasets),
    }


def changes_document(
    attributes: Sequence[AttributeChange], datasets: Sequence[DatasetChanges]
) -> JsonObject:
    """What a version changed, as a document."""
    return {
        "attributes": [
            {
                "part": change.part,
                "dataset": change.dataset or None,
                "name": change.name,
                "before": change.before,
                "after": change.after,
                "written": change.written,
            }
            for change in attributes
        ],
        "cells": [
            {
                "dataset": dataset.dataset,
                "key": each.key,
                "before": _value(each.before),
                "after": _value(each.after),
                "written": _value(each.written),
                "ranges": _lists(each.ranges),
                "kinds": each.kinds,
            }
            for dataset in datasets
            for each in dataset.cells
        ],
    }


def _compare(program: Program, arguments: Arguments) -> Answer:
    acting, run_number, dataset = program.acting, arguments.run, arguments.dataset
    keys = arguments.keys or None
    if arguments.ranges:
        raise UsageError("--ls requires a history; --compare compares all lumisections.", "")
    if keys:
        names.check_cells(acting, run_number, dataset, keys)
    if dataset is None:
        whole = compare_run(acting, run_number, arguments.compare, arguments.as_of, keys=keys)
    else:
        compared = compare(
            acting, run_number, dataset, arguments.compare, arguments.as_of, keys=keys
        )
        whole = ComparedRun(compared.run_attributes, {dataset: compared}, ())
    shown = dataset or ONLINE
    return Answer(_compared_document(whole, shown), _compared_text(whole, shown))


def _compared_text(compared: ComparedRun, dataset: str) -> str:
    lines = [_pair(name, *pair) for name, pair in compared.run_attributes.items()]
    for name, differing in compared.datasets.items():
        # Lines of the dataset that was named, or of `online`, need no name.
        of = "" if name == dataset else f"{name} "
        if differing.hidden is not None:
            lines.append(f"{name}: {'shown again' if differing.hidden[0] else 'hidden'}")
        lines += [f"{of}{_pair(key, *pair)}" for key, pair in differing.attributes.items()]
        lines += [
            f"{of}{_pair(each.key, each.before, each.after)} in LS {format_ranges(each.ranges)}"
            for each in differing.cells
        ]
    lines += [f"{name}: made since" for name in compared.appeared]
    return together(lines) or "Nothing differs."


def _pair(name: str, old: "Triplet | JsonValue", new: "Triplet | JsonValue") -> str:
    return f"{name}: {shown_value(old)} -> {shown_value(new)}"


def _compared_document(compared: ComparedRun, dataset: str) -> JsonValue:
    return {
        **_dataset_document(compared.datasets[dataset]),
        "run_attributes": {name: [*pair] for name, pair in compared.run_attributes.items()},
        "datasets": [
            {"dataset": name, **_dataset_document(each)} for name, each in compared.datasets.items()
        ],
        "appeared": [*compared.appeared],
    }


def _dataset_document(compared: Compared) -> JsonObject:
    return {
        "columns": [_difference(each) for each in compared.columns],
        "bits": [_difference(each) for each in compared.bits],
        "attributes": {name: [*pair] for name, pair in compared.attributes.items()},
        "hidden": None if compared.hidden is None else [*compared.hidden],
    }


def _difference(each: Difference[Triplet] | Difference[JsonValue]) -> JsonObject:
    return {
        "key": each.key,
        "before": _value(each.before),
        "after": _value(each.after),
        "ranges": _lists(each.ranges),
    }


def _value(value: "Triplet | JsonValue") -> JsonValue:
    if isinstance(value, Triplet):
        return {**value.as_json()}
    return value


def _lists(ranges: Sequence[LumiRange]) -> list[JsonValue]:
    return [[first, last] for first, last in ranges]
