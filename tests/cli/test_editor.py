"""Files of changes, history and undo on the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import FIRST, PERSON, RUN_LENGTH, SECOND

HEAD = "run,dataset,column,first LS,last LS,status,comment,cause\n"


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    """A file of changes to two runs."""
    file = tmp_path / "changes.csv"
    file.write_text(
        f"{HEAD}{FIRST},online,dt-dt,2,4,BAD,HV trip,hv\n"
        f"{SECOND},online,dt0_ready,1,1,false,no power,\n",
        encoding="utf-8",
    )
    return file


def _statuses(registry, run_number, column):
    shown = registry("lumisections", "show", run_number, "--json").document
    return [(each["status"], each["ranges"]) for each in shown["columns"][column]]


def test_that_a_file_of_changes_is_tried_written_told_and_undone(registry, changes):
    before = _statuses(registry, FIRST, "dt-dt")
    tried = registry("lumisections", "edit", "--file", changes, "--dry-run", "--json")
    assert tried.code == 0, tried.out
    assert [line["outcome"] for line in tried.document["lines"]] == ["ok", "ok"]
    assert _statuses(registry, FIRST, "dt-dt") == before

    written = registry("lumisections", "edit", "--file", changes, "--json").document
    assert (written["cells"], written["datasets"]) == (4, 2)
    assert ("BAD", [[2, 4]]) in _statuses(registry, FIRST, "dt-dt")

    told = registry("history", FIRST, "--column", "dt-dt", "--ls", "3", "--json").document
    newest = told["versions"][0]
    assert (newest["version"], newest["author"]) == (written["atomic_version"], PERSON)
    (cell,) = newest["cells"]
    assert (cell["before"]["status"], cell["after"]["status"], cell["ranges"]) == (
        "GOOD",
        "BAD",
        [[3, 3]],
    )
    text = registry("history", FIRST, "--dataset", "online").out
    assert "dt-dt: GOOD -> BAD HV trip hv in LS 2-4" in text
    earlier = registry("history", FIRST, "--as-of", newest["version"] - 1, "--json").document
    assert newest["version"] not in [each["version"] for each in earlier["versions"]]
    differs = registry("history", FIRST, "--compare", newest["version"] - 1).out
    assert differs == "dt-dt: GOOD -> BAD HV trip hv in LS 2-4\n"

    dry = registry("undo", newest["version"], "--dry-run")
    assert "dt-dt" in dry.out
    assert "set by hand from now on" in dry.out
    undone = registry("undo", newest["version"], "--json").document
    assert undone["cells"] == 4
    assert _statuses(registry, FIRST, "dt-dt") == before
    again = registry("undo", newest["version"])
    assert (again.code, "nothing to undo" in again.err.lower()) == (1, True)


def test_that_refused_lines_stop_the_file_or_are_left_out(registry, changes):
    with changes.open("a", encoding="utf-8") as file:
        file.write(f"{FIRST},online,dt-dt,{RUN_LENGTH},{RUN_LENGTH + 1},GOOD,,\n")
    tried = registry("lumisections", "edit", "--file", changes, "--dry-run")
    assert tried.code == 1
    assert "3 lines: 2 ok, 1 refused." in tried.out
    refused = registry("lumisections", "edit", "--file", changes)
    assert refused.code == 1
    assert "Line 4:" in refused.err
    written = registry("lumisections", "edit", "--file", changes, "--leave-out-refused")
    assert written.code == 0
    assert "Left out: 1 line" in written.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lumisections", "edit", "--file", "x.csv", "--column", "dt-dt"), "--file and --column"),
        (("lumisections", "edit", FIRST, "--column", "dt-dt"), "required: --ls, --status"),
        (("history", FIRST, "--ls", "1-3"), "--column"),
        (("undo", "0"), "number from 1"),
    ],
)
def test_that_half_a_command_is_wrong_usage(registry, words, said):
    ran = registry(*words)
    assert ran.code == 2
    assert said in ran.err


def test_that_a_file_that_is_not_there_is_refused(registry, tmp_path):
    ran = registry("lumisections", "edit", "--file", tmp_path / "none.csv")
    assert (ran.code, "can't be read" in ran.err) == (1, True)
