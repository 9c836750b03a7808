"""A change of the configuration tried on recorded runs."""

import pytest

from app.domain.classifying.trial import StatusChange
from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, NotFound
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.sources.oms import OmsRun
from app.domain.state.grid import as_objects
from app.models.database.engine import Database
from app.models.events import rows
from app.models.events.action import Action
from app.services.acting import Acting
from app.services.certification import runs
from app.services.classifying.trials import (
    MOST,
    Draft,
    parse_runs,
    recorded_run,
    recorded_runs,
    try_draft,
)
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.services.offline_runs import PROMPT, sign_off_runs

FIRST, SECOND, COSMICS = 390001, 390002, 390003


@filled_once
def pulled(database: Database) -> None:
    """Three runs of 10 LS, the last one cosmics; in the second the DTs were off in LS 4-6."""
    configure(database)
    off: dict[int, JsonObject] = {n: {"dt0_ready": False, "prescale_index": n} for n in (4, 5, 6)}
    pull.apply(Acting(database), a_run(FIRST, 10))
    pull.apply(Acting(database), a_run(SECOND, 10, changed=off))
    pull.apply(Acting(database), a_run(COSMICS, 10, hlt_key="/cdaq/cosmics/V1"))


def _component(**changes: JsonValue) -> JsonObject:
    return {
        "column": "csc-csc",
        "online": True,
        "status": "BAD",
        "classifier": {"==": [{"var": "dt0_ready"}, False]},
        "priority": 0,
        "enabled": True,
        **changes,
    }


def test_that_a_new_rule_names_the_lumisections_that_get_another_status(pulled) -> None:
    found = try_draft(Acting(pulled), Draft(Kind.COMPONENT, None, _component()))
    assert [each.run_number for each in found.runs] == [COSMICS, SECOND, FIRST]
    (run,) = found.changed
    (column,) = run.columns
    assert (run.run_number, column.column, column.online) == (SECOND, "csc-csc", True)
    assert column.changes == (StatusChange(LumiRange(4, 6), "GOOD", "BAD"),)
    assert column.lumisections == 3
    assert found.nowhere == ()


def test_that_priority_and_switch_of_a_tried_rule_count(pulled) -> None:
    last = try_draft(Acting(pulled), Draft(Kind.COMPONENT, None, _component(priority=99)))
    off = try_draft(Acting(pulled), Draft(Kind.COMPONENT, None, _component(enabled=False)))
    # Among equal priorities a new item comes last, as it will once it is saved.
    equal = try_draft(Acting(pulled), Draft(Kind.COMPONENT, None, _component(priority=1)))
    assert (last.changed, off.changed, equal.changed) == ((), (), ())


def test_that_a_rule_taken_out_is_tried_too(pulled) -> None:
    bad = next(
        each
        for each in configuration.current(Acting(pulled)).online_components
        if (each.column, each.status) == ("dt-dt", "BAD")
    )
    found = try_draft(Acting(pulled), Draft(Kind.COMPONENT, bad.id, None), [SECOND])
    (column,) = found.changed[0].columns
    assert column.changes == (StatusChange(LumiRange(4, 6), "BAD", "NO VALUE FOUND"),)


def test_that_rules_over_numbers_and_lumisection_numbers_are_tried(pulled) -> None:
    rule: JsonValue = {
        "and": [{">=": [{"var": "lumisection_number"}, 5]}, {"<": [{"var": "prescale_index"}, 6]}]
    }
    found = try_draft(
        Acting(pulled), Draft(Kind.COMPONENT, None, _component(classifier=rule)), [SECOND]
    )
    (column,) = found.changed[0].columns
    assert column.changes == (
        StatusChange(LumiRange(5, 5), "GOOD", "BAD"),
        StatusChange(LumiRange(7, 10), "GOOD", "BAD"),
    )


def test_that_a_class_rule_names_class_and_significance_before_and_after(pulled) -> None:
    values: JsonObject = {"classifier": {"in": ["2e34", {"var": "hlt_key"}]}}
    found = {
        each.run_number: each
        for each in try_draft(Acting(pulled), Draft(Kind.CLASS, 2, values)).runs
    }
    assert found[FIRST].class_ == ("Collisions25", "Cosmics25")
    assert found[FIRST].significant == (True, False)
    assert found[COSMICS].class_ == ("Cosmics25", "Collisions25")
    assert found[COSMICS].significant == (False, True)


def test_that_a_column_whose_rule_reads_the_class_changes_with_it(pulled) -> None:
    of_class = _component(classifier={"==": [{"var": "class"}, "Special25"]})
    configuration_edits.add_item(Acting(pulled, EXPERT), Kind.COMPONENT, of_class)
    for significant in ("Special25",):
        values: JsonObject = {"class": significant, "classifier": True, "enabled": True}
        configuration_edits.add_item(Acting(pulled, EXPERT), Kind.DATASET, values)
    special: JsonObject = {
        "class": "Special25",
        "classifier": {"==": [{"var": "run_number"}, FIRST]},
        "priority": 0,
        "enabled": True,
    }
    (run,) = try_draft(Acting(pulled), Draft(Kind.CLASS, None, special)).changed
    assert (run.run_number, run.class_) == (FIRST, ("Collisions25", "Special25"))
    (column,) = run.columns
    assert column.changes == (StatusChange(LumiRange(1, 10), "GOOD", "BAD"),)


