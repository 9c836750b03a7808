"""The classifiers give what evaluating every rule in every lumisection gives."""

import random

import pytest

from app.domain.classifying import classification
from app.domain.classifying.classification import classify_offline, classify_online
from app.domain.configuration.in_force import (
    ClassClassifier,
    ComponentClassifier,
    Configuration,
    DatasetClassifier,
    Workspace,
)
from app.domain.errors import BadInput
from app.domain.json_logic import parse
from app.domain.sources.oms import kept
from app.domain.state.grid import Grid, grid_of_objects
from app.domain.triplets import EMPTY_TRIPLET, NO_VALUE_FOUND, Triplet
from tests.builders import a_lumisection
from tests.domain.classifying.plain import in_plain, plain_offline, plain_online

# --- a configuration made of rules ----------------------------------------------------------------


def component(id_: int, column: str, status: str, rule, priority: int = 1, *, enabled: bool = True):
    return ComponentClassifier(id_, column, status, parse(rule), priority, enabled)


RULES = [
    {"==": [{"var": "a"}, True]},
    {"==": [{"var": "b"}, None]},
    {"!": [{"var": "c"}]},
    {"and": [{"var": "a"}, {"==": [{"var": "b"}, 1]}]},
    {"or": [{"<": [{"var": "n"}, 3]}, {"var": "run_only"}]},
    {"missing": ["a", "c"]},
    {"==": [{"var": "deep.inner"}, 2]},
    {"var": {"var": "name_of"}},
    {"in": ["ell", {"var": "text"}]},
    {"==": [{"var": "beams_present_and_stable"}, True]},
    True,
    False,
]
VALUES = [True, False, None, 0, 1, 1.0, 2, "1", "hello", "", [1], {"inner": 2}]


@pytest.mark.parametrize("seed", range(25))
def test_that_online_statuses_are_those_of_every_rule_in_every_lumisection(seed: int):
    chance = random.Random(seed)
    classifiers = tuple(
        component(
            number,
            chance.choice(["dt-dt", "csc-csc", "hcal-hcal"]),
            chance.choice(["GOOD", "BAD", "EXCLUDED"]),
            chance.choice(RULES[:7] if seed % 2 else RULES),
            chance.randint(1, 3),
            enabled=chance.random() < 0.8,
        )
        for number in range(8)
    )
    configuration = Configuration(1, online_components=classifiers)
    names = ["a", "b", "c", "n", "deep", "text", "name_of"]
    run = {name: chance.choice(VALUES) for name in chance.sample(names, 3)}
    run |= {"run_only": chance.random() < 0.5, "beams_present_and_stable": True}
    numbers = sorted(chance.sample(range(1, 40), 20))
    lumisections = [
        {
            "lumisection_number": number,
            **{name: chance.choice(VALUES) for name in chance.sample(names, chance.randint(0, 5))},
        }
        for number in numbers
    ]
    ours = classify_online(configuration, run, {"class": "x"}, lumisections)
    expected = plain_online(configuration, run, {"class": "x"}, lumisections)
    assert in_plain(ours) == expected


