"""Matching what the DQM GUI has with the datasets that are accepted."""

import csv

import pytest

from app.domain.configuration.in_force import DatasetAccepted
from app.domain.sources.dqm_gui import GuiListing, ListingBuilder, Matcher, expression_matches

PROMPT = "/PromptReco/Collisions2025A/DQM"
ZERO_BIAS = "/ZeroBias/Run2025A-PromptReco-v1/DQMIO"
MUON = "/Muon0/Run2025A-PromptReco-v1/DQMIO"
EXPRESS = "/StreamExpress/Run2025A-Express-v1/DQMIO"


def accepted(regexp: str, id_: int = 1, name: str = PROMPT, **others) -> DatasetAccepted:
    values = {"class_": "Collisions25", "run_from": 1, "run_to": 400000, "enabled": True, **others}
    return DatasetAccepted(id_, name, regexp, **values)


LISTING = GuiListing({390001: (ZERO_BIAS, MUON, EXPRESS), 390002: (EXPRESS,)})


def test_that_any_line_of_any_entry_of_the_name_matches():
    entries = [accepted("/ZeroBias/\r\n\n nothing "), accepted("Muon.*?/Run2025A", 2)]
    matcher = Matcher([*entries, accepted("Express", 3, "/Other/DQM")])
    assert matcher.new_in_gui(390001, PROMPT, (), LISTING) == (MUON, ZERO_BIAS)
    assert matcher.new_in_gui(390002, PROMPT, (), LISTING) == ()
    assert matcher.new_in_gui(390003, PROMPT, (), LISTING) == ()
    assert matcher.new_in_gui(390001, "/Unknown/DQM", (), LISTING) == ()


def test_that_what_is_known_is_not_new():
    matcher = Matcher([accepted("PromptReco")])
    assert matcher.new_in_gui(390001, PROMPT, [MUON, "/gone"], LISTING) == (ZERO_BIAS,)


def test_that_run_ranges_and_switched_off_entries_count():
    for entry in (
        accepted("PromptReco", run_to=390000),
        accepted("PromptReco", run_from=390002),
        accepted("PromptReco", enabled=False),
        accepted(""),
    ):
        assert Matcher([entry]).new_in_gui(390001, PROMPT, (), LISTING) == ()
    matcher = Matcher([accepted("PromptReco", run_from=None, run_to=390001)])
    assert matcher.new_in_gui(390001, PROMPT, (), LISTING)


@pytest.mark.parametrize("bad", ["(unclosed", "a{99999999999999999999}", "(" * 5_000 + ")" * 5_000])
def test_that_a_bad_expression_is_reported_by_entry_and_the_others_work(bad: str):
    matcher = Matcher([accepted(f"{bad}\n/ZeroBias/", 17)])
    (problem,) = matcher.problems
    start = f"Dataset accepted 17 ({PROMPT}): {bad[:20]}"
    assert problem.startswith(start)
    assert "can't be read as a regular expression" in problem
    assert matcher.new_in_gui(390001, PROMPT, (), LISTING) == (ZERO_BIAS,)


def test_that_items_are_grouped_by_run_and_faulty_ones_told():
    builder = ListingBuilder()
    for run in ("390001", 390001, "390002", "1"):
        builder.add({"run": run, "dataset": ZERO_BIAS})
    for item in ({"run": "x", "dataset": "a"}, {"run": "390001"}, [], {"run": True, "dataset": ""}):
        builder.add(item)
    listing = builder.listing()
    assert listing.by_run == {390001: (ZERO_BIAS,), 390002: (ZERO_BIAS,)}
    assert len(listing.problems) == 4
    assert listing.items == 2


def test_that_an_expression_can_be_tried_before_it_is_saved():
    good, none, bad = expression_matches("PromptReco\nNothing\n(x", LISTING)
    assert (good.datasets, good.runs, good.examples) == (2, (390001,), (MUON, ZERO_BIAS))
    assert (none.datasets, none.runs, none.problem) == (0, (), "")
    assert "not a regular expression" in bad.problem
    (here,) = expression_matches("Express", LISTING, 390002, 390002)
    assert here.runs == (390002,)


def test_that_the_real_accepted_datasets_match_gui_names_of_their_time(shared_data):
    path = shared_data / "data" / "configuration" / "DatasetsAccepted_gui_triggers.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    entries = [
        accepted(
            row["DGT_DATASET_REGEX"],
            number,
            row["DGT_DATASET_NAME"],
            class_=row["DGT_RUN_CLASS"],
            run_from=int(row["DGT_RUN_NUMBER_FROM"]),
            run_to=int(row["DGT_RUN_NUMBER_TO"]),
        )
        for number, row in enumerate(rows)
    ]
    matcher = Matcher(entries)
    assert matcher.problems == ()
    listing = GuiListing(
        {
            193336: ("/SingleMu/Run2012A-PromptReco-v1/DQM", "/Other/Run2012A-PromptReco-v1/DQM"),
            183500: ("/StreamExpressCosmics/Commissioning12-Express-v1/DQM",),
            317640: (
                "/ZeroBias/Run2018B-PromptReco-v1/DQMIO",
                "/StreamExpress/Run2018B-Express-v1/DQMIO",
            ),
        }
    )
    found = {
        (run, entry.name): matcher.new_in_gui(run, entry.name, (), listing)
        for entry in entries
        for run in listing.by_run
    }
    assert found[193336, "/PromptReco/Collisions2012A/DQM"] == (
        "/SingleMu/Run2012A-PromptReco-v1/DQM",
    )
    assert found[183500, "/Express/Commissioning2012/DQM"]
    assert found[317640, "/PromptReco/Collisions2018B/DQM"]
    assert found[317640, "/Express/Collisions2018/DQM"] == (
        "/StreamExpress/Run2018B-Express-v1/DQMIO",
    )
