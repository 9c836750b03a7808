"""The program's entry: reads the command line, and loads the rest when that is clear."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import NoReturn

from app import garbage
from app.cli import commands
from app.cli.parser import Arguments, UsageError
from app.distribution import program_version

INTERRUPTED = 130
TERMINATED = 143
_LAST_S = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 refused or unavailable, 2 usage, 70 bug, 130 Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        try:
            arguments = commands.parse(words, program_version())
        except UsageError as error:
            from app.cli.output import show_error

            return show_error(error, as_json="--json" in words)
        code = _loaded()(words, arguments)
        if argv is None:
            _leave_behind(code)
        return code
    except KeyboardInterrupt:
        sys.stderr.write("run-registry: stopped.\n")
        return INTERRUPTED


@cache
def _loaded() -> Callable[[Sequence[str], Arguments], int]:
    """What does the work. Help and version do without it: to load it takes most of a second."""
    with garbage.kept():
        from app.bootstrap.command_line import run
    return run


def _terminate(*_: object) -> NoReturn:
    """Ends the program as Ctrl-C does: the database's own server isn't left running."""
    raise SystemExit(TERMINATED)


def _leave_behind(code: int) -> None:
    """Ends at once when a thread still works for nobody: Python would wait for it."""
    here = threading.current_thread()
    for each in threading.enumerate():
        if each is not here and not each.daemon:
            each.join(_LAST_S)
            if each.is_alive():
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
