"""Offline certification on the command line, from the waiting datasets to an empty list."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.demo.simulated_dqm_gui import SimulatedDqmGui
from app.models.database.engine import Database
from tests.cli.conftest import FIRST, SECOND, RunRegistry
from tests.conftest import TestServer

PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
RERECO = "/ReReco/Run2025A/DQM"
ZERO_BIAS = "/ZeroBias/Run2025A-PromptReco-v1/DQMIO"
STREAM = "/StreamExpress/Run2025A-Express-v1/DQMIO"


@pytest.fixture
def gui() -> Iterator[SimulatedDqmGui]:
    items = [(run, name) for run in (FIRST, SECOND) for name in (ZERO_BIAS, STREAM)]
    with SimulatedDqmGui(items) as gui:
        yield gui


@pytest.fixture
def signed_off(
    run_registry: RunRegistry, server: TestServer, registry_template: str
) -> Iterator[RunRegistry]:
    """Both runs mended and signed off: their datasets wait."""

    def fill(db: Database) -> None:
        dsn = server.dsn(db.dsn_without_password.rsplit("/", 1)[1])
        mend_and_sign_off(lambda *words: run_registry("--dsn", dsn, *words))

    made = server.template("mended_by_commands", fill, registry_template)
    with server.copy(made) as dsn:
        yield lambda *words: run_registry("--dsn", dsn, *words)


def mend_and_sign_off(registry: RunRegistry) -> None:
    for run in (FIRST, SECOND):
        shown = registry("lumisections", "show", run, "--json").document["columns"]
        for column, ranges in shown.items():
            unset = [each for each in ranges if each["status"] in {"", "EMPTY", "NO VALUE FOUND"}]
            for each in unset:
                text = ",".join(f"{first}-{last}" for first, last in each["ranges"])
                words = ("--column", column, "--ls", text, "--status", "GOOD")
                assert registry("lumisections", "edit", run, *words).code == 0
        moved = registry("runs", "move", run, "SIGNOFF")
        assert moved.code == 0, moved.err


@pytest.fixture
def opened(signed_off: RunRegistry, gui: SimulatedDqmGui) -> RunRegistry:
    """The datasets appeared in the DQM GUI."""
    assert signed_off("pull", "--dqm-gui", gui.url).code == 0
    return signed_off


def state(registry: RunRegistry, run: int, workspace: str, name: str = PROMPT) -> str:
    listed = registry("datasets", "list", "--filter", f"run = {run}", "--json").document
    (found,) = [each for each in listed["datasets"] if each["name"] == name]
    return found["dataset_attributes"][f"{workspace}_state"]


def test_that_datasets_open_when_the_gui_has_them(signed_off, gui):
    assert state(signed_off, FIRST, "dt") == "waiting dqm gui"
    pulled = signed_off("pull", "--dqm-gui", gui.url, "--json").document
    assert {(each["run_number"], each["name"]) for each in pulled["appeared"]} >= {
        (FIRST, PROMPT),
        (SECOND, EXPRESS),
    }
    assert state(signed_off, FIRST, "dt") == "OPEN"
    assert state(signed_off, FIRST, "dt", EXPRESS) == "not significant for workspace"
    again = signed_off("pull", "--dqm-gui", gui.url)
    assert again.out == "Nothing new in the DQM GUI.\n"


def test_that_expressions_are_tried_before_they_are_saved(registry, gui):
    words = ("dqm-gui", "try", "ZeroBias.*Prompt", "(", "--url", gui.url)
    tried = registry(*words, "--first-run", SECOND, "--json")
    good, bad = tried.document["expressions"]
    assert tried.code == 1
    assert (good["runs"], good["examples"]) == ([SECOND], [ZERO_BIAS])
    assert "not a regular expression" in bad["problem"]


def test_that_datasets_are_moved_by_filter_and_by_name(opened):
    moved = opened("datasets", "move", "--name", PROMPT, "--workspace", "dt", "--to", "SIGNOFF")
    assert moved.out == "Moved 2 datasets to SIGNOFF in workspace dt.\n"
    words = ("--workspace", "dt", "--to", "COMPLETED", "--from", "OPEN")
    refused = opened("datasets", "move", "--filter", f"run = {FIRST}", "--name", PROMPT, *words)
    assert refused.code == 1
    assert "no longer OPEN" in refused.err
    nothing = opened("datasets", "move", "--to", "OPEN")
    assert (nothing.code, "Select datasets with" in nothing.err) == (2, True)


def test_that_the_tools_tell_first_and_act_then(opened, tmp_path):
    duplicate = ("datasets", "duplicate", "--name", PROMPT, "--as", RERECO, "--workspaces", "dt")
    told = opened(*duplicate, "--dry-run", "--json").document
    assert [each["run_number"] for each in told["datasets"]] == [FIRST, SECOND]
    assert told["atomic_version"] is None
    done = opened(*duplicate, "--reason", "second pass", "--json").document
    assert done["atomic_version"] > 0
    again = opened(*duplicate, "--dry-run")
    assert again.code == 1
    assert "already" in again.out

    both = ("--name", RERECO, "--reason", "try")
    assert (
        opened("datasets", "set-column", *both, "--columns", "dt-dt", "--status", "BAD").code == 0
    )
    copied = opened(
        *("datasets", "copy-column", "--source", PROMPT, "--into", RERECO, "--columns", "dt-dt")
    )
    assert copied.out.endswith("2 datasets changed.\n")
    assert opened("datasets", "change-states", *both, "--to", "COMPLETED").code == 0
    assert state(opened, FIRST, "dt", RERECO) == "COMPLETED"

    assert opened("datasets", "hide", "--name", RERECO).code == 1
    assert opened("datasets", "hide", *both).code == 0
    assert "No dataset matches" in opened("datasets", "hide", *both).err
    hidden = opened("datasets", "list", "--hidden", "--json").document["datasets"]
    assert [(each["run_number"], each["name"]) for each in hidden] == [
        (SECOND, RERECO),
        (FIRST, RERECO),
    ]
    assert opened("datasets", "unhide", *both, "--run", FIRST).code == 0

    file = tmp_path / "datasets.csv"
    words = ("--name", RERECO, "--columns", "dt-dt", "--out", file)
    assert opened("datasets", "export-csv", *words).code == 0
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert (row["run_number"], row["dt_state"]) == (str(FIRST), "COMPLETED")


def test_that_a_cycle_is_worked_through(opened):
    made = opened(
        *("cycles", "create", "Week 1", "--deadline", "2025-06-01", "--workspaces", "dt"),
        *("--name", PROMPT, "--json"),
    ).document
    id_cycle = made["id"]
    assert made["overdue"]
    assert made["datasets"] == 2
    refused = opened("cycles", "complete", id_cycle, "dt")
    assert refused.code == 1
    assert "aren't COMPLETED in dt" in refused.err
    assert opened("cycles", "move-all", id_cycle, "dt").code == 0
    assert opened("cycles", "complete", id_cycle, "dt").code == 0
    assert opened("cycles", "reopen", id_cycle, "dt").code == 0
    assert opened("cycles", "add", id_cycle, "--run", FIRST, "--name", EXPRESS).code == 0
    assert opened("cycles", "remove", id_cycle, "--run", FIRST, "--name", EXPRESS).code == 0
    assert opened("cycles", "edit", id_cycle, "--deadline", "2099-01-01").code == 0
    listed = opened("cycles", "list", "--workspace", "dt")
    assert "100%" in listed.out
    shown = opened("cycles", "show", id_cycle, "--json").document
    assert [entry["what"] for entry in shown["history"]][-1] == "created"
    assert shown["deadline"] == "2099-01-01"
    assert "Week 1" in opened("cycles", "show", id_cycle).out
    assert opened("cycles", "delete", id_cycle).code == 0
    assert opened("cycles", "list").out == "No cycle.\n"
    assert opened("cycles", "create", "x", "--deadline", "soon").code == 2


def test_that_the_list_of_what_is_left_shrinks(opened, tmp_path):
    file = tmp_path / "todo.csv"
    left = opened("todo", "--out", file, "--json").document
    kinds = {task["kind"] for task in left["tasks"]}
    assert {"open", "in no cycle"} <= kinds
    assert len(file.read_text().splitlines()) == len(left["tasks"]) + 1
    assert "in no cycle" in opened("todo", "--first-run", SECOND).out
    opened("cycles", "create", "All", "--deadline", "2099-01-01", "--name", PROMPT)
    after = opened("todo", "--json").document
    assert "in no cycle" not in {task["kind"] for task in after["tasks"]}
    assert opened("todo", "--first-run", 999999).out == "Nothing is left to do.\n"


def test_that_a_simulated_gui_serves_until_it_is_stopped(tmp_path):
    document = {"samples": [{"items": [{"run": str(FIRST), "dataset": STREAM}]}]}
    (tmp_path / "samples.json").write_text(json.dumps(document))
    words = ["simulate", "dqm-gui", "--data", str(tmp_path), "--json"]
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "app", *words], stdout=subprocess.PIPE, text=True, env=environ
    ) as served:
        lines = [served.stdout.readline() for _ in range(3)]
        assert json.loads("".join(lines))["url"].endswith("/dqm/offline")
        served.send_signal(signal.SIGTERM)
        served.wait(20)


def test_that_a_second_person_verifies_and_a_cycle_is_frozen_until_it_is_thawed(opened):
    which = ("--run", FIRST, "--name", PROMPT)
    edit = ("lumisections", "edit", FIRST, "--dataset", PROMPT, "--column", "dt-dt", "--ls", "1-2")
    assert opened(*edit, "--status", "STANDBY").code == 0
    own = opened("verify", "mark", *which, "--workspace", "dt")
    assert own.code == 1
    assert "a second person has to verify it" in own.err
    second = ("--as-user", "second@cern.ch")
    assert opened("verify", "mark", *which, "--workspace", "dt", *second).code == 0
    refused = opened(*edit, "--status", "EXCLUDED")
    assert "give a reason for changing it" in refused.err
    assert opened(*edit, "--status", "EXCLUDED", "--reason", "HV trip").code == 0
    shown = opened("verify", "list", FIRST, PROMPT, "--json").document
    assert (shown["marks"], shown["frozen_in"]) == ([], None)
    assert [each["why"] for each in shown["history"]] == ["HV trip", ""]
    made = opened("cycles", "create", "Call 9", "--deadline", "2031-01-01", *which, "--json")
    number = made.document["id"]
    assert opened("cycles", "freeze", number, "--reason", "shown in a talk").code == 0
    frozen = opened(*edit, "--status", "STANDBY", "--reason", "again")
    assert "which is frozen" in frozen.err
    assert "frozen" in opened("cycles", "list").out
    assert "frozen by shifter@cern.ch" in opened("cycles", "show", number).out
    assert opened("cycles", "thaw", number).code == 1
    assert opened("cycles", "thaw", number, "--reason", "HV trip").code == 0
    tasks = opened("todo", "--json").document["tasks"]
    assert "mark taken away" in {task["kind"] for task in tasks}
