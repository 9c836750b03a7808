"""Files that commands write: what stands there already is replaced when it is such a file, too, or
when the person insists."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from app.domain.errors import BadInput, Refused
from app.golden import document as documents
from app.services.golden import exports as golden_exports
from app.services.golden.exports import Export
from app.services.history import log_export

Looks: TypeAlias = Callable[[str], bool]
"""Whether the text of a file is of the kind that would be written in its place."""

_MOST_BYTES = 256 * 1024 * 1024


def check_list(file: Path, export: Export = Export.GOLDEN, *, force: bool) -> None:
    """Refuses to write a list where another file stands that is no list."""

    def is_list(text: str) -> bool:
        if export is Export.CSV:
            found = _head(text) == _head(golden_exports.csv_text(None, {}))
        elif export is Export.RUNS:
            found = all(each.isdecimal() for each in text.split())
        else:
            found = _is_golden(text) or _is_named(text)
        return found or _comes_from_here(file)

    _check(file, is_list, "list of lumisections", force=force)


def check_csv(file: Path, content: str, *, force: bool) -> None:
    """Refuses to write a table where another file stands that has other columns."""
    head = _head(content)
    _check(file, lambda text: _head(text) == head, "table with the same columns", force=force)


def check_log(file: Path, *, force: bool) -> None:
    """Refuses to write the log where another file stands that is no log."""
    json_ = file.suffix.lower() == ".json"
    _check(file, _is_log if json_ else _is_log_table, "log", force=force)


def check_report(file: Path, *, force: bool) -> None:
    """Refuses to write a report where another file stands that is no page."""
    if file.suffix.lower() == ".pdf":
        _check(file, lambda text: text.startswith("%PDF-"), "PDF", force=force)
    else:
        _check(file, lambda text: _head(text).lower() == "<!doctype html>", "page", force=force)


def _check(file: Path, looks: Looks, kind: str, *, force: bool) -> None:
    try:
        if force or not file.is_file() or file.stat().st_size == 0:
            return
        short = file.stat().st_size <= _MOST_BYTES
        text = file.read_text(encoding="utf-8", errors="replace") if short else ""
    except OSError as error:
        raise Refused(f"{file} exists already and can't be read: {error.strerror}.") from error
    if not looks(text):
        raise Refused(
            f"{file} exists already and is not a {kind}. Name another file, or replace it with"
            " --force."
        )


def _head(text: str) -> str:
    return text.removeprefix("\ufeff").partition("\n")[0].strip()


def _is_golden(text: str) -> bool:
    try:
        documents.read(text)
    except BadInput:
        return False
    return True


def _is_named(text: str) -> bool:
    """Whether a text is a list by run and dataset name."""
    found = _loaded(text)
    return isinstance(found, dict) and all(
        key.partition("-")[0].isdecimal()
        and isinstance(ranges, list)
        and all(isinstance(pair, list) and len(pair) == 2 for pair in ranges)
        for key, ranges in found.items()
    )


def _comes_from_here(file: Path) -> bool:
    """Whether the file that says where lists come from says it of this one."""
    try:
        beside = golden_exports.beside_of(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = _loaded(beside)
    return isinstance(found, dict) and found.get("file") == file.name and "file_sha256" in found


def _is_log(text: str) -> bool:
    found = _loaded(text)
    return isinstance(found, list) and all(
        isinstance(each, dict) and each.keys() >= {"source", "number", "kinds"} for each in found
    )


def _is_log_table(text: str) -> bool:
    return _head(text) == ",".join(log_export.HEADS)


def _loaded(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found
