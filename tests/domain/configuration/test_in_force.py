"""The configuration as the rules see it: look-ups, and what may be written into it."""

import pytest

from app.domain.configuration.in_force import (
    CERTIFIABLE_OFFLINE_COLUMNS,
    CERTIFIABLE_ONLINE_COLUMNS,
    ClassClassifier,
    ComponentClassifier,
    Configuration,
    DatasetAccepted,
    JsonRule,
    Kind,
    Workspace,
    parse_condition,
)
from app.domain.configuration.items import as_stored, check_item
from app.domain.errors import BadInput, NotFound
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject, JsonValue

ALWAYS = parse_condition(True)


def _accepted(
    id_: int, name: str, first: int | None, last: int, **others: object
) -> DatasetAccepted:
    values: dict[str, object] = {"regexp": "", "class_": "Collisions25", "enabled": True, **others}
    return DatasetAccepted(id=id_, name=name, run_from=first, run_to=last, **values)  # type: ignore[arg-type]


def _component(id_: int, priority: int, *, enabled: bool = True) -> ComponentClassifier:
    return ComponentClassifier(id_, "dt-dt", "GOOD", ALWAYS, priority, enabled)


CONFIGURATION = Configuration(
    settings_id=1,
    class_classifiers=tuple(
        ClassClassifier(id_, "C25", ALWAYS, priority, enabled=True)
        for id_, priority in ((1, 2), (3, 1), (2, 1))
    ),
    online_components=(_component(1, 2), _component(2, 1), _component(3, 0, enabled=False)),
    datasets_accepted=(
        _accepted(1, "/A", 10, 20),
        _accepted(2, "/B", None, 15),
        _accepted(3, "/A", 15, 30),
        _accepted(4, "/off", 1, 99, enabled=False),
        _accepted(5, "/other", 1, 99, class_="Cosmics25"),
    ),
    json_rules=(JsonRule(4, "golden", ALWAYS, None), JsonRule(9, "golden", ALWAYS, None)),
    workspaces=(
        Workspace("tracker", online=False, columns=("tracker-pixel", "tracker-track")),
        Workspace("dt", online=False, columns=("dt-dt",)),
        Workspace("dt", online=True, columns=("dt-dt",)),
    ),
)


def test_that_classifiers_come_by_priority_then_id() -> None:
    assert [each.id for each in CONFIGURATION.class_classifiers] == [2, 3, 1]
    assert [each.id for each in CONFIGURATION.online_by_column["dt-dt"]] == [2, 1]


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (9, ["/B"]),
        (10, ["/A", "/B"]),
        (15, ["/A", "/B"]),
        (16, ["/A"]),
        (30, ["/A"]),
        (31, []),
    ],
)
def test_that_accepted_datasets_go_by_class_range_and_switch(run: int, names: list[str]) -> None:
    assert [each.name for each in CONFIGURATION.accepted("Collisions25", run)] == names


def test_that_columns_and_workspaces_are_found() -> None:
    assert CONFIGURATION.offline_columns == ("dt-dt", "tracker-pixel", "tracker-track")
    assert CONFIGURATION.online_columns == ("dt-dt",)
    assert CONFIGURATION.offline_workspaces == ("dt", "tracker")
    assert CONFIGURATION.columns_of("dt", online=True) == ("dt-dt",)
    assert CONFIGURATION.workspace_of("tracker-track", online=False) == "tracker"
    with pytest.raises(NotFound, match='no online workspace "tracker"'):
        CONFIGURATION.columns_of("tracker", online=True)
    with pytest.raises(NotFound, match='No online workspace has a column "tracker-track"'):
        CONFIGURATION.workspace_of("tracker-track", online=True)


def test_that_the_newest_rule_of_a_name_is_meant() -> None:
    assert CONFIGURATION.json_rule("golden").id == 9
    with pytest.raises(NotFound, match='no JSON configuration "silver"'):
        CONFIGURATION.json_rule("silver")


def test_that_certifiable_columns_are_named_once() -> None:
    assert len(set(CERTIFIABLE_OFFLINE_COLUMNS)) == len(CERTIFIABLE_OFFLINE_COLUMNS) == 24


@pytest.mark.parametrize("rule", [{}, "true", 1, None, [], {"and": [True], "or": [True]}])
def test_that_a_plain_value_is_no_condition(rule: JsonValue) -> None:
    with pytest.raises(RuleError, match="plain value"):
        parse_condition(rule)


