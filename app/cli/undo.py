"""`undo`: takes back what a version did, as a new version."""

from collections.abc import Mapping

from app.cli.arguments import Arguments, Commands, Parser, add_command, positive
from app.cli.history import shown_value
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, table, together
from app.cli.program import Program
from app.domain.history.cells import Action
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import format_ranges
from app.services.acting import Acting
from app.services.history import undo as services
from app.services.history.undo import Preview

_SHOWN = 60


def add(commands: Commands, common: Parser) -> None:
    """Adds `undo`."""
    parser = add_command(
        commands, common, "undo", "take back what a version did, as a new version", _undo
    )
    parser.add_argument("version", type=positive, metavar="VERSION")
    parser.add_argument("--comment", default="", metavar="TEXT", help="why")
    parser.add_argument(
        "--dry-run", action="store_true", help="list what would come back and what wouldn't"
    )
    parser.add_argument(
        "--leave-out-refused", action="store_true", help="undo the parts that aren't refused"
    )


def _undo(program: Program, arguments: Arguments) -> Answer:
    db, actor = program.db, program.actor
    if arguments.dry_run:
        found = services.preview(Acting(db, actor), arguments.version)
        lines = [f"{found.text[0].upper()}{found.text[1:]}.", *_lines(found)]
        refused = bool(found.refused) and not arguments.leave_out_refused
        document = {**_document(found), "atomic_version": None}
        return Answer(document, together(lines), REFUSED if refused else DONE)
    line = ProgressLine()
    try:
        undone = services.undo(
            Acting(db, actor),
            arguments.version,
            comment=arguments.comment,
            leave_out_refused=arguments.leave_out_refused,
            progress=line.shares("undoing"),
        )
    finally:
        line.clear()
    document = {**_document(undone.preview), "atomic_version": undone.version, "text": undone.text}
    return Answer(document, f"{undone.text} Version {undone.version}.")


def _lines(found: Preview) -> list[str]:
    lines: list[str] = []
    restored = [
        (
            part.run_number,
            part.dataset,
            each.key,
            format_ranges(each.ranges),
            shown_value(each.now),
            shown_value(each.restored),
            "by hand from now on" if each.by_hand else "",
        )
        for part in found.parts
        for each in part.cells.restored
    ]
    restored += [
        (
            of.run_number,
            of.dataset or "",
            each.name,
            "",
            shown_value(each.now),
            shown_value(each.restored),
            "by hand from now on" if each.by_hand else "",
        )
        for of in found.attributes
        for each in of.attributes.restored
    ]
    restored += [
        (each.run_number, each.dataset, "", "", "", "hidden" if each.hide else "shown again", "")
        for each in found.visibility
    ]
    if restored:
        heads = ("run", "dataset", "what", "LS", "now", "goes back to", "")
        lines += ["", table(heads, restored[:_SHOWN])]
        if len(restored) > _SHOWN:
            lines.append(f"and {len(restored) - _SHOWN} more")
    if since := _changed_since(found, found.authors):
        lines += ["", "Changed since, left alone:", *since[:_SHOWN]]
    if found.kept:
        lines += ["", "Stays as it is:", *(f"  {each.text}" for each in found.kept[:_SHOWN])]
    if found.refused:
        lines += ["", "Refused:", *(f"  {each.what}: {each.reason}" for each in found.refused)]
    return lines


def _changed_since(found: Preview, authors: Mapping[int, Action]) -> list[str]:
    lines = [
        f"  {part.dataset} of run {part.run_number}, {each.key}, LS {format_ranges(each.ranges)}:"
        f" {shown_value(each.now)} ({_by(authors, each.version)})"
        for part in found.parts
        for each in part.cells.changed_since
    ]
    lines += [
        f"  {each.name} of {of.dataset or 'run'} {of.run_number}: {shown_value(each.now)}"
        f" ({_by(authors, each.version)})"
        for of in found.attributes
        for each in of.attributes.changed_since
    ]
    return lines


def _by(authors: Mapping[int, Action], version: int) -> str:
    known = authors.get(version)
    return f"version {version}, {known.author}" if known is not None else f"version {version}"


def _document(found: Preview) -> JsonObject:
    restored: list[JsonValue] = [
        {
            "run_number": part.run_number,
            "dataset": part.dataset,
            "key": each.key,
            "ranges": [[first, last] for first, last in each.ranges],
            "now": shown_value(each.now),
            "restored": shown_value(each.restored),
            "by_hand": each.by_hand,
        }
        for part in found.parts
        for each in part.cells.restored
    ]
    since: list[JsonValue] = [
        {
            "run_number": part.run_number,
            "dataset": part.dataset,
            "key": each.key,
            "ranges": [[first, last] for first, last in each.ranges],
            "now": shown_value(each.now),
            "version": each.version,
        }
        for part in found.parts
        for each in part.cells.changed_since
    ]
    attributes: list[JsonValue] = [
        {
            "run_number": of.run_number,
            "dataset": of.dataset,
            "name": each.name,
            "now": each.now,
            "restored": each.restored,
            "by_hand": each.by_hand,
        }
        for of in found.attributes
        for each in of.attributes.restored
    ]
    attributes_since: list[JsonValue] = [
        {
            "run_number": of.run_number,
            "dataset": of.dataset,
            "name": each.name,
            "now": each.now,
            "version": each.version,
        }
        for of in found.attributes
        for each in of.attributes.changed_since
    ]
    return {
        "undone": found.undone.version,
        "author": found.undone.author,
        "cells": found.cells,
        "restored": restored,
        "changed_since": since,
        "attributes": attributes,
        "attributes_changed_since": attributes_since,
        "visibility": [
            {"run_number": each.run_number, "dataset": each.dataset, "hidden": each.hide}
            for each in found.visibility
        ],
        "kept": [each.text for each in found.kept],
        "refused": [{"what": each.what, "reason": str(each.reason)} for each in found.refused],
        "text": found.text,
    }
