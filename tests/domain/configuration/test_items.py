"""Items of the configuration: their names, their rules, and a configuration that has one more."""

import pytest

from app.domain.configuration import items
from app.domain.configuration.in_force import (
    ClassClassifier,
    Configuration,
    DatasetAccepted,
    Kind,
    parse_condition,
)
from app.domain.configuration.items import TRIED, UnknownVariables
from app.domain.errors import BadInput
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject

BIT: JsonObject = {"==": [{"var": "dt_ready"}, True]}
STORED = items.as_stored(BIT)
VALUES: dict[Kind, JsonObject] = {
    Kind.CLASS: {"class": "C25", "classifier": STORED, "priority": 3, "enabled": True},
    Kind.DATASET: {"class": "C25", "classifier": STORED, "enabled": False},
    Kind.OFFLINE_DATASET: {"workspace": "muon", "classifier": STORED, "enabled": True},
    Kind.JSON_RULE: {"name": "golden", "classifier": BIT},
    Kind.DATASETS_ACCEPTED: {
        "name": "/A",
        "regexp": "x",
        "class": "C25",
        "run_from": None,
        "run_to": 9,
        "enabled": True,
    },
    Kind.COMPONENT: {
        "column": "dt-dt",
        "online": True,
        "status": "GOOD",
        "classifier": STORED,
        "priority": 1,
        "enabled": True,
    },
}
EMPTY = Configuration(1)


def in_list(configuration: Configuration, kind: Kind) -> tuple:
    return {
        Kind.CLASS: configuration.class_classifiers,
        Kind.DATASET: configuration.dataset_classifiers,
        Kind.OFFLINE_DATASET: configuration.offline_dataset_classifiers,
        Kind.JSON_RULE: configuration.json_rules,
        Kind.DATASETS_ACCEPTED: configuration.datasets_accepted,
        Kind.COMPONENT: configuration.online_components,
    }[kind]


@pytest.mark.parametrize("kind", VALUES)
def test_that_an_item_is_tried_after_all_others_and_taken_out_again(kind: Kind) -> None:
    tried = items.with_item(EMPTY, kind, None, VALUES[kind])
    (item,) = in_list(tried, kind)
    assert item.id == TRIED
    assert items.with_item(tried, kind, TRIED, None) == EMPTY


def test_that_an_edited_item_stands_instead_of_the_one_it_was() -> None:
    before = Configuration(
        1,
        class_classifiers=(
            ClassClassifier(4, "Old", parse_condition(True), 9, enabled=True),
            ClassClassifier(5, "Other", parse_condition(True), 1, enabled=True),
        ),
    )
    after = items.with_item(before, Kind.CLASS, 4, VALUES[Kind.CLASS])
    assert [
        (each.id, each.class_, each.priority, each.enabled) for each in after.class_classifiers
    ] == [
        (5, "Other", 1, True),
        (TRIED, "C25", 3, True),
    ]
    assert after.class_classifiers[1].rule.source == STORED


def test_that_a_component_classifier_may_change_sides() -> None:
    online = items.with_item(EMPTY, Kind.COMPONENT, None, VALUES[Kind.COMPONENT])
    offline = items.with_item(
        online, Kind.COMPONENT, TRIED, {**VALUES[Kind.COMPONENT], "online": False}
    )
    assert online.offline_components == ()
    assert (offline.online_components, len(offline.offline_components)) == ((), 1)


def test_that_run_ranges_of_accepted_datasets_are_kept() -> None:
    values = {**VALUES[Kind.DATASETS_ACCEPTED], "run_from": 5}
    (entry,) = items.with_item(EMPTY, Kind.DATASETS_ACCEPTED, None, values).datasets_accepted
    assert entry == DatasetAccepted(TRIED, "/A", "x", "C25", 5, 9, enabled=True)


def test_that_permissions_decide_nothing_that_can_be_tried() -> None:
    with pytest.raises(ValueError, match="permissions"):
        items.with_item(EMPTY, Kind.PERMISSION, None, {})


