"""The list of names that nothing refers to and that are alive all the same."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def reported(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "vulture", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_that_each_name_that_counts_as_alive_would_be_reported_otherwise():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]
    report = reported("--ignore-names", "no_such_name")

    assert [name for name in settings["ignore_names"] if f"'{name}'" not in report] == []


def test_that_what_nothing_refers_to_is_reported(tmp_path):
    file = tmp_path / "dead.py"
    file.write_text("def nobody_calls_me():\n    return 1\n", "utf-8")

    assert "unused function 'nobody_calls_me'" in reported(str(file))
