"""A changed configuration beside the one in force: what would be otherwise, run by run."""

from dataclasses import replace

from app.domain.classifying.trial import (
    ColumnChange,
    DatasetStateChange,
    OfflineDataset,
    StatusChange,
    Trial,
)
from app.domain.configuration.in_force import (
    ClassClassifier,
    Configuration,
    DatasetAccepted,
    DatasetClassifier,
    OfflineDatasetClassifier,
    Workspace,
    parse_condition,
)
from app.domain.lumisections import LumiRange
from tests.domain.classifying.recorded import a_classifier, a_recorded_run

ALWAYS, NEVER = parse_condition(True), parse_condition(False)
BEFORE = Configuration(
    1,
    class_classifiers=(ClassClassifier(1, "Collisions25", ALWAYS, 5, enabled=True),),
    dataset_classifiers=(DatasetClassifier(1, "Collisions25", ALWAYS, enabled=True),),
    online_components=(a_classifier({"==": [{"var": "dt_ready"}, True]}, "GOOD"),),
    workspaces=(Workspace("muon", online=False, columns=("muon-muon",)),),
)
RUN = a_recorded_run({n: {"physics_flag": True, "dt_ready": n != 4} for n in range(1, 9)})


def rule_of(first: int, last: int) -> dict:
    return {"<=": [first, {"var": "lumisection_number"}, last]}


def test_that_the_same_configuration_changes_nothing():
    trial = Trial(BEFORE, replace(BEFORE)).of(RUN)
    assert not trial.changes
    assert (trial.run_number, trial.state, trial.problem) == (390001, "OPEN", "")


def test_that_a_column_tells_each_range_of_lumisections_with_its_statuses():
    bad = a_classifier(rule_of(3, 6), "BAD", id_=2, priority=0)
    after = replace(BEFORE, online_components=(*BEFORE.online_components, bad))
    trial = Trial(BEFORE, after).of(RUN)
    assert trial.changes
    assert trial.columns == (
        ColumnChange(
            "dt-dt",
            True,
            (
                StatusChange(LumiRange(3, 3), "GOOD", "BAD"),
                StatusChange(LumiRange(4, 4), "NO VALUE FOUND", "BAD"),
                StatusChange(LumiRange(5, 6), "GOOD", "BAD"),
            ),
        ),
    )
    assert trial.columns[0].lumisections == 4
    assert Trial(after, BEFORE).of(RUN).columns[0].changes[0] == (
        StatusChange(LumiRange(3, 3), "BAD", "GOOD")
    )


def test_that_a_column_without_classifiers_before_was_not_classified():
    new = a_classifier(True, "GOOD", "csc-csc", id_=2)
    after = replace(BEFORE, online_components=(*BEFORE.online_components, new))
    (column,) = Trial(BEFORE, after).of(RUN).columns
    assert column.changes == (StatusChange(LumiRange(1, 8), "", "GOOD"),)
    (column,) = Trial(after, BEFORE).of(RUN).columns
    assert column.changes == (StatusChange(LumiRange(1, 8), "GOOD", ""),)


def test_that_a_class_changes_the_columns_that_read_it():
    of_class = a_classifier({"==": [{"var": "class"}, "Special25"]}, "BAD", id_=2, priority=0)
    before = replace(BEFORE, online_components=(*BEFORE.online_components, of_class))
    after = replace(
        before,
        class_classifiers=(ClassClassifier(2, "Special25", ALWAYS, 1, enabled=True),),
        dataset_classifiers=(DatasetClassifier(2, "Special25", ALWAYS, enabled=True),),
    )
    trial = Trial(before, after).of(RUN, by_hand=["significant", "state"])
    assert trial.class_ == ("Collisions25", "Special25")
    assert trial.significant is None
    assert trial.columns[0].changes[-1] == StatusChange(LumiRange(5, 8), "GOOD", "BAD")
    assert trial.by_hand == ("significant",)


def test_that_online_columns_of_a_run_that_does_not_matter_are_left_out():
    after = replace(
        BEFORE,
        dataset_classifiers=(DatasetClassifier(1, "Collisions25", NEVER, enabled=True),),
        online_components=(a_classifier(True, "BAD"),),
    )
    insignificant = replace(RUN, rr_attributes={**RUN.rr_attributes, "significant": False})
    trial = Trial(BEFORE, after).of(insignificant)
    assert trial.significant == (True, False)
    assert trial.columns == ()


def test_that_offline_columns_are_tried_on_the_lumisections_of_online():
    rule = {"==": [{"var": "lumisection.oms.dt_ready"}, True]}
    after = replace(BEFORE, offline_components=(a_classifier(rule, "GOOD", "muon-muon"),))
    (column,) = Trial(BEFORE, after).of(RUN).columns
    assert (column.column, column.online) == ("muon-muon", False)
    assert column.changes == (
        StatusChange(LumiRange(1, 3), "NO VALUE FOUND", "GOOD"),
        StatusChange(LumiRange(5, 8), "NO VALUE FOUND", "GOOD"),
    )
    retired = replace(after, offline_components=(a_classifier(rule, "GOOD", "old-old"),))
    assert Trial(BEFORE, retired).of(RUN).columns == ()


def test_that_datasets_that_would_be_made_or_no_longer_are_named():
    def accepted(id_: int, name: str) -> DatasetAccepted:
        return DatasetAccepted(id_, name, "", "Collisions25", None, 999999, enabled=True)

    before = replace(BEFORE, datasets_accepted=(accepted(1, "/A"), accepted(2, "/B")))
    after = replace(BEFORE, datasets_accepted=(accepted(1, "/A"), accepted(3, "/C")))
    trial = Trial(before, after).of(RUN)
    assert (trial.gained, trial.lost) == (("/C",), ("/B",))


def test_that_a_dataset_that_would_appear_in_another_state_is_named_by_workspace():
    def of(workspace: str, name: str) -> OfflineDatasetClassifier:
        rule = parse_condition({"==": [{"var": "name"}, name]})
        return OfflineDatasetClassifier(1, workspace, rule, enabled=True)

    before = replace(BEFORE, offline_dataset_classifiers=(of("muon", "/A"),))
    after = replace(BEFORE, offline_dataset_classifiers=(of("muon", "/B"), of("tau", "/A")))
    datasets = [OfflineDataset("/A", {}), OfflineDataset("/C", {})]
    assert Trial(before, after).of(RUN, datasets).datasets == (
        DatasetStateChange("/A", "muon", "OPEN", "not significant for workspace"),
        DatasetStateChange("/A", "tau", "", "OPEN"),
        DatasetStateChange("/C", "tau", "", "not significant for workspace"),
    )


def test_that_a_rule_that_can_not_be_computed_is_the_problem_of_the_run():
    after = replace(
        BEFORE, online_components=(a_classifier({"==": [{"var": "energy"}, "x"]}, id_=7),)
    )
    faulty = replace(RUN, recorded_oms={**RUN.recorded_oms, "energy": {"toString": 1}})
    trial = Trial(BEFORE, after).of(faulty)
    assert trial.problem.startswith("The component classifier 7 can't be evaluated: ")
    assert not trial.changes


def test_that_a_rule_written_otherwise_may_change_nothing():
    same = a_classifier({"!": {"!=": [{"var": "dt_ready"}, True]}}, "GOOD")
    assert not Trial(BEFORE, replace(BEFORE, online_components=(same,))).of(RUN).changes
