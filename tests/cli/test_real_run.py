"""From OMS to golden JSON on real data, by the commands a person types."""

import json
import re

from app.demo.simulated_oms import SimulatedOms
from app.domain.configuration.in_force import Kind
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits

DATASET = "/PromptReco/Collisions2018/DQM"
RUNS = (315265, 319579)
MOST_EDITS = 40


def test_that_real_runs_give_the_ranges_of_the_official_mask(
    run_registry, dsn, shared_data, tmp_path
):
    def registry(*words: object):
        return run_registry("--dsn", dsn, *words)

    data = shared_data / "data"
    imported = registry("config", "import", data / "configuration", "--json")
    assert imported.code == 0
    assert imported.document["written"]["ClassClassifier"] > 0
    db = Database(dsn)
    configuration_edits.add_item(
        Acting(db, Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))),
        Kind.DATASETS_ACCEPTED,
        {
            "name": DATASET,
            "regexp": "/ZeroBias/Run2018.*/DQMIO",
            "class": "Collisions22",
            "run_from": 315000,
            "run_to": 320000,
            "enabled": True,
        },
    )
    db.close()

    with SimulatedOms.from_folder(data / "oms") as oms:
        for number in RUNS:
            pulled = registry("pull", "--oms", oms.url, "--run", number)
            assert pulled.code == 0, pulled.err
            assert f"Made run {number}: Collisions22" in pulled.out
    for number in RUNS:
        for _ in range(MOST_EDITS):
            moved = registry("runs", "move", number, "SIGNOFF")
            if moved.code == 0:
                break
            named = re.search(r"(\S+-\S+) is .* in LS (\d+) of run", moved.err)
            assert named, moved.err
            last = registry("lumisections", "show", number, "--json").document["lumisections"]
            edited = registry(
                "lumisections", "edit", number, "--column", named[1],
                "--ls", f"{named[2]}-{last}", "--status", "GOOD",
                "--comment", "checked with the expert",
            )  # fmt: skip
            assert edited.code == 0, edited.err
        assert moved.out.startswith(
            f"Signed off run {number}. 1 dataset now waits for the DQM GUI."
        )

    listed = registry("datasets", "list", "--json").document
    assert [(each["run_number"], each["name"]) for each in listed["datasets"]] == [
        (number, DATASET) for number in reversed(RUNS)
    ]
    out = tmp_path / "golden.json"
    made = registry(
        "golden", "generate", "--datasets", DATASET,
        "--rule", data / "rules" / "dcs_only.json", "--out", out,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert out.read_text(encoding="utf-8") == '{"315265": [[4, 58]], "319579": [[41, 3168]]}'
    shown = registry("golden", "show", 1, "--json").document
    assert shown["generated_json"] == json.loads(out.read_text(encoding="utf-8"))
