"""A name that nothing has is refused with the nearest that there is, by every command."""

import pytest

from tests.cli.conftest import FIRST, RUN_LENGTH, SECOND, RunRegistry

OFFLINE = "/PromptReco/Collisions2025A/DQM"
NO_VERSION = 999999
NEW_CYCLE = ("cycles", "create", "one", "--deadline", "2030-01-01")

WRONG: tuple[tuple[tuple[object, ...], str], ...] = (
    (("history", FIRST, "--compare", NO_VERSION), "The newest is"),
    (("history", FIRST, "--as-of", NO_VERSION), "The newest is"),
    (("history", FIRST, "--compare", 1, "--as-of", NO_VERSION), "The newest is"),
    (("history", FIRST, "--dataset", "onlin"), "mean online?"),
    (("history", FIRST, "--dataset", "onlin", "--compare", 1), "mean online?"),
    (("history", FIRST, "--column", "dt-dtt"), "mean dt-dt?"),
    (("history", FIRST, "--column", "dt-dtt", "--compare", 2), "mean dt-dt?"),
    (("history", FIRST, "--column", "dt-dt", "--ls", "500"), f"{RUN_LENGTH} lumisections"),
    (("lumisections", "show", FIRST, "--as-of", NO_VERSION), "The newest is"),
    (("lumisections", "show", FIRST, "--dataset", "onlin"), "mean online?"),
    (("log", "--run", 5), "Run 5"),
    (("log", "--dataset", "/PromptReco/Collisions2025B/DQM"), OFFLINE),
    (("log", "--run", FIRST, "--dataset", "onlin"), "mean online?"),
    (("log", "--author", "shiftr"), "shifter"),
    (("log", "--author", "shiftr", "--export", "log.json"), "shifter"),
    (("log", "--show", NO_VERSION), "The newest is"),
    (("undo", NO_VERSION), "The newest is"),
    (("config", "list", "json", "--at", 77), "The newest is 1"),
    (("config", "list", "jsn"), "mean json"),
    (("config", "history", "json", "--item", 77), "77"),
    (("config", "diff", "json", 1, 77), "The newest is 1"),
    (("config", "diff", "json", 77), "The newest is 1"),
    (("config", "restore", "json", 77), "The newest is 1"),
    (("config", "restore", "json", 77, "--dry-run"), "The newest is 1"),
    (("config", "at", NO_VERSION), "The newest is"),
    (("config", "show", "json", 77), "77"),
    (("config", "edit", "json", 77, "--set", "name=one"), "77"),
    (("config", "edit", "json", 2, "--set", "nam=one"), "name"),
    (("config", "delete", "json", 77), "77"),
    (("config", "try", "class", 777, "--set", "enabled=false"), "777"),
    (("config", "try", "component", 1, "--delete", "--runs", "5"), "Run 5"),
    (("config", "why", FIRST, "clas"), "mean class?"),
    (("config", "why", FIRST, "dt-dtt", "--ls", 2), "mean dt-dt?"),
    (("config", "why", FIRST, "dt-dt", "--ls", 200), f"{RUN_LENGTH} lumisections"),
    (("config", "why", FIRST, "dt-dt", "--ls", 2, "--dataset", "onlin"), "mean online?"),
    (("config", "why", FIRST, "dt-dt", "--ls", 2, "--is", "GODO"), "GOOD"),
    (("config", "why", SECOND, "dtt", "--dataset", OFFLINE), "mean dt?"),
    (("config", "reclassify", "--runs", "5"), "Run 5"),
    (("config", "rights", "--egroup", "cms-dqm-runregistry-expert"), "experts"),
    (("config", "retire-workspace", "dtt", "--online"), "mean dt?"),
    (("config", "retire-column", "dt-dtt", "--online"), "mean dt-dt?"),
    (("config", "add-column", "dtt-new", "--online"), "mean dt?"),
    (("runs", "list", "--filter", "clas = 1"), "mean class"),
    (("runs", "list", "--sort", "clas"), "class"),
    (("runs", "show", 5), "5"),
    (("datasets", "list", "--workspace", "dtt"), "mean dt?"),
    (("datasets", "list", "--state", "OPN"), "mean OPEN?"),
    (("datasets", "move", "--to", "OPEN", "--run", SECOND, "--workspace", "dtt"), "mean dt?"),
    (("datasets", "move", "--to", "OPEN", "--run", SECOND, "--from", "OPN"), "mean OPEN?"),
    (("datasets", "move", "--to", "OPEN", "--run", SECOND, "--run", 5), "Run 5"),
    (
        ("datasets", "move", "--to", "OPEN", "--name", OFFLINE, "--name", f"{OFFLINE}2"),
        f"mean {OFFLINE} ",
    ),
    (("datasets", "hide", "--name", f"{OFFLINE}2", "--reason", "none"), f"mean {OFFLINE} "),
    (
        ("datasets", "duplicate", "--name", OFFLINE, "--as", "/A/B/DQM", "--workspaces", "dtt"),
        "mean dt?",
    ),
    (
        (
            *("datasets", "copy-column", "--source", OFFLINE, "--into", f"{OFFLINE}2"),
            *("--columns", "dt-dt"),
        ),
        f"mean {OFFLINE} ",
    ),
    (
        ("datasets", "set-column", "--name", OFFLINE, "--columns", "dt-dtt", "--status", "BAD"),
        "mean dt-dt?",
    ),
    (
        ("datasets", "change-states", "--run", SECOND, "--to", "OPEN", "--workspace", "dtt"),
        "mean dt?",
    ),
    (
        ("datasets", "export-csv", "--run", SECOND, "--columns", "dt-dtt", "--out", "f.csv"),
        "mean dt-dt?",
    ),
    (("cycles", "list", "--workspace", "dtt"), "mean dt?"),
    (("cycles", "show", 99), "99"),
    ((*NEW_CYCLE, "--workspaces", "dtt", "--run", SECOND), "mean dt?"),
    (("cycles", "complete", 1, "dtt"), "mean dt?"),
    (("cycles", "reopen", 1, "dtt"), "mean dt?"),
    (("cycles", "move-all", 1, "dtt"), "mean dt?"),
    (("cycles", "edit", 1, "--workspaces", "dtt"), "mean dt?"),
    (("todo", "--workspace", "dtt"), "mean dt?"),
    (("todo", "--cycle", 99), "99"),
    (
        ("lumisections", "edit", FIRST, "--column", "dt-dtt", "--ls", "1", "--status", "GOOD"),
        "mean dt-dt?",
    ),
    (
        (
            *("lumisections", "edit-oms", FIRST, "--bit", "dt0_redy", "--ls", "1"),
            *("--value", "true", "--comment", "seen"),
        ),
        "mean dt0_ready ",
    ),
    (("agent", "register", "a", "--agent-version", "1", "--proposes", "dt-dtt"), "mean dt-dt?"),
    (("agent", "retire", "pixel-mod"), "mean pixel-model?"),
    (("agent", "propose", "--agent", "pixel-mod", "--file", "f.csv"), "mean pixel-model?"),
    (("agent", "proposals", "--run", 5), "Run 5"),
    (("agent", "proposals", "--agent", "pixel-mod"), "mean pixel-model?"),
    (("agent", "proposals", "--run", FIRST, "--dataset", "onlin"), "mean online?"),
    (("agent", "accept", 99), "99"),
    (("agent", "accept", "--run", 5), "Run 5"),
    (("agent", "reject", "--run", FIRST, "--agent", "pixel-mod"), "mean pixel-model?"),
    (("agent", "agreement", "pixel-mod"), "mean pixel-model?"),
    (
        ("golden", "generate", "--datasets", OFFLINE, "--rule", "golde", "--out", "g.json"),
        "mean golden?",
    ),
    (
        (
            *("golden", "generate", "--datasets", OFFLINE, "--rule", "golden"),
            *("--out", "g.json", "--as-of", NO_VERSION),
        ),
        "The newest is",
    ),
    (("golden", "show", 99), "99"),
    (("golden", "explain", SECOND, 400), f"{RUN_LENGTH} lumisections"),
    (("golden", "explain", SECOND, "--datasets", f"{OFFLINE}2"), f"{OFFLINE}2"),
    (("golden", "losses", "--datasets", OFFLINE, "--chart", "exclusiv"), "mean exclusive"),
    (("golden", "compare", "98", "99"), "98"),
)


