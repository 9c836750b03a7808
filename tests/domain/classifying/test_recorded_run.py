"""A recorded run shows the classifiers what OMS showed them when it was pulled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.classifying.classification import classify_online, offline_data
from app.domain.configuration.in_force import (
    ClassClassifier,
    Configuration,
    DatasetClassifier,
    Workspace,
    parse_condition,
)
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import beams_present_and_stable, reduced_lumisection_attributes
from app.domain.state.grid import as_objects, grid_of_objects, with_changes
from tests.domain.classifying.recorded import BEAMS, a_classifier, a_recorded_run

LUMINOSITY = ("recorded_lumi_per_lumi", "delivered_lumi_per_lumi", "live_lumi_per_lumi")
BITS = st.sampled_from([True, False, None])
LUMISECTIONS = st.dictionaries(
    st.integers(1, 9),
    st.fixed_dictionaries(
        {"physics_flag": BITS, "dt_ready": BITS, "prescale_index": st.integers(0, 2)},
        optional=dict.fromkeys(BEAMS, BITS),
    ),
    max_size=9,
)
RULES = (
    {"==": [{"var": "dt_ready"}, True]},
    {"and": [{">": [{"var": "lumisection_number"}, 3]}, {"<": [{"var": "prescale_index"}, 2]}]},
    {"in": ["Coll", {"var": "class"}]},
    {"==": [{"var": {"var": "name_of_a_bit"}}, None]},
    {"!": {"var": "recorded_lumi_per_lumi"}},
)


@given(LUMISECTIONS)
def test_that_attributes_are_those_made_from_the_lumisections(lumisections):
    run, given_ = a_recorded_run(lumisections), [*lumisections.values()]
    assert sorted(lumisections) == run.numbers.tolist()
    made = run.oms_attributes
    assert made["beams_present_and_stable"] is beams_present_and_stable(given_)
    assert made["ls_duration"] == len(given_)
    assert made["energy"] == 6800
    expected = reduced_lumisection_attributes(given_)
    if lumisections:
        expected |= dict.fromkeys(LUMINOSITY, False)
    assert run.reduced == expected


@pytest.mark.parametrize("rule", RULES)
@given(LUMISECTIONS)
def test_that_online_columns_are_those_of_a_refresh(rule, lumisections):
    run = a_recorded_run(lumisections)
    configuration = Configuration(
        1, online_components=(a_classifier(rule), a_classifier(True, "GOOD", id_=2))
    )
    asked = run.online_columns(configuration, run.rr_attributes, ["dt-dt"])
    given_ = [
        {"lumisection_number": number, **dict.fromkeys(LUMINOSITY), **lumisections[number]}
        for number in sorted(lumisections)
    ]
    plain = classify_online(configuration, run.oms_attributes, run.rr_attributes, given_)
    assert as_objects(asked) == as_objects(plain)


def test_that_only_the_columns_that_are_wanted_are_computed():
    run = a_recorded_run({1: {"physics_flag": True}})
    configuration = Configuration(1, online_components=(a_classifier(True),))
    assert run.online_columns(configuration, {}, ["csc-csc"]).keys == ()
    assert run.online_columns(configuration, {}, ["csc-csc", "dt-dt"]).keys == ("dt-dt",)


def test_that_a_bit_set_by_hand_in_a_hole_is_not_a_lumisection_of_oms():
    pulled = grid_of_objects({1: {"physics_flag": True, "dt_ready": True}})
    edited = with_changes(pulled, [({"dt_ready": False}, (LumiRange(5, 6),))])
    run = a_recorded_run({1: {}}, edited)
    assert run.numbers.tolist() == [1]
    assert run.reduced["dt_ready"] is True


def test_that_luminosity_kept_as_numbers_counts_only_where_it_is_no_number():
    many = {n: {"physics_flag": True, "recorded": 0.1 + n / 100} for n in range(1, 40)}
    assert "recorded" not in a_recorded_run(many).reduced
    many[7]["recorded"] = None
    assert a_recorded_run(many).reduced["recorded"] is False


def test_that_a_refresh_gives_class_and_significance():
    configuration = Configuration(
        1,
        class_classifiers=(
            ClassClassifier(
                1, "Cosmics25", parse_condition({"==": [{"var": "dt_ready"}, True]}), 1, True
            ),
        ),
        dataset_classifiers=(
            DatasetClassifier(
                1, "Cosmics25", parse_condition({">": [{"var": "ls_duration"}, 1]}), True
            ),
        ),
    )
    one = {"physics_flag": True, "dt_ready": True}
    run = a_recorded_run({1: one})
    assert (run.class_, run.is_significant, run.state) == ("Collisions25", True, "OPEN")
    classified = run.classified(configuration)
    assert (classified["class"], classified["significant"]) == ("Cosmics25", False)
    assert a_recorded_run({1: one, 2: one}).classified(configuration)["significant"] is True
    assert run.class_data(run.rr_attributes)["dt_ready"] is True


def test_that_a_rule_sees_one_lumisection_with_its_run():
    run = a_recorded_run({2: {"physics_flag": True, "dt_ready": False}})
    data = run.online_data(run.rr_attributes, 2)
    assert (data["lumisection_number"], data["dt_ready"], data["class"]) == (
        2,
        False,
        "Collisions25",
    )
    assert data["recorded_lumi_per_lumi"] is None
    assert "beams_present_and_stable" not in data


def test_that_offline_rules_see_an_open_run_as_signed_off():
    run = a_recorded_run({1: {"physics_flag": True}})
    assert run.offline_data(1)["run"]["rr"]["state"] == "SIGNOFF"
    completed = a_recorded_run({1: {"physics_flag": True}}, state="COMPLETED")
    assert completed.signed_off["state"] == "COMPLETED"
    assert completed.offline_data(1) == offline_data(
        completed.recorded_oms,
        completed.rr_attributes,
        completed.expanded.oms,
        completed.expanded.rr,
        1,
    )
    rule = {"==": [{"var": "lumisection.rr.dt-dt.status"}, "GOOD"]}
    configuration = Configuration(
        1,
        offline_components=(a_classifier(rule, "STANDBY", "muon-muon"),),
        workspaces=(Workspace("muon", online=False, columns=("muon-muon",)),),
    )
    (values,) = as_objects(run.offline_columns(configuration, ["muon-muon"]))
    assert values["muon-muon"].status == "STANDBY"
