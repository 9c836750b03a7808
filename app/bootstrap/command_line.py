"""Does what the command line asks for: a command, the window or the headless season; sorts the
errors."""

from collections.abc import Sequence

from app import bootstrap
from app.cli import commands
from app.cli.output import (
    DONE,
    REFUSED,
    Answer,
    ProgressLine,
    complain,
    show,
    show_bug,
    show_error,
    together,
)
from app.cli.parser import Arguments, UsageError
from app.domain.connections.named import DEMONSTRATION
from app.domain.errors import BadInput, RegistryError
from app.settings import Settings

_TOLD_EVERY_S = 20.0


def run(words: Sequence[str], arguments: Arguments) -> int:
    """Returns the exit code: 0 done, 1 refused or unavailable, 2 usage, 70 bug."""
    try:
        return _run(arguments)
    except (RegistryError, UsageError) as error:
        return show_error(error, as_json="--json" in words)
    except Exception as error:  # noqa: BLE001 - the one hook for bugs
        return show_bug(error, bootstrap.bug_report(error, words), as_json="--json" in words)


def _run(arguments: Arguments) -> int:
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
        # Not above: a window runs no command.
        from app.cli import running

        answer = running.run(program, arguments)
        return show(answer, as_json=arguments.as_json)


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
