"""The composition root: the one place that reads settings and picks classes."""

from app.bootstrap.program import Listeners, Program
from app.bootstrap.start import (
    bug_report,
    run_main_job,
    settings_of,
    start_logs,
    usable_settings,
)
from app.bootstrap.window import open_window
from app.distribution import program_version

__all__ = [
    "Listeners",
    "Program",
    "bug_report",
    "open_window",
    "program_version",
    "run_main_job",
    "settings_of",
    "start_logs",
    "usable_settings",
]
