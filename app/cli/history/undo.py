"""`undo`: undoes a version by writing a new one."""

from collections.abc import Mapping

from app.cli.arguments import add_command, positive
from app.cli.history.changes import shown_value
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import number
from app.domain.history.authorship import writer_fields
from app.domain.history.cells import Action
from app.domain.json_value import JsonObject
from app.domain.lumisections import format_ranges
from app.services.history import undo as services
from app.services.history.undo_preview import Preview

_SHOWN = 60


def add(commands: Commands, common: Parser) -> None:
    """Adds `undo`."""
    parser = add_command(commands, common, "undo", HELP["undo"], _undo, writes=True)
    parser.add_argument("version", type=positive, metavar="VERSION")
    parser.add_argument("--comment", "--reason", default="", metavar="TEXT", help="the reason")
    parser.add_argument(
        "--dry-run", action="store_true", help="list what would be undone and what wouldn't"
    )
    parser.add_argument(
        "--leave-out-refused", action="store_true", help="undo the parts that aren't refused"
    )


def _undo(program: Program, arguments: Arguments) -> Answer:
    if arguments.dry_run:
        preview = services.preview(program.acting, arguments.version)
        lines = [f"{preview.text[0].upper()}{preview.text[1:]}.", *_lines(preview)]
        refused = bool(preview.refused) and not arguments.leave_out_refused
        document = {**_document(preview), "atomic_version": None}
        return Answer(document, together(lines), REFUSED if refused else DONE)
    line = ProgressLine()
    try:
        undone = services.undo(
            program.acting,
            arguments.version,
            comment=arguments.comment,
            leave_out_refused=arguments.leave_out_refused,
            progress=line.shares("undoing"),
        )
    finally:
        line.clear()
    document = {**_document(undone.preview), "atomic_version": undone.version, "text": undone.text}
    return Answer(document, f"{undone.text} Version {undone.version}.")


def _lines(preview: Preview) -> list[str]:
    lines: list[str] = []
    restored = [
        (
            part.run_number,
            part.dataset,
            each.key,
            format_ranges(each.ranges),
            shown_value(each.now),
            shown_value(each.restored),
            "set by hand from now on" if each.by_hand else "",
        )
        for part in preview.parts
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
            "set by hand from now on" if each.by_hand else "",
        )
        for of in preview.attributes
        for each in of.attributes.restored
    ]
    restored += [
        (each.run_number, each.dataset, "", "", "", "hidden" if each.hide else "shown again", "")
        for each in preview.visibility
    ]
    if restored:
        heads = ("run", "dataset", "what", "LS", "now", "goes back to", "")
        lines += ["", table(heads, restored[:_SHOWN])]
        if len(restored) > _SHOWN:
            lines.append(f"and {number(len(restored) - _SHOWN)} more")
    if since := _changed_since(preview, preview.authors):
        lines += ["", "Changed since, left alone:", *since[:_SHOWN]]
    if preview.kept:
        lines += ["", "Stays as it is:", *(f"  {each.text}" for each in preview.kept[:_SHOWN])]
    if preview.refused:
        lines += ["", "Refused:", *(f"  {each.what}: {each.reason}" for each in preview.refused)]
    return lines


def _changed_since(preview: Preview, authors: Mapping[int, Action]) -> list[str]:
    lines = [
        f"  {part.dataset} of run {part.run_number}, {each.key}, LS {format_ranges(each.ranges)}:"
        f" {shown_value(each.now)} ({_by(authors, each.version)})"
        for part in preview.parts
        for each in part.cells.changed_since
    ]
    lines += [
        f"  {each.name} of {of.dataset or 'run'} {of.run_number}: {shown_value(each.now)}"
        f" ({_by(authors, each.version)})"
        for of in preview.attributes
        for each in of.attributes.changed_since
    ]
    return lines


def _by(authors: Mapping[int, Action], version: int) -> str:
    known = authors.get(version)
    return f"version {version}, {known.by}" if known is not None else f"version {version}"


def _document(preview: Preview) -> JsonObject:
    return {
        "undone": preview.undone.version,
        "author": preview.undone.author,
        **writer_fields(preview.undone.writer),
        "cells": preview.cells,
        **_cells_document(preview),
        **_attributes_document(preview),
        "visibility": [
            {"run_number": each.run_number, "dataset": each.dataset, "hidden": each.hide}
            for each in preview.visibility
        ],
        "kept": [each.text for each in preview.kept],
        "refused": [{"what": each.what, "reason": str(each.reason)} for each in preview.refused],
        "text": preview.text,
    }


def _cells_document(preview: Preview) -> JsonObject:
    return {
        "restored": [
            {
                "run_number": part.run_number,
                "dataset": part.dataset,
                "key": each.key,
                "ranges": [[first, last] for first, last in each.ranges],
                "now": shown_value(each.now),
                "restored": shown_value(each.restored),
                "by_hand": each.by_hand,
            }
            for part in preview.parts
            for each in part.cells.restored
        ],
        "changed_since": [
            {
                "run_number": part.run_number,
                "dataset": part.dataset,
                "key": each.key,
                "ranges": [[first, last] for first, last in each.ranges],
                "now": shown_value(each.now),
                "version": each.version,
            }
            for part in preview.parts
            for each in part.cells.changed_since
        ],
    }


def _attributes_document(preview: Preview) -> JsonObject:
    return {
        "attributes": [
            {
                "run_number": of.run_number,
                "dataset": of.dataset,
                "name": each.name,
                "now": each.now,
                "restored": each.restored,
                "by_hand": each.by_hand,
            }
            for of in preview.attributes
            for each in of.attributes.restored
        ],
        "attributes_changed_since": [
            {
                "run_number": of.run_number,
                "dataset": of.dataset,
                "name": each.name,
                "now": each.now,
                "version": each.version,
            }
            for of in preview.attributes
            for each in of.attributes.changed_since
        ],
    }
