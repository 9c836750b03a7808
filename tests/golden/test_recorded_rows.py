"""The golden JSONs that the web service made of its story, made again from its final state."""

import json
import lzma
import re

import numpy as np
import pytest

from app.domain.json_logic import parse
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, grid_of_objects
from app.domain.triplets import triplet_from_json
from app.golden.document import from_json, to_json
from app.golden.season import Season, SeasonDataset
from app.golden.selection import select

COUNTED_TWICE = 4
"""Its name pattern matches two datasets of some runs: the web service then writes the ranges of
a run one list behind the other and counts luminosity twice; ours are joined and count once."""


@pytest.fixture(scope="module")
def datasets(shared_data):
    """Datasets that aren't deleted, with the lumisections of the aggregated view."""
    folder = shared_data / "conformance"
    with lzma.open(folder / "tables_final" / "Run.json.xz", "rt") as file:
        runs = {row["run_number"]: row for row in json.load(file)}
    found = []
    with lzma.open(folder / "datasets.jsonl.xz", "rt") as file:
        for line in file:
            recorded = json.loads(line)
            (row,) = recorded["Dataset"]
            if row["deleted"]:
                continue
            run = runs[row["run_number"]]
            found.append(
                SeasonDataset(
                    row["run_number"],
                    row["name"],
                    row["dataset_attributes"],
                    run["oms_attributes"],
                    run["rr_attributes"],
                    compact(_state(recorded)),
                )
            )
    return found


@pytest.fixture(scope="module")
def rows(shared_data):
    path = shared_data / "conformance" / "generated_json_rows.json"
    return {row["id"]: row for row in json.loads(path.read_text())}


def _state(recorded):
    rows = recorded["aggregated_lumisection_rows"]
    rr = grid_of_objects(
        {
            row["lumisection_number"]: {
                column: triplet_from_json(value) for column, value in row["rr_lumisection"].items()
            }
            for row in rows
        }
    )
    oms = grid_of_objects({row["lumisection_number"]: row["oms_lumisection"] for row in rows})
    own = np.zeros(oms.length, np.bool_)
    own[[row["lumisection_number"] - 1 for row in rows]] = True
    return DatasetState(recorded["run_number"], recorded["name"], rr, oms, own)


def _similar_to(name, pattern):
    """SQL's `SIMILAR TO`, as far as the recorded patterns need it."""
    return re.fullmatch(pattern.replace("%", ".*").replace("_", "."), name) is not None


@pytest.mark.parametrize("number", range(1, 8))
def test_that_a_recorded_golden_json_comes_out_the_same(number, rows, datasets):
    row = rows[number]
    matching = [each for each in datasets if _similar_to(each.name, row["dataset_name_filter"])]
    selection = select(Season(matching), parse(row["json_logic"]))
    ours = selection.as_row()
    assert selection.warnings == ()
    for name in ("generated_json", "generated_anti_json"):
        recorded = from_json(row[name])
        assert ours[name] == to_json(recorded.document)
        assert bool(recorded.remarks) == (number == COUNTED_TWICE)
    for name in (
        "generated_json_with_dataset_names",
        "generated_anti_json_with_dataset_names",
        "min_run_number",
        "max_run_number",
        "runs_lumisections_responsible_for_rule",
    ):
        assert ours[name] == row[name], name
    if number == COUNTED_TWICE:
        assert selection.total.recorded == pytest.approx(rows[1]["total_recorded_luminosity"])
        assert selection.in_json.recorded + selection.lost.recorded == pytest.approx(
            selection.total.recorded, rel=1e-12
        )
        assert sum(selection.luminosity_by_combination.values()) == pytest.approx(
            selection.lost.recorded, rel=1e-12
        )
        return
    sums = [name for name in ours if name.startswith("total_") or "_in_json" in name]
    assert len(sums) == 6
    for name in sums:
        assert ours[name] == pytest.approx(row[name], rel=1e-12), name
    for name in (
        "rules_flagged_false_quantity_luminosity",
        "rules_flagged_false_combination_luminosity",
    ):
        assert ours[name].keys() == row[name].keys()
        for key, value in row[name].items():
            assert ours[name][key] == pytest.approx(value, rel=1e-12), key
