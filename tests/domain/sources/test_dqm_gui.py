"""Matching what the DQM GUI has with the datasets that are accepted."""

import csv

import pytest

from app.domain.configuration.in_force import (
    Configuration,
    DatasetAccepted,
    OfflineDatasetClassifier,
    parse_condition,
)
from app.domain.foreign_json import BadRecord
from app.domain.sources.dqm_gui import (
    Appeared,
    GuiListing,
    GuiOutcome,
    ListingBuilder,
    Matcher,
    classifier_data,
    expression_matches,
    opened_states,
    verdicts,
)

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


def test_that_items_out_of_bounds_are_told_and_only_the_first_problems_kept():
    builder = ListingBuilder()
    builder.add(BadRecord("isn't JSON", b'{"run": \xff'))
    builder.add({"run": 2**31, "dataset": ZERO_BIAS})
    builder.add({"run": 390001, "dataset": "x" * 1_001})
    builder.add({"run": "9" * 13, "dataset": ZERO_BIAS})
    for _ in range(30):
        builder.add([])
    listing = builder.listing()
    assert listing.by_run == {}
    assert listing.problems[0] == "An item of the DQM GUI isn't JSON: '{\"run\": \\ufffd'."
    assert "has a run number beyond 2147483647" in listing.problems[1]
    assert "has a name of more than 1000 letters" in listing.problems[2]
    assert "has no run or no dataset" in listing.problems[3]
    assert listing.problems[-1] == "And 14 items more."


def test_that_what_appeared_is_counted():
    one = Appeared(390001, PROMPT, (MUON,))
    assert one.key == (390001, PROMPT)
    assert GuiOutcome(None, (), 0, ()).text == "Nothing new in the DQM GUI."
    assert GuiOutcome(5, (one,), 1, ()).text == (
        "1 dataset appeared in the DQM GUI, 1 of them opened somewhere."
    )
    assert GuiOutcome(5, (one, one), 0, ()).text.startswith("2 datasets appeared")


def test_that_a_dataset_opens_where_the_first_enabled_classifier_says_it_matters():
    def classifier(workspace: str, rule: object, *, enabled: bool = True):
        return OfflineDatasetClassifier(1, workspace, parse_condition(rule), enabled)

    configuration = Configuration(
        1,
        offline_dataset_classifiers=(
            classifier("off", True, enabled=False),
            classifier("muon", {"in": ["Prompt", {"var": "dataset.name"}]}),
            classifier("muon", False),
            classifier("tau", {">": [{"var": "run.oms.energy"}, 7000]}),
            classifier("open", {"==": [{"var": "run_number"}, 390001]}),
        ),
    )
    waits = "waiting dqm gui"
    attributes = {"muon_state": waits, "tau_state": waits, "off_state": waits, "open_state": "OPEN"}
    data = classifier_data(390001, PROMPT, attributes, {"energy": 6800}, {"class": "Collisions25"})
    assert data["run"]["class"] == data["run"]["rr"]["class"] == "Collisions25"
    changed, undecided = opened_states(attributes, data, verdicts(configuration))
    assert changed == {"muon_state": "OPEN", "tau_state": "not significant for workspace"}
    assert undecided == ("off",)
