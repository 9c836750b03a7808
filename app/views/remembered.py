"""What the window remembers from one start to the next. What can't be used is set aside and named:
it never keeps the program from starting."""

import json
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings

logger = logging.getLogger(__name__)

Made = TypeVar("Made")

_BYTES = frozenset({"geometry", "state", "splitter"})
_LISTS = frozenset({"columns", "recent", "sort"})
_TABLES = frozenset({"widths", "filters"})
_SWITCHES = frozenset({"significant"})
_WIDEST = 10_000


def open_remembered(file: Path) -> tuple[QSettings, str]:
    """What is remembered in a file, as far as it can be used, and what the person has to know of
    the rest; empty when there is nothing to know."""
    if not _can_be_kept(file):
        logger.warning("What the window remembers, %s, can't be read and written", file)
        return _opened(file), (
            f"{file} can't be read and written: columns, filters and places begin anew, and are"
            " forgotten at the end. Make it a file of yours in a folder of yours, or take it away."
        )
    remembered = _opened(file)
    faulty = [key for key in remembered.allKeys() if not _can_be_used(remembered, key)]
    if remembered.status() is QSettings.Status.NoError and not faulty:
        return remembered, ""
    aside = set_aside(file)
    for key in faulty:
        remembered.remove(key)
    what = ", ".join(faulty[:3]) or "the file"
    more = f" and {len(faulty) - 3} more" if len(faulty) > 3 else ""
    logger.warning("Faulty in %s: %s", file, ", ".join(faulty) or "the file")
    return remembered, (
        f"What the window remembered of {what}{more} can't be used and begins anew;"
        f" {file.name} as it was is {aside}."
    )


def set_aside(file: Path) -> Path:
    """Keeps a file as it is beside itself, under a name that is free; returns the name."""
    aside = file.with_name(f"{file.name}.faulty")
    number = 1
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.name}.faulty-{number}")
    try:
        shutil.copy2(file, aside)
    except OSError as error:
        logger.warning("%s can't be kept as %s: %s", file, aside, error.strerror)
    return aside


def restore(remembered: QSettings, key: str, by: Callable[[QByteArray], bool]) -> bool:
    """Restores a part of the window `by` what is remembered of it; whether there was anything."""
    state = remembered.value(key)
    return isinstance(state, QByteArray) and by(state)


def made_as_remembered(
    remembered: QSettings, make: Callable[[], Made], what: str
) -> tuple[Made, str]:
    """The window or a part of it. Where that can't be made as it was left, nothing is remembered
    any more, and the person has to know what comes with it; empty else."""
    try:
        return make(), ""
    except Exception as error:
        if not remembered.allKeys():
            raise
        # Whatever it was of what is remembered: the window opens without.
        logger.exception("The %s can't be made as it was remembered", what)
        file = Path(remembered.fileName())
        aside = set_aside(file)
        remembered.clear()
        return make(), (
            f"The window couldn't be opened as it was left ({type(error).__name__}) and"
            f" begins anew; {file.name} as it was is {aside}."
        )


def keep(remembered: QSettings) -> None:
    """Writes what is remembered; a full disk keeps nobody from ending."""
    remembered.sync()
    if remembered.status() is QSettings.Status.AccessError:
        logger.info("What the window remembers, %s, can't be written", remembered.fileName())


def _can_be_kept(file: Path) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    if not file.exists():
        return os.access(file.parent, os.R_OK | os.W_OK | os.X_OK)
    return file.is_file() and os.access(file, os.R_OK | os.W_OK)


def _opened(file: Path) -> QSettings:
    name = str(file)
    if not name.isascii() and not _is_utf8(name):
        # Qt would write to a folder of another name; the system knows this one by a number, too.
        with suppress(OSError):
            folder = os.open(file.parent, os.O_RDONLY)
            name = f"/proc/self/fd/{folder}/{file.name}"
    return QSettings(name, QSettings.Format.IniFormat)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _can_be_used(remembered: QSettings, key: str) -> bool:
    value = remembered.value(key)
    kind = key.rpartition("/")[2]
    if kind in _BYTES:
        return isinstance(value, QByteArray)
    if not isinstance(value, str | bool):
        return False
    if kind in _SWITCHES:
        return str(value).lower() in {"true", "false"}
    if kind not in _LISTS | _TABLES:
        return True
    try:
        read = json.loads(str(value))
    except (ValueError, RecursionError):
        return False
    if kind in _LISTS:
        return isinstance(read, list)
    return isinstance(read, dict) and (
        kind != "widths" or all(_is_width(each) for each in read.values())
    )


def _is_width(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _WIDEST