@pytest.mark.parametrize("seed", range(25))
def test_that_offline_statuses_are_those_of_every_rule_in_every_lumisection(seed: int):
    chance = random.Random(seed)
    rules = [
        {"==": [{"var": "lumisection.rr.dt-dt.status"}, "GOOD"]},
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"!=": [{"var": "lumisection.rr.csc-csc.comment"}, ""]},
        {"var": "lumisection.oms.a"},
        {"==": [{"var": "lumisection.oms.b"}, None]},
        {"==": [{"var": "run.rr.class"}, "Collisions22"]},
        {"in": ["x", {"var": "run.oms.components"}]},
        {"var": "lumisection.oms"},
        {"var": "lumisection"},
        {"var": {"cat": ["lumisection.oms.", {"var": "run.oms.bit"}]}},
    ]
    columns = ("btag-btag", "csc-csc", "dt-dt", "tau-tau")
    configuration = Configuration(
        1,
        offline_components=tuple(
            component(
                number,
                chance.choice(columns[:3]),
                chance.choice(["GOOD", "BAD"]),
                chance.choice(rules[:-1] if seed % 2 else rules),
                chance.randint(1, 3),
                enabled=chance.random() < 0.8,
            )
            for number in range(8)
        ),
        workspaces=(Workspace("dt", online=False, columns=columns),),
    )
    triplets = [Triplet("GOOD"), Triplet("BAD", "hv"), EMPTY_TRIPLET]
    rr = grid_of_objects(
        {
            n: {c: chance.choice(triplets) for c in chance.sample(["dt-dt", "csc-csc"], 1)}
            for n in sorted(chance.sample(range(1, 25), 15))
        }
    )
    oms = grid_of_objects(
        {
            n: {c: chance.choice(VALUES) for c in chance.sample(["a", "b", "c"], 2)}
            for n in sorted(chance.sample(range(1, chance.choice([15, 40])), 12))
        }
    )
    run = {"components": ["x"], "bit": "a"}
    attributes = {"class": chance.choice(["Collisions22", "Cosmics22"])}
    ours = classify_offline(configuration, run, attributes, oms, rr)
    assert in_plain(ours) == plain_offline(configuration, run, attributes, oms, rr)


def test_that_a_rule_is_evaluated_once_per_combination_of_what_it_reads():
    rule = parse({"==": [{"var": "a"}, True]})
    evaluated = []
    evaluate = rule.holds

    def counted(data):
        evaluated.append(data)
        return evaluate(data)

    rule.holds = counted
    configuration = Configuration(
        1,
        online_components=(ComponentClassifier(1, "dt-dt", "GOOD", rule, 1, enabled=True),),
        offline_components=(ComponentClassifier(2, "dt-dt", "GOOD", rule, 1, enabled=True),),
        workspaces=(Workspace("dt", online=False, columns=("dt-dt",)),),
    )
    lumisections = [
        {"lumisection_number": n, "a": n % 3 == 0, "recorded": n / 7} for n in range(1, 2001)
    ]
    classify_online(configuration, {}, {}, lumisections)
    assert len(evaluated) == 2
    evaluated.clear()
    grid = grid_of_objects({each["lumisection_number"]: each for each in lumisections})
    rr = grid_of_objects({n: {"dt-dt": Triplet("GOOD")} for n in range(1, 2001)})
    classify_offline(configuration, {}, {}, grid, rr)
    assert len(evaluated) == 1


def test_that_only_what_the_rules_read_makes_states_of_lumisections_differ(monkeypatch):
    """Luminosity differs in every lumisection; a rule that doesn't read it must not notice."""
    seen = []
    statuses = classification._statuses

    def noted(by_column, rows_of, codes, *others):
        seen.append(codes.shape)
        return statuses(by_column, rows_of, codes, *others)

    monkeypatch.setattr(classification, "_statuses", noted)
    rule = {"and": [{"var": "lumisection.oms.a"}, {"var": "lumisection.rr.dt-dt.status"}]}
    configuration = Configuration(
        1,
        offline_components=(component(1, "dt-dt", "GOOD", rule),),
        online_components=(component(2, "dt-dt", "GOOD", {"and": [{"var": "a"}, True]}),),
        workspaces=(Workspace("dt", online=False, columns=("dt-dt",)),),
    )
    objects = {n: {"a": True, "ab": 1, "recorded": n / 7} for n in range(1, 9)}
    rr = grid_of_objects({n: {"dt-dt": Triplet("GOOD"), "x-y": Triplet("")} for n in range(1, 9)})
    classify_offline(configuration, {}, {}, grid_of_objects(objects), rr)
    lumisections = [{"lumisection_number": n, **each} for n, each in objects.items()]
    classify_online(configuration, {}, {}, lumisections)
    assert seen == [(2, 8), (1, 8)]


