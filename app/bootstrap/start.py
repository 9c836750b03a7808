"""How a start goes: settings, logs, the main job without a window, and what a bug leaves."""

import logging
import os
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app import files, logs, systemd
from app.bootstrap.program import Program
from app.distribution import program_version
from app.domain.connections.named import DEMONSTRATION
from app.domain.errors import BadInput, Refused
from app.settings import SECRETS, Settings

if TYPE_CHECKING:
    from app.demo.story import Summary


def settings_of(given: Mapping[str, object], file: Path | None) -> Settings:
    """The settings in force: what the command line gave, then the environment, then the file.

    BadInput when one of them can't be right, or when the file that was named isn't there.
    """
    Settings.check_named_file(file)
    settings = Settings.load(given, file=file)
    if given.get("connection") is not None and settings.dsn is not None:
        raise BadInput(
            f'The connection "{settings.connection}" is named, but dsn is set as well (by an'
            " option, RUN_REGISTRY_DSN or the settings file) and wins. Leave one of them out."
        )
    if given.get("data_folder") is not None and settings.connection is None:
        # The folder of our own database: that is the one that is meant.
        settings = Settings.load({**given, "connection": DEMONSTRATION.name}, file=file)
    return settings


def usable_settings(given: Mapping[str, object], file: Path | None) -> Settings:
    """What can be used of settings that are faulty somewhere, for a window that says so. BadInput
    where the fault is on the command line: whoever typed it reads it there."""
    nowhere = Path(os.devnull)
    Settings.load(given, {}, nowhere)
    sources = Settings.sources_of(given, file=file)
    try:
        return Settings.without_faults(sources)[0]
    except BadInput:
        bare, _ = Settings.without_faults(replace(sources, file=nowhere))
        return bare.read_from(sources)


def start_logs(settings: Settings, verbosity: int, *, quiet: bool, service: bool = False) -> Path:
    """Begins logging with the secrets of the settings masked; returns the log file.

    `quiet`: only errors on the terminal, because a command tells its warnings itself. `service`:
    what happens is told there, in the way of the journal if that listens.
    """
    given = (getattr(settings, name) for name in SECRETS)
    return logs.start(
        verbosity=max(verbosity, 1) if service else verbosity,
        quiet=quiet and not service,
        journal=service and systemd.writes_to_journal(),
        secrets=[each.text for each in given if each is not None],
    )


def run_main_job(program: Program, folder: Path, say: Callable[[str], None]) -> "Summary":
    """The main job without a window, on the demonstration season; Refused where runs are that
    aren't invented."""
    from app.demo.story import main_job

    program.check_not_mixed()
    if not program.is_demonstration:
        raise Refused(
            "--headless invents a season, and that does not belong here: "
            f"{program.where} holds other runs, or the settings name a real OMS. Take another"
            " folder with --data-folder, without oms_url and oms_client_id."
        )
    try:
        files.make_folder(folder)
    except Refused as error:
        raise Refused(f"{error} Name another folder with --out DIR.") from error
    program.start_demonstration(live=False)
    return main_job(program.db, program.actor, lambda: program.pull(None, say), folder, say)


def bug_report(error: BaseException, doing: Sequence[str]) -> Path | None:
    """Writes what is needed to mend a bug into the log folder; None where nothing can be written.

    Passwords and tokens are masked.
    """
    now = datetime.now(UTC)
    text = "\n".join(
        (
            f"Run Registry Desktop {program_version()}, {now:%Y-%m-%dT%H:%M:%SZ}",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"Arguments: {' '.join(doing) or 'none'}",
            "",
            "".join(traceback.format_exception(error)),
        )
    )
    file = logs.log_folder() / f"bug-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    record = logging.makeLogRecord({"msg": text})
    try:
        files.make_folder(file.parent)
        files.write(file, logs.MaskingFormatter("%(message)s").format(record), mode=files.PRIVATE)
    except Refused:
        return None
    return file
