"""The main job without a window, as the README's command starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.demo.story import LISTS, PATTERN, main_job, mend
from app.domain.lumisections import LumiRange
from app.domain.state.grid import Grid, with_changes
from app.domain.triplets import EXCLUDED, GOOD, NO_VALUE_FOUND, Triplet
from app.golden import document
from app.models.database.engine import Database
from app.services import databases
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import generation as golden
from app.services.pulling.store import PullStore
from app.sync.oms_requests import OmsSettings
from app.sync.worker import pull_now
from tests.builders import EXPERT, a_run


def lists_in(folder):
    """The lists that were written, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("Cert_*.json")}


def test_that_the_main_job_ends_with_lists_and_a_second_one_finds_nothing_to_do(
    server_folder, tmp_path
):
    out = tmp_path / "out"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "RUN_REGISTRY_DATA_FOLDER": str(server_folder),
        "RUN_REGISTRY_USER": EXPERT.email,
    }

    def command(*words: str):
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def run(*words: str):
        return command("--headless", "--out", str(out), *words)

    where = f"run-registry: writes to the program's own database in {server_folder}"
    season = ", which holds the demonstration season"
    first = run("--json")
    assert first.returncode == 0
    assert first.stderr.splitlines()[0] == where
    assert f"{out} (--out)" in first.stderr.splitlines()[1]
    summary = json.loads(first.stdout)
    assert summary["new"] is True
    assert summary["failed"] == summary["left_open"] == []
    assert summary["pulled"] == {"created": summary["runs"]}
    assert len(summary["signed_off"]) + len(summary["taking_data"]) == summary["significant"]
    assert [each["name"] for each in summary["lists"]] == [name for name, _ in LISTS]
    files = lists_in(out)
    assert len(files) == 4 * len(LISTS)
    for made in summary["lists"]:
        assert set(made["files"]) <= set(files)
        plain = document.parse(files[made["files"][0]].decode())
        anti = document.parse(files[made["files"][2]].decode())
        assert plain
        assert made["files"][0].startswith("Cert_Collisions2025_")
        assert not document.and_(plain, anti)
        assert 0 < made["recorded_luminosity_in_json"] <= made["recorded_luminosity_total"]

    assert summary["cells_set_by_hand"] > 0
    golden_json, _, dcs_only = (
        document.parse(files[made["files"][0]].decode()) for made in summary["lists"]
    )
    assert golden_json != dcs_only
    assert not document.minus(golden_json, dcs_only)

    second = run()
    assert second.returncode == 0
    assert second.stderr.splitlines()[0] == f"{where}{season}"
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["new"] is False
    assert summary["signed_off"] == []
    assert "as before" in second.stdout
    assert lists_in(out) == files
    # What others read has them, too, and the newest of each kind.
    era = out / "published" / "Collisions2025"
    for made, kind in zip(summary["lists"], ("", "muon", "dcs-only"), strict=True):
        assert (era / kind / "latest.json").read_bytes() == files[made["files"][0]]
    assert summary["published"] == [made["files"][0][:-5] for made in summary["lists"]]

    # Every other command means the same database, and asks the simulated OMS and DQM GUI.
    listed = json.loads(command("runs", "list", "--json").stdout)
    assert listed["count"] == summary["runs"]
    pulled = command("pull", "--json")
    assert (pulled.returncode, pulled.stderr) == (0, f"{where}{season}\n"), pulled.stdout
    assert json.loads(pulled.stdout)["runs"] == []


def test_that_a_folder_that_can_t_be_made_is_refused_with_the_option(server_folder, tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "RUN_REGISTRY_DATA_FOLDER": str(server_folder),
    }
    (tmp_path / "file").touch()
    words = ["--headless", "--out", str(tmp_path / "file" / "lists")]
    blocked = subprocess.run(
        [sys.executable, "-m", "app", *words],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (blocked.returncode, "--out DIR" in blocked.stderr) == (1, True)
    assert not (server_folder / "simulated-oms").exists()


def _rr(**columns: list[tuple[int, int, Triplet]]) -> Grid[Triplet]:
    events: list[tuple[dict[str, Triplet], list[LumiRange]]] = []
    for column, values in columns.items():
        for first, last, value in values:
            events.append(({column.replace("_", "-"): value}, [LumiRange(first, last)]))
    return with_changes(Grid.empty(), events)


def test_that_a_cell_without_a_status_gets_the_one_around_it_else_is_excluded():
    good, unset = Triplet(GOOD), Triplet(NO_VALUE_FOUND)
    rr = _rr(
        dt_dt=[(1, 3, good), (4, 5, unset), (6, 9, good)],
        csc_csc=[(1, 4, unset), (5, 9, good)],
        rpc_rpc=[(1, 5, good), (8, 9, Triplet("STANDBY"))],
        jetmet_jetmet=[(1, 9, unset)],
    )

    edits = {(each.column, each.ranges[0]): each.triplet for each in mend(rr, 390001)}

    assert {key: triplet.status for key, triplet in edits.items()} == {
        ("dt-dt", LumiRange(4, 5)): GOOD,
        ("csc-csc", LumiRange(1, 4)): EXCLUDED,
        ("rpc-rpc", LumiRange(6, 7)): EXCLUDED,
    }
    assert all(triplet.comment for triplet in edits.values())


@pytest.fixture
def configured(empty_database: Database) -> Database:
    """A database with the shipped configuration."""
    databases.initialise(empty_database, default_configuration=True)
    return empty_database


def test_that_what_no_classifier_matched_is_mended_and_what_is_taking_data_is_left(
    configured: Database, tmp_path: Path
):
    ended = a_run(390001, 20, changed={n: {"rpc_ready": None} for n in (4, 5)})
    live = a_run(390002, 20, end_time=None)
    store = PullStore(configured)

    with SimulatedOms(
        [ended.attributes, live.attributes],
        {run.run_number: run.lumisections for run in (ended, live)},
    ) as oms:
        settings = OmsSettings(url=oms.url, pause_s=0)
        summary = main_job(
            configured, EXPERT, lambda: pull_now(settings, store), tmp_path, lambda _: None
        )

    assert summary.signed_off == [390001]
    assert summary.taking_data == [390002]
    assert summary.left_open == []
    assert summary.datasets_made == summary.datasets_opened == 2
    season = golden.season_of(Acting(configured), PATTERN)[1]
    assert [each.run_number for each in season.datasets] == [390001]
    assert season.datasets[0].attributes["global_state"] == "OPEN"
    assert configuration.current(Acting(configured)).problems == ()