def test_that_a_part_of_an_attribute_can_be_read():
    rule = {"==": [{"var": "deep.inner"}, 2]}
    below = {"==": [{"var": "lumisection.oms.deep.inner"}, 2]}
    configuration = Configuration(
        1,
        online_components=(component(1, "dt-dt", "GOOD", rule),),
        offline_components=(component(2, "dt-dt", "GOOD", below),),
        workspaces=(Workspace("dt", online=False, columns=("dt-dt",)),),
    )
    objects = {n: {"deep": {"inner": n}} for n in range(1, 4)}
    lumisections = [{"lumisection_number": n, **each} for n, each in objects.items()]
    rr = grid_of_objects({n: {"dt-dt": Triplet("BAD")} for n in objects})
    for grid in (
        classify_online(configuration, {}, {}, lumisections),
        classify_offline(configuration, {}, {}, grid_of_objects(objects), rr),
    ):
        statuses = [each["dt-dt"] for each in in_plain(grid).values()]
        assert statuses == [NO_VALUE_FOUND, "GOOD", NO_VALUE_FOUND]


# --- class and significance -----------------------------------------------------------------------


def test_that_the_matching_class_of_smallest_priority_wins_and_switched_off_ones_are_ignored():
    def called(id_, class_, rule, priority, enabled=True):
        return ClassClassifier(id_, class_, parse(rule), priority, enabled)

    configuration = Configuration(
        1,
        class_classifiers=(
            called(1, "late", True, 5),
            called(2, "first", {"var": "a"}, 2),
            called(3, "off", True, 1, enabled=False),
            called(4, "same priority", {"var": "a"}, 2),
        ),
    )
    assert classification.run_class(configuration, {"a": True}) == "first"
    assert classification.run_class(configuration, {"a": False}) == "late"
    assert classification.run_class(Configuration(1), {"a": True}) == ""


def test_that_significance_is_decided_by_the_classifiers_of_the_class():
    configuration = Configuration(
        1,
        dataset_classifiers=(
            DatasetClassifier(1, "one", parse({"var": "a"}), enabled=True),
            DatasetClassifier(2, "one", parse({"var": "b"}), enabled=True),
            DatasetClassifier(3, "two", parse(True), enabled=False),
        ),
    )
    judged = classification.is_significant
    assert judged(configuration, "one", {"a": False, "b": True})
    assert not judged(configuration, "one", {"a": False, "b": False})
    assert not judged(configuration, "two", {"a": True})
    assert not judged(configuration, "", {"a": True})


def test_that_a_rule_that_cannot_be_evaluated_names_its_classifier():
    # json-logic-js throws where the names are null.
    rule = {"missing_some": [1, {"var": "a"}]}
    faulty = ClassClassifier(7, "x", parse(rule), 1, enabled=True)
    configuration = Configuration(
        1,
        class_classifiers=(faulty,),
        online_components=(component(8, "dt-dt", "GOOD", rule),),
    )
    with pytest.raises(BadInput, match=r"class classifier 7 .*missing_some"):
        classification.run_class(configuration, {"a": None})
    with pytest.raises(BadInput, match="component classifier 8 "):
        classify_online(configuration, {}, {}, [{"lumisection_number": 1, "a": None}])


def test_that_attributes_that_are_not_kept_are_seen_by_the_classifiers_all_the_same():
    rule = {">": [{"var": "pileup"}, 50]}
    configuration = Configuration(1, online_components=(component(1, "dt-dt", "GOOD", rule),))
    lumisections = [a_lumisection(n, pileup=48 + n) for n in range(1, 5)]
    assert "pileup" not in kept(lumisections[0])
    statuses = in_plain(classify_online(configuration, {}, {}, lumisections))
    assert [each["dt-dt"] for each in statuses.values()] == [
        NO_VALUE_FOUND,
        NO_VALUE_FOUND,
        "GOOD",
        "GOOD",
    ]


def test_that_a_run_without_lumisections_has_no_columns():
    always = ComponentClassifier(1, "dt-dt", "GOOD", parse(True), 1, enabled=True)
    configuration = Configuration(
        1,
        online_components=(always,),
        offline_components=(always,),
        workspaces=(Workspace("dt", online=False, columns=("dt-dt",)),),
    )
    assert classify_online(configuration, {}, {}, []).length == 0
    assert classify_offline(configuration, {}, {}, Grid.empty(), Grid.empty()).length == 0