@pytest.mark.parametrize(
    ("kind", "title", "key"),
    [
        (Kind.CLASS, "C25", ("C25",)),
        (Kind.OFFLINE_DATASET, "muon", ("muon",)),
        (Kind.JSON_RULE, "golden", ("golden",)),
        (Kind.DATASETS_ACCEPTED, "/A for C25", ("/A", "C25")),
        (Kind.COMPONENT, "dt-dt GOOD (online)", ("dt-dt", True, "GOOD")),
    ],
)
def test_that_an_item_has_a_title_and_a_name_that_stays(kind: Kind, title: str, key: tuple) -> None:
    assert items.title_of(kind, VALUES[kind]) == title
    assert items.key_of(kind, VALUES[kind]) == key
    assert set(items.fields_of(kind)) == VALUES[kind].keys()


def test_that_the_rules_of_a_kind_are_those_in_force() -> None:
    configuration = EMPTY
    for kind, values in VALUES.items():
        configuration = items.with_item(configuration, kind, None, values)
    for kind in (Kind.CLASS, Kind.DATASET, Kind.OFFLINE_DATASET, Kind.COMPONENT):
        (rule,) = items.rules_of(configuration, kind, online=True)
        assert rule.source == STORED
    (rule,) = items.rules_of(configuration, Kind.JSON_RULE, online=True)
    assert rule.source == BIT
    assert items.rules_of(configuration, Kind.COMPONENT, online=False) == ()
    assert items.rules_of(configuration, Kind.PERMISSION, online=True) == ()


def test_that_variables_are_those_of_the_conditions() -> None:
    rule: JsonObject = {"and": [BIT, {"<": [{"var": "run.oms.energy"}, 7000]}]}
    assert items.variables_of(parse_condition(items.as_stored(rule))) == {
        "dt_ready",
        "run.oms.energy",
    }
    assert items.rule_in(VALUES[Kind.JSON_RULE]).source == BIT


def test_that_a_complaint_stored_as_a_condition_is_no_rule() -> None:
    assert items.parse_stored(STORED).source == STORED
    with pytest.raises(RuleError, match="a plain value, not a condition"):
        items.parse_stored({"if": ["Unexpected token", True, False]})


def test_that_unknown_variables_are_named_with_what_may_be_meant() -> None:
    assert str(UnknownVariables({"dt_redy": ["dt_ready", "rpc_ready"], "x": []})) == (
        'The rule reads unknown variables: "dt_redy" (did you mean "dt_ready" or "rpc_ready"?);'
        ' "x". Insist to save it anyway.'
    )


def test_that_routes_are_a_list_or_a_single_one() -> None:
    assert items.routes_of({"routes": ["/a", 3, "/b"]}) == ("/a", "/b")
    assert items.routes_of({"routes": "/a"}) == ("/a",)
    permission: JsonObject = {"egroup": "experts", "routes": ["/runs/.*"]}
    assert items.check_item(EMPTY, Kind.PERMISSION, permission) == permission


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        (Kind.CLASS, {"class": "x" * 256}, '"class" is longer than 255 characters'),
        (Kind.CLASS, {"enabled": 1}, '"enabled" must be true or false'),
        (Kind.DATASETS_ACCEPTED, {"regexp": 3}, '"regexp" must be a text'),
    ],
)
def test_that_values_of_another_type_are_refused(
    kind: Kind, changed: JsonObject, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        items.check_item(EMPTY, kind, {**VALUES[kind], **changed})


def test_that_routes_that_are_no_texts_are_refused() -> None:
    with pytest.raises(BadInput, match='"routes" must hold texts only'):
        items.check_item(EMPTY, Kind.PERMISSION, {"egroup": "experts", "routes": [3]})


def test_that_a_rule_of_a_golden_json_has_its_name() -> None:
    (rule,) = items.with_item(EMPTY, Kind.JSON_RULE, None, VALUES[Kind.JSON_RULE]).json_rules
    assert (rule.id, rule.name, rule.rule.source) == (TRIED, "golden", BIT)