def test_that_a_rule_of_significance_is_tried_with_what_people_said(pulled) -> None:
    runs.edit_attribute(Acting(pulled, EXPERT), SECOND, "significant", True)
    values: JsonObject = {"classifier": {">=": [{"var": "ls_duration"}, 50]}}
    changed = try_draft(Acting(pulled), Draft(Kind.DATASET, 1, values)).changed
    assert [(each.run_number, each.significant, each.by_hand) for each in changed] == [
        (SECOND, (True, False), ("significant",)),
        (FIRST, (True, False), ()),
    ]


def test_that_offline_columns_datasets_and_accepted_names_are_tried(database: Database) -> None:
    sign_off_runs(database, FIRST)
    offline = _component(
        column="jetmet-jetmet",
        online=False,
        classifier={"==": [{"var": "lumisection.rr.dt-dt.status"}, "GOOD"]},
    )
    (run,) = try_draft(Acting(database), Draft(Kind.COMPONENT, None, offline)).changed
    (column,) = run.columns
    assert (column.column, column.online) == ("jetmet-jetmet", False)
    assert column.changes == (StatusChange(LumiRange(1, 10), "NO VALUE FOUND", "BAD"),)

    matters: JsonObject = {
        "workspace": "dt",
        "classifier": {"in": ["Prompt", {"var": "name"}]},
        "enabled": True,
    }
    (run,) = try_draft(Acting(database), Draft(Kind.OFFLINE_DATASET, None, matters)).changed
    assert {(each.dataset, each.workspace, each.after) for each in run.datasets} == {
        (PROMPT, "dt", "OPEN"),
        ("/Express/Collisions2025/DQM", "dt", "not significant for workspace"),
    }

    (run,) = try_draft(
        Acting(database), Draft(Kind.DATASETS_ACCEPTED, 1, {"enabled": False})
    ).changed
    assert (run.gained, run.lost) == ((), (PROMPT,))


def test_that_variables_that_no_run_has_are_named(pulled) -> None:
    rule: JsonValue = {"or": [{"var": "nothing"}, {"var": "energy"}, {"var": "dt0_ready"}]}
    for kind, values in (
        (Kind.COMPONENT, _component(classifier=rule)),
        (Kind.CLASS, {"class": "N", "classifier": rule, "priority": 9, "enabled": True}),
    ):
        assert try_draft(Acting(pulled), Draft(kind, None, values)).nowhere == ("nothing",)


def test_that_a_rule_that_cannot_be_computed_is_told_run_by_run(pulled) -> None:
    rule: JsonValue = {"in": [1, {"*": [{"substr": [{"var": "energy"}, 0]}]}]}
    odd: JsonValue = {"reduce": [[{"var": "toString"}], {"+": []}, 0]}
    for each in (rule, odd):
        found = try_draft(Acting(pulled), Draft(Kind.COMPONENT, None, _component(classifier=each)))
        assert all(run.problem or not run.changes for run in found.runs)


def test_that_nothing_that_could_not_be_saved_is_tried(pulled) -> None:
    with pytest.raises(RuleError, match="like"):
        try_draft(Acting(pulled), Draft(Kind.CLASS, 1, {"classifier": {"like": []}}))
    with pytest.raises(BadInput, match="can't be tried"):
        try_draft(Acting(pulled), Draft(Kind.PERMISSION, 1, {"routes": [".*"]}))
    with pytest.raises(NotFound, match="Run 5 is not"):
        try_draft(Acting(pulled), Draft(Kind.CLASS, 1, {"enabled": False}), [5])
    stopped = Progress(is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        try_draft(Acting(pulled), Draft(Kind.CLASS, 1, {"enabled": False}), progress=stopped)


def test_that_a_recorded_run_is_classified_just_as_a_refresh_does(pulled) -> None:
    holes = a_run(390004, 12, changed={3: {"dt0_ready": None, "cms_active": None}})
    given = (*holes.lumisections[:5], *holes.lumisections[8:])
    pull.apply(Acting(pulled), OmsRun(holes.attributes, given))
    covered = BitEdit(390004, "online", "cscm_ready", (LumiRange(5, 8),), False)
    lumisections.edit_bits(Acting(pulled, EXPERT), [covered], comment="over a hole")
    current = configuration.current(Acting(pulled))
    for run in recorded_runs(Acting(pulled), [FIRST, SECOND, COSMICS, 390004]):
        with pulled.read() as connection:
            action = Action(connection, pulled.desk)
            row = rows.get_run(connection, run.run_number)
            expected = pull.compute(
                current,
                runs.recorded_oms_run(action, row),
                previous=row.rr_attributes,
                as_significant=row.rr_attributes["significant"] is True,
            )
        rr = run.classified(current)
        assert rr == expected.rr_attributes
        assert run.oms_attributes == expected.oms_attributes
        if rr["significant"]:
            grid = run.online_columns(current, rr, current.online_columns)
            assert as_objects(grid) == as_objects(expected.rr)
    assert recorded_run(Acting(pulled), FIRST).run_number == FIRST


def test_that_runs_are_typed_as_numbers_and_ranges_but_not_too_many():
    assert parse_runs("355100-355102, 355105") == (355100, 355101, 355102, 355105)
    with pytest.raises(BadInput, match=f"more than {MOST} runs"):
        parse_runs(f"1-{MOST + 1}")
    with pytest.raises(BadInput):
        parse_runs("soon")
