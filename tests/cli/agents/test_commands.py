"""`agent` on the command line: registered, heard, decided on, compared."""

from pathlib import Path

import pytest

from tests.cli.conftest import FIRST, PERSON, RunRegistry


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """A file of an agent with one word."""
    file = tmp_path / "predictions.csv"
    file.write_text(f"{FIRST},online,tracker-pixel,2,4,BAD,hot module,\n")
    return file


@pytest.fixture
def agent(registry: RunRegistry) -> RunRegistry:
    """A database in which an agent is registered."""
    made = registry(
        *("agent", "register", "pixel-ae", "--agent-version", "1.0"),
        *("--proposes", "tracker-pixel", "--json"),
    )
    assert made.code == 0, made.out
    assert made.document["owner"] == PERSON
    assert made.document["columns"] == [
        {"column": "tracker-pixel", "mode": "proposes", "judged_by": "tracker-pixel"}
    ]
    return registry


def test_that_an_agent_proposes_and_a_person_accepts(agent: RunRegistry, predictions: Path):
    dry = agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions, "--dry-run")
    assert dry.code == 0
    assert "Nothing was written." in dry.out
    said = agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions, "--json")
    assert said.document["waiting"] == 1
    (proposal,) = agent("agent", "proposals", "--run", FIRST, "--json").document["proposals"]
    assert (proposal["ranges"], proposal["status"]) == ([[2, 4]], "BAD")
    listed = agent("agent", "proposals").out
    assert "hot module" in listed
    assert listed.splitlines()[-1] == "1 proposal, open. --state shows others."
    none = agent("agent", "proposals", "--state", "rejected").out
    assert none == "No rejected proposal matches.\n"
    accepted = agent("agent", "accept", proposal["id"], "--json").document
    assert isinstance(accepted["atomic_version"], int)
    shown = agent("log", "--show", accepted["atomic_version"]).out
    assert "Accepted from pixel-ae 1.0" in shown
    assert PERSON in shown
    again = agent("agent", "accept", proposal["id"])
    assert again.code == 1
    assert "already" in again.err
    # What is accepted as it was proposed is no opinion of a person's own.
    of_people = agent("agent", "agreement", "pixel-ae", "--json").document
    assert of_people["columns"]["tracker-pixel"]["agreeing"] == 0
    now = ("agent", "agreement", "pixel-ae", "--against", "now")
    assert agent(*now, "--json").document["columns"]["tracker-pixel"]["agreeing"] == 3
    assert "100.0%" in agent(*now).out


def test_that_all_proposals_of_a_run_are_rejected_at_once(agent: RunRegistry, predictions: Path):
    agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions)
    rejected = agent("agent", "reject", "--run", FIRST, "--comment", "noise", "--json")
    assert rejected.document["proposals"] == 1
    (listed,) = agent("agent", "list", "--json").document["agents"]
    assert listed["proposals"] == {"rejected": 1}
    assert "pixel-ae" in agent("agent", "list").out
    unsaid = agent("agent", "reject")
    assert (unsaid.code, "numbers of the proposals" in unsaid.err) == (2, True)


def test_that_a_faulty_file_is_refused_with_its_line(
    agent: RunRegistry, predictions: Path, tmp_path: Path
):
    predictions.write_text(f"{FIRST},online,dt-dt,2,4,BAD,not its column,\n")
    refused = agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions)
    assert refused.code == 1
    assert "Line 1: pixel-ae 1.0 is not registered for dt-dt" in refused.err
    dry = agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions, "--dry-run")
    assert (dry.code, "not registered" in dry.out) == (1, True)
    missing = agent("agent", "propose", "--agent", "pixel-ae", "--file", tmp_path / "none.csv")
    assert "can't be read" in missing.err


def test_that_a_retired_agent_can_t_speak(agent: RunRegistry, predictions: Path):
    assert agent("agent", "retire", "pixel-ae").code == 0
    refused = agent("agent", "propose", "--agent", "pixel-ae", "--file", predictions)
    assert "is retired" in refused.err
    assert "retired" in agent("agent", "list").out
