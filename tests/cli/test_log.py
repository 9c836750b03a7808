"""`log` and `db index` on the command line."""

import json
from pathlib import Path

import pytest

from app.models.schemas import indexes
from tests.cli.conftest import FIRST, SECOND, Ran, RunRegistry


@pytest.fixture
def edited(registry: RunRegistry) -> int:
    """The version of an edit of the first run."""
    ran = registry(
        *("lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "2-4"),
        *("--status", "BAD", "--comment", "HV trip in wheel 2", "--json"),
    )
    assert ran.code == 0, ran.out
    return int(ran.document["atomic_version"])


def test_that_the_log_tells_what_was_done_the_newest_first(registry: RunRegistry, edited: int):
    found = registry("log", "--json").document["entries"]
    assert found[0]["number"] == edited
    assert found[0]["kinds"] == ["lumisections"]
    assert found[0]["about"] == [[FIRST, "online"]]
    assert {each["source"] for each in found} == {"version", "settings"}
    text = registry("log", "--run", FIRST).out
    assert str(edited) in text
    assert str(SECOND) not in text


def test_that_the_log_is_searched_and_paged(registry: RunRegistry, edited: int):
    people = registry("log", "--author", "people", "--kind", "lumisections", "--json").document
    assert [each["number"] for each in people["entries"]] == [edited]
    assert people["before"] is None
    first = registry("log", "--run", FIRST, "--limit", 1, "--json").document
    assert first["before"] == f"v{edited}"
    rest = registry("log", "--run", FIRST, "--before", first["before"], "--json").document
    assert rest["entries"][0]["number"] < edited
    assert registry("log", "--words", "nothing like that").out == "No log entry matches.\n"
    assert "shows older ones" in registry("log", "--limit", 1).out


def test_that_a_version_opens_to_what_it_changed(registry: RunRegistry, edited: int):
    shown = registry("log", "--show", edited).out
    assert "dt-dt: GOOD -> BAD HV trip in wheel 2 in LS 2-4" in shown
    (part,) = registry("log", "--show", edited, "--json").document["changes"]
    assert part["run_number"] == FIRST
    assert [each["ranges"] for each in part["cells"]] == [[[2, 4]]]


def test_that_the_log_is_exported(registry: RunRegistry, edited: int, tmp_path: Path):
    file = tmp_path / "log.json"
    ran = registry("log", "--run", FIRST, "--export", file, "--json")
    found = json.loads(file.read_text())
    assert ran.document == {"file": str(file), "entries": len(found)}
    assert found[0]["number"] == edited


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "yesterday"), "is not a time"),
        (("--before", "x"), "is not a position in the log"),
        (("--since", "2025-02-01", "--until", "2025-01-01"), "ends before it begins"),
        (("--limit", "5000"), "--export"),
        (("--export", "log.txt"), ".csv or .json"),
    ],
)
def test_that_what_can_t_be_searched_for_is_refused(
    registry: RunRegistry, words: tuple[str, ...], said: str
):
    ran = registry("log", *words)
    assert ran.code == 2
    assert said in ran.err


def test_that_the_indexes_of_the_log_are_listed_and_made_on_a_large_database(
    run_registry: RunRegistry, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    def registry(*words: object) -> Ran:
        return run_registry("--dsn", empty_dsn, *words)

    monkeypatch.setattr(indexes, "_AT_ONCE_MB", -1)
    assert registry("db", "init", "--default-configuration").code == 0
    before = registry("db", "index", "--json").document["indexes"]
    assert not any(each["there"] for each in before)
    assert "db index --create" in registry("db", "index").out
    after = registry("db", "index", "--create", "--json").document["indexes"]
    assert all(each["there"] for each in after)