def test_that_a_condition_is_stored_as_the_web_service_has_it() -> None:
    stored = {"if": [{"var": "x"}, True, False]}
    assert as_stored({"var": "x"}) == stored
    assert as_stored(stored) == stored
    other: JsonValue = {"if": [{"var": "x"}, False, True]}
    assert as_stored(other) == {"if": [other, True, False]}


_CLASS: JsonObject = {"class": "C25", "classifier": {"var": "x"}, "priority": 1, "enabled": True}
_COMPONENT: JsonObject = {
    "column": "dt-dt",
    "online": True,
    "status": "GOOD",
    "classifier": {"var": "x"},
    "priority": 1,
    "enabled": True,
}
_ACCEPTED: JsonObject = {
    "name": "/A",
    "regexp": "x\ny",
    "enabled": True,
    "class": "C25",
    "run_from": None,
    "run_to": 5,
}


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (Kind.CLASS, {**_CLASS, "classifier": {"like": []}}, '"like" is not an operator'),
        (Kind.CLASS, {**_CLASS, "priority": True}, '"priority" must be a whole number'),
        (Kind.CLASS, {**_CLASS, "class": " "}, '"class" must be a text'),
        (Kind.CLASS, {**_CLASS, "colour": 1}, '"colour" is unknown'),
        (Kind.CLASS, {"class": "C25"}, '"classifier" is missing'),
        (Kind.COMPONENT, {**_COMPONENT, "status": "FINE"}, '"status" must be one of GOOD'),
        (Kind.COMPONENT, {**_COMPONENT, "column": "rpc-rpc"}, "No online workspace"),
        (
            Kind.OFFLINE_DATASET,
            {"workspace": "rpc", "classifier": True, "enabled": True},
            "no offline workspace",
        ),
        (
            Kind.DATASETS_ACCEPTED,
            {**_ACCEPTED, "regexp": "x\n("},
            r'"\(" can.t be read as a regular',
        ),
        (Kind.DATASETS_ACCEPTED, {**_ACCEPTED, "run_from": 6}, "first run 6 is greater"),
        (
            Kind.PERMISSION,
            {"egroup": "a", "routes": ["("]},
            "can.t be read as a regular expression",
        ),
        (Kind.PERMISSION, {"egroup": "a", "routes": ["a{99999999999}"]}, "more than 1000 times"),
        (Kind.DATASETS_ACCEPTED, {**_ACCEPTED, "regexp": "x\n(?=y)"}, "perl operator"),
        (Kind.PERMISSION, {"egroup": "a", "routes": []}, "must be a list"),
    ],
)
def test_that_faulty_values_are_refused_by_name(kind: Kind, values: JsonObject, said: str) -> None:
    with pytest.raises((BadInput, RuleError, NotFound), match=said):
        check_item(CONFIGURATION, kind, values)


def test_that_good_values_are_taken() -> None:
    assert check_item(CONFIGURATION, Kind.CLASS, _CLASS)["classifier"] == as_stored({"var": "x"})
    assert check_item(CONFIGURATION, Kind.COMPONENT, _COMPONENT)["column"] == "dt-dt"
    assert check_item(CONFIGURATION, Kind.DATASETS_ACCEPTED, _ACCEPTED) == _ACCEPTED
    rule: JsonObject = {"name": "mine", "classifier": {"var": "x"}}
    assert check_item(CONFIGURATION, Kind.JSON_RULE, rule) == rule
    everywhere: JsonObject = {"workspace": "global", "classifier": True, "enabled": True}
    assert check_item(CONFIGURATION, Kind.OFFLINE_DATASET, everywhere)["workspace"] == "global"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GO\0OD", "the text holds the character U\\+0000, which the database can't hold"),
        ("\ud800", "the text holds half a character, U\\+D800"),
        (1e400, "the number is too large to compute"),
    ],
)
def test_that_a_rule_which_can_t_be_stored_is_refused_with_its_place(text, said):
    rule = {"and": [True, {"==": [{"var": "dataset.name"}, text]}]}
    where = 'Argument 2 of "and", argument 2 of "=="'
    with pytest.raises(RuleError, match=f"^{where}: {said}"):
        parse_condition(rule)


def test_that_nobody_waits_for_a_retired_column() -> None:
    retired = (
        Workspace("gem", online=True, columns=("gem-gem",)),
        Workspace("dt", online=False, columns=("dt-dt",)),
    )
    columns = Configuration(1, retired=retired).certifiable_online_columns
    assert {*CERTIFIABLE_ONLINE_COLUMNS} - {*columns} == {"gem-gem"}
