"""`run-registry evidence`."""

import pytest

from app.demo.simulated_dqm_gui import SimulatedDqmGui
from tests.cli.conftest import FIRST


@pytest.fixture
def gui(monkeypatch, tmp_path):
    monkeypatch.setenv("RUN_REGISTRY_CACHE_FOLDER", str(tmp_path / "cache"))
    with SimulatedDqmGui() as gui:
        monkeypatch.setenv("RUN_REGISTRY_DQM_GUI_URL", gui.url)
        yield gui


def test_that_histograms_of_a_workspace_are_listed_and_saved(registry, gui, tmp_path):
    listed = registry("evidence", FIRST, "--workspace", "dt", "--layout", "Trigger")
    assert listed.code == 0, listed.err
    lines = listed.out.splitlines()
    assert len(lines) == 2
    assert all(f"/dqm/online/start?runnr={FIRST};dataset=/Global/Online/ALL" in x for x in lines)
    folder = tmp_path / "pictures"
    saved = registry(
        *("evidence", FIRST, "--workspace", "dt", "--layout", "Trigger", "--save", folder, "--json")
    )
    assert saved.code == 0, saved.err
    files = sorted(folder.glob("*.png"))
    assert [each["file"] for each in saved.document["histograms"]] == [str(x) for x in files]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_that_what_is_not_there_is_named(registry, gui, monkeypatch, tmp_path):
    nowhere = registry("evidence", FIRST, "--workspace", "rdt")
    assert "There is no workspace rdt. Did you mean dt?" in nowhere.err
    gone = registry("evidence", FIRST, "--workspace", "dt", "--layout", "Trigge")
    assert gone.code == 1
    assert "dt has no layout Trigge. Did you mean Trigger?" in gone.err
    own = tmp_path / "mine.json"
    own.write_text('{"dt": {"A": ["DT/a"]}}')
    monkeypatch.setenv("RUN_REGISTRY_DQM_GUI_LAYOUTS", str(own))
    assert registry("evidence", FIRST, "--workspace", "dt").out.count("\n") == 1
    own.write_text('{"dt": 3}')
    assert "'dt' must hold layouts" in registry("evidence", FIRST).err


@pytest.mark.expected_log("no connection", always=False)
def test_that_a_picture_that_is_not_drawn_is_told_with_the_others(registry, gui, tmp_path):
    gui.close()
    ran = registry("evidence", FIRST, "--workspace", "gem", "--layout", "Hits", "--save", tmp_path)
    assert ran.code == 1
    assert "GEM/EventInfo/reportSummaryMap: The DQM GUI failed 2 times" in ran.out
    assert "0 pictures of 5 written." in ran.out