@pytest.fixture
def certified(registry: RunRegistry, tmp_path, monkeypatch) -> RunRegistry:
    """With offline datasets of one run, a cycle and an agent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text(f"{FIRST},online,dt-dt,1,2,GOOD,,\n")
    for words in (
        ("runs", "move", SECOND, "SIGNOFF"),
        (*NEW_CYCLE, "--run", SECOND),
        ("agent", "register", "pixel-model", "--agent-version", 1, "--proposes", "dt-dt"),
    ):
        ran = registry(*words)
        assert ran.code == 0, ran.err
    return registry


def test_that_a_name_that_nothing_has_is_refused_with_the_nearest(certified: RunRegistry, tmp_path):
    newest = certified("log", "--limit", 1, "--json").document["entries"][0]["number"]
    wrong: list[str] = []
    for words, near in WRONG:
        ran = certified(*words)
        if ran.code not in (1, 2) or ran.out or near not in ran.err:
            wrong.append(f"{' '.join(map(str, words))}: {ran}")
    assert not wrong, "\n".join(wrong)
    assert certified("log", "--limit", 1, "--json").document["entries"][0]["number"] == newest
    assert [each.name for each in tmp_path.glob("*.json")] == []


def test_that_a_number_between_two_versions_is_the_moment_of_the_one_before(
    certified: RunRegistry,
):
    assert certified("history", FIRST, "--compare", 1).code in (0, 1)
    assert certified("lumisections", "show", FIRST, "--as-of", 2).code == 0


def test_that_a_comparison_without_a_dataset_is_of_the_run_and_all_its_datasets(
    certified: RunRegistry,
):
    log = certified("log", "--run", SECOND, "--json").document["entries"]
    before = max(each["number"] for each in log if each["source"] == "version")
    edited = certified("datasets", "move", "--to", "OPEN", "--run", SECOND, "--json").document
    assert edited["datasets"]
    status = certified(
        *("lumisections", "edit", SECOND, "--dataset", OFFLINE, "--column", "dt-dt"),
        *("--ls", "2-4", "--status", "BAD", "--comment", "HV trip"),
    )
    assert status.code == 0, status.err
    hidden = certified("datasets", "hide", "--name", "/Express/Collisions2025/DQM", "--reason", "x")
    assert hidden.code == 0, hidden.err

    text = certified("history", SECOND, "--compare", before).out
    assert f"{OFFLINE} dt-dt: GOOD -> BAD HV trip in LS 2-4" in text
    assert f"{OFFLINE} global_state: waiting dqm gui -> OPEN" in text
    assert "/Express/Collisions2025/DQM: hidden" in text
    found = certified("history", SECOND, "--compare", before, "--json").document
    (offline,) = (each for each in found["datasets"] if each["dataset"] == OFFLINE)
    assert [each["ranges"] for each in offline["columns"]] == [[[2, 4]]]
    # Without a dataset the plain keys tell of `online`, as they always did.
    assert found["columns"] == []

    pulled = min(each["number"] for each in log if each["source"] == "version")
    made = certified("history", SECOND, "--compare", pulled, "--json").document
    assert OFFLINE in made["appeared"]
    of_column = certified("history", SECOND, "--compare", before, "--column", "jetmet-jetmet")
    assert of_column.code == 0, "a column of offline datasets only"
    only = certified("history", SECOND, "--compare", before, "--dataset", "online").out
    assert OFFLINE not in only
