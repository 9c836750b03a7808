"""The program's entry: reads the command line, runs a command or the window, sorts the errors."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from app import garbage

with garbage.kept():
    from app import bootstrap
    from app.cli import commands
    from app.cli.arguments import Arguments
    from app.cli.output import (
        DONE,
        REFUSED,
        Answer,
        ProgressLine,
        UsageError,
        complain,
        show,
        show_bug,
        show_error,
        together,
    )
    from app.domain.connections.named import DEMONSTRATION
    from app.domain.errors import BadInput, RegistryError
    from app.settings import Settings

INTERRUPTED = 130
TERMINATED = 143
_TOLD_EVERY_S = 20.0
_LAST_S = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 refused or unavailable, 2 usage, 70 bug, 130 Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(words)
        if argv is None:
            _leave_behind(code)
        return code
    except (RegistryError, UsageError) as error:
        return show_error(error, as_json="--json" in words)
    except KeyboardInterrupt:
        complain("stopped.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one hook for bugs
        return show_bug(error, bootstrap.bug_report(error, words), as_json="--json" in words)


def _run(words: Sequence[str]) -> int:
    if any("\0" in word for word in words):
        raise UsageError("The command line holds the character U+0000.")
    arguments = commands.parse(words, bootstrap.program_version())
    given, faulty = commands.given_settings(arguments), False
    try:
        try:
            settings = bootstrap.settings_of(given, arguments.settings)
        except BadInput as error:
            if arguments.command is not None or arguments.headless or arguments.screenshot:
                raise
            settings, faulty = bootstrap.usable_settings(given, arguments.settings), True
            complain(str(error))
    except BadInput as error:
        raise UsageError(str(error)) from error
    bootstrap.start_logs(
        settings,
        arguments.verbose,
        quiet=arguments.command is not None,
        service=arguments.is_service,
    )
    if arguments.headless:
        return _headless(settings, arguments)
    with bootstrap.Program(settings) as program:
        if arguments.command is None:
            return bootstrap.open_window(
                program,
                arguments.screenshot,
                mended=(lambda: bootstrap.settings_of(given, arguments.settings))
                if faulty
                else None,
            )
        if commands.writes(arguments):
            complain(f"writes to {program.where}")
        answer = commands.run(program, arguments)
        return show(answer, as_json=arguments.as_json)


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


def _headless(settings: Settings, arguments: Arguments) -> int:
    named = arguments.connection is not None or settings.dsn is not None
    if arguments.command is not None or named:
        raise UsageError(
            "--headless invents a season in the program's own database: give it no command and no"
            " dsn, neither as an option nor in the environment or the settings file, and no"
            " connection."
        )
    line = ProgressLine(lines_every_s=_TOLD_EVERY_S)
    with bootstrap.Program(settings, DEMONSTRATION) as program:
        complain(f"writes to {program.where}")
        complain(f"the lists go to {arguments.folder.absolute()} (--out); minutes the first time")
        try:
            summary = bootstrap.run_main_job(program, arguments.folder, line.say)
        finally:
            line.clear()
    answer = Answer(
        summary.document(),
        together(summary.lines(arguments.folder)),
        REFUSED if summary.failed or summary.left_open else DONE,
    )
    return show(answer, as_json=arguments.as_json)


if __name__ == "__main__":
    sys.exit(main())
