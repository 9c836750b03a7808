"""What nothing refers to, and the names that are alive all the same."""

import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import dead_code  # noqa: E402 - the folder isn't a package
import launch  # noqa: E402

PROGRAM = "def nobody_calls_me():\n    return 1\n\ndef called():\n    return 2\n\ncalled()\n"


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM, "utf-8")
    return str(file)


def test_that_what_nothing_refers_to_is_reported(file):
    [said] = dead_code.wrong([file], [], 60)

    assert said.endswith("program.py:1: unused function 'nobody_calls_me' (60% confidence)")


def test_that_a_name_which_counts_as_alive_would_be_reported_otherwise(file):
    assert dead_code.wrong([file], ["nobody_calls_me"], 60) == []
    assert dead_code.wrong([file], ["nobody_calls_me", "called", "gone"], 60) == [
        "called is alive without ignore_names, too",
        "gone is alive without ignore_names, too",
    ]


def test_that_a_file_that_can_t_be_read_is_told(tmp_path, capsys):
    file = tmp_path / "program.py"
    file.write_text("def (", "utf-8")

    assert dead_code.wrong([str(file)], [], 60) == ["not every file could be read"]
    assert "program.py" in capsys.readouterr().err


def test_that_every_setting_is_one_that_the_check_keeps():
    assert ("vulture", ("packaging/dead_code.py",)) in launch.CHECKS
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]

    assert set(settings) == {"paths", "min_confidence", "ignore_names"}
    assert all((ROOT / path).exists() for path in settings["paths"])
    assert all(name.isidentifier() for name in settings["ignore_names"])
