"""Logging: a rotating file in the user's log folder, warnings on the terminal, secrets masked."""

import faulthandler
import logging
import sys
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

from app.domain.masking import keep_secret, masked
from app.domain.text.plain_text import harmless, one_line

_TERMINAL_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_JOURNAL_LEVELS = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)
"""From which level of ours on a line has which level of syslog."""
_CHATTY = ("httpx", "httpcore", "asyncio", "qasync", "alembic")


class MaskingFormatter(logging.Formatter):
    """Formats a record, traceback and all, and masks passwords, tokens and known secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class LineFormatter(MaskingFormatter):
    """The same with a line for each record, above its traceback, and nothing in either that steers
    a terminal: a message may quote what others wrote."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record))


class JournalFormatter(LineFormatter):
    """The same for the journal of systemd: every line begins with its level, none with a time."""

    def format(self, record: logging.LogRecord) -> str:
        level = next(code for least, code in _JOURNAL_LEVELS if record.levelno >= least)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


class _LogFile(RotatingFileHandler):
    """The file, which a disk may have no room for: that is told once, and the program goes on."""

    _is_told = False

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._is_told and sys.stderr is not None:
            self._is_told = True
            name = self.baseFilename
            sys.stderr.write(f"run-registry: The log {name} is incomplete: {error.strerror}\n")


def log_folder() -> Path:
    """The user's log folder of this program."""
    return platformdirs.user_log_path("run-registry-desktop")


def start(
    *,
    verbosity: int = 0,
    quiet: bool = False,
    secrets: Iterable[str] = (),
    folder: Path | None = None,
    journal: bool = False,
) -> Path:
    """Begin logging; returns the log file.

    With `journal` everything goes to the journal of systemd, by standard error, and to no file.

    `verbosity` is how many times -v was given: warnings, then what happens, then everything.
    `quiet` leaves warnings out unless -v was given.
    `secrets` are masked wherever they appear. Where the folder can't be written to, only the
    terminal is used.
    """
    folder = folder or log_folder()
    file = folder / "run-registry.log"
    for secret in secrets:
        keep_secret(secret)
    level = _TERMINAL_LEVELS[min(verbosity, len(_TERMINAL_LEVELS) - 1)]
    if quiet and not verbosity:
        level = logging.ERROR

    root = logging.getLogger()
    root.setLevel(min(level, logging.INFO))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(min(level + 10, logging.WARNING))
    if sys.stderr is not None:  # a program without a console has none
        terminal = logging.StreamHandler(sys.stderr)
        terminal.setLevel(level)
        shape = "%(name)s: %(message)s" if journal else "%(levelname)s %(name)s: %(message)s"
        terminal.setFormatter((JournalFormatter if journal else LineFormatter)(shape))
        root.addHandler(terminal)
    if journal:
        faulthandler.enable()
        logging.captureWarnings(True)
        return file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = _LogFile(file, maxBytes=5_000_000, backupCount=4, encoding="utf-8")
        crashes = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError as error:
        logging.getLogger(__name__).warning("No log file in %s: %s", folder, error.strerror)
        faulthandler.enable()
        return file
    written.setFormatter(
        LineFormatter("%(asctime)s %(process)d %(threadName)s %(levelname)s %(name)s: %(message)s")
    )
    root.addHandler(written)
    faulthandler.enable(
        crashes
    )  # stays open as long as the program: faulthandler keeps only its number
    logging.captureWarnings(True)
    return file


def show(name: str) -> None:
    """Has what a part of the program says, from INFO on, come to the terminal too: a journal that
    keeps it knows the time."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    if sys.stderr is not None and not logger.handlers:
        terminal = logging.StreamHandler(sys.stderr)
        terminal.setFormatter(LineFormatter("%(message)s"))
        logger.addHandler(terminal)
