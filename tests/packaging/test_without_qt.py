"""An installation without the window: commands work, and the window says what is missing."""

import subprocess
import sys
from pathlib import Path

WITHOUT_QT = """
import importlib.machinery, sys

finders = importlib.machinery.PathFinder
found = finders.find_spec

def without(name, path=None, target=None):
    hidden = name.partition(".")[0] in {"PySide6", "shiboken6", "qasync", "pyqtgraph"}
    return None if hidden else found(name, path, target)

finders.find_spec = staticmethod(without)

from app.__main__ import main
sys.exit(main())
"""


def run_without_qt(*words: object) -> subprocess.CompletedProcess[str]:
    """A command where nothing of Qt can be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_QT, *map(str, words)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_that_commands_work_without_qt(dsn: str) -> None:
    listed = run_without_qt("runs", "list", "--dsn", dsn)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "No run" in listed.stdout


def test_that_the_window_says_what_it_needs(dsn: str) -> None:
    opened = run_without_qt("--dsn", dsn)
    assert opened.returncode == 1
    assert "pip install 'run-registry-desktop[desktop]'" in opened.stderr
