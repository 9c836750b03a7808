"""Every benchmark says what it measures and what can be chosen, before it measures anything."""

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = (
    *sorted(
        file.stem
        for file in FOLDER.glob("*.py")
        if file.stem not in {"computing", "database", "figures", "web_season"}
    ),
    *(f"{file.parent.name}.__main__" for file in FOLDER.glob("*/__main__.py")),
)


def test_that_there_are_benchmarks():
    assert {"__main__", "chain", "golden_selection", "offline", "production.__main__"} < {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_that_a_benchmark_answers_help(name: str, monkeypatch, capsys):
    module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as left:
        module.main()
    assert left.value.code == 0
    assert "usage:" in capsys.readouterr().out
