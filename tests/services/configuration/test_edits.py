"""The configuration as people change it: what is refused, and two of them at once."""

import threading

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import UnknownVariables
from app.domain.configuration.versions import ItemChanged
from app.domain.errors import BadInput, Refused
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject, JsonValue
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.configuration.edits import add_item, delete_item, edit_item
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once


@filled_once
def registry(database: Database) -> None:
    """The small configuration with one run."""
    configure(database)
    pull.apply(Acting(database), a_run(390001, 10))


def _class(rule: JsonValue) -> JsonObject:
    return {"class": "New25", "classifier": rule, "priority": 5, "enabled": True}


def test_that_a_rule_that_reads_what_nothing_has_is_saved_only_when_insisted(registry) -> None:
    with pytest.raises(UnknownVariables, match=r'"beam1_stabel" \(did you mean "beam1_stable"'):
        add_item(Acting(registry, EXPERT), Kind.CLASS, _class({"var": "beam1_stabel"}))
    added = add_item(
        Acting(registry, EXPERT), Kind.CLASS, _class({"var": "beam1_stabel"}), insist=True
    )
    # What somebody insisted on isn't asked again, neither there nor in another rule.
    edited = edit_item(Acting(registry, EXPERT), Kind.CLASS, added, {"priority": 7})
    rule: JsonValue = {"and": [{"var": "beam1_stabel"}, {"var": "beam2_stable"}]}
    edit_item(Acting(registry, EXPERT), Kind.CLASS, edited, {"classifier": rule})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.CLASS, _class({"var": "energy"})),
        (
            Kind.COMPONENT,
            {
                "column": "dt-dt",
                "online": True,
                "status": "BAD",
                "classifier": {"and": [{"var": "dt0_ready"}, {"var": "dt_included"}]},
                "priority": 9,
                "enabled": True,
            },
        ),
        (
            Kind.COMPONENT,
            {
                "column": "dt-dt",
                "online": False,
                "status": "BAD",
                "classifier": {"==": [{"var": "lumisection.rr.csc-csc.status"}, "BAD"]},
                "priority": 9,
                "enabled": True,
            },
        ),
        (
            Kind.OFFLINE_DATASET,
            {"workspace": "dt", "classifier": {"var": "run.oms.energy"}, "enabled": True},
        ),
        (Kind.JSON_RULE, {"name": "n", "classifier": {"var": "lumisection.rr.dt-dt"}}),
    ],
)
def test_that_each_kind_of_rule_reads_its_own_names(registry, kind, values) -> None:
    add_item(Acting(registry, EXPERT), kind, values)


def test_that_the_complaint_of_a_parser_is_no_condition(registry) -> None:
    before = configuration.current(Acting(registry)).settings_id
    for rule in ("SyntaxError: Unexpected token", {"if": ["SyntaxError", True, False]}, {}):
        with pytest.raises(RuleError, match="plain value"):
            add_item(Acting(registry, EXPERT), Kind.CLASS, _class(rule), insist=True)
    with pytest.raises(BadInput, match="priority"):
        add_item(Acting(registry, EXPERT), Kind.CLASS, {**_class(True), "priority": "high"})
    assert configuration.current(Acting(registry)).settings_id == before


def test_that_such_a_complaint_in_the_tables_is_reported_and_decides_nothing(registry) -> None:
    with registry.transaction() as connection:
        connection.execute(
            text(
                'UPDATE "ClassClassifier" SET classifier ='
                ' \'{"if": ["SyntaxError: Unexpected end", true, false]}\' WHERE id = 2'
            )
        )
        connection.execute(
            text(
                'INSERT INTO "Settings" SELECT id + 1, metadata, "createdAt", "CCL_id", "CPCL_id",'
                ' "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id" FROM "Settings"'
            )
        )
    current = configuration.current(Acting(registry))
    assert [each.class_ for each in current.class_classifiers] == ["Switched off", "Collisions25"]
    (problem,) = current.problems
    assert problem.startswith("ClassClassifier 2 (Cosmics25) is left out.")


def test_that_of_two_people_who_edit_an_item_the_second_sees_both_sides(registry) -> None:
    seen = threading.Barrier(2)
    told: list[ItemChanged] = []
    made: list[int] = []

    def edit(priority: int) -> None:
        seen.wait()
        try:
            made.append(edit_item(Acting(registry, EXPERT), Kind.CLASS, 1, {"priority": priority}))
        except ItemChanged as error:
            told.append(error)

    people = [threading.Thread(target=edit, args=(priority,)) for priority in (11, 12)]
    for each in people:
        each.start()
    for each in people:
        each.join()

    (error,), (id_,) = told, made
    assert error.theirs is not None
    assert error.theirs.id == id_
    assert error.mine is not None
    mine, theirs = error.mine["priority"], error.theirs.values["priority"]
    assert {mine, theirs} == {11, 12}
    assert f"priority 2 → {theirs}" in str(error)
    in_force = [each.priority for each in configuration.current(Acting(registry)).class_classifiers]
    assert (theirs in in_force, mine in in_force) == (True, False)


def test_that_who_takes_out_what_another_changed_is_told(registry) -> None:
    edit_item(Acting(registry, EXPERT), Kind.CLASS, 1, {"enabled": False})
    with pytest.raises(ItemChanged, match="enabled yes → no"):
        delete_item(Acting(registry, EXPERT), Kind.CLASS, 1)


def test_that_nobody_takes_the_right_to_change_permissions_from_everybody(registry) -> None:
    with pytest.raises(Refused, match="Nobody could change permissions"):
        delete_item(Acting(registry, EXPERT), Kind.PERMISSION, 1)
    with pytest.raises(Refused, match="Nobody could change permissions"):
        edit_item(Acting(registry, EXPERT), Kind.PERMISSION, 1, {"routes": ["/runs"]})
    edit_item(Acting(registry, EXPERT), Kind.PERMISSION, 3, {"routes": ["/permissions"]})
    delete_item(Acting(registry, EXPERT), Kind.PERMISSION, 1)


def test_that_a_switched_off_classifier_decides_nothing_until_it_is_on(registry) -> None:
    current = configuration.current(Acting(registry))
    (off,) = (each for each in current.online_components if not each.enabled)
    assert off.id not in {each.id for each in current.online_by_column["dt-dt"]}
    edit_item(Acting(registry, EXPERT), Kind.COMPONENT, off.id, {"enabled": True})
    first = configuration.current(Acting(registry)).online_by_column["dt-dt"][0]
    assert (first.status, first.priority) == ("NOTSET", 0)


def test_that_names_near_an_unknown_one_are_given(registry) -> None:
    unknown = configuration_edits.unknown_variables(
        Acting(registry), Kind.COMPONENT, {"online": True, "classifier": {"var": "dt0_redy"}}
    )
    assert "dt0_ready" in unknown["dt0_redy"]
