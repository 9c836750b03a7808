"""The configuration as people change it, and the one that is shipped."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from app import assets
from app.demo.season import DemoSeason
from app.demo.simulated_oms import SimulatedOms
from app.domain.classifying import classification
from app.domain.configuration.in_force import (
    CERTIFIABLE_OFFLINE_COLUMNS,
    CERTIFIABLE_ONLINE_COLUMNS,
    Configuration,
    Kind,
    parse_condition,
)
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import ranges_of_numbers
from app.domain.sources.oms import (
    OmsRun,
    oms_run,
    reduced_lumisection_attributes,
    run_oms_attributes,
)
from app.domain.state.grid import Grid
from app.domain.triplets import NO_VALUE_FOUND, Triplet
from app.models import configuration as model
from app.models.database.engine import Database
from app.models.schemas import shared_schema as schema
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.configuration import versions as configuration_versions
from app.services.configuration import workspaces
from app.services.pulling import runs as pull
from tests.conftest import TestServer, filled_once

EXPERT = Actor("expert@example.org", frozenset({EXPERTS}))
PERSON = Actor("person@example.org")
DATA_CERTIFICATION = Actor("dc@example.org", frozenset({"cms-dqm-runregistry-data-certification"}))


@filled_once
def installed(database: Database) -> None:
    """A database with the shipped configuration."""
    assert configuration.install_default(Acting(database))


def _class_values(class_: str) -> JsonObject:
    return {"class": class_, "classifier": {"var": "energy"}, "priority": 1, "enabled": True}


# --- editing --------------------------------------------------------------------------------------


def test_that_the_configuration_is_read_anew_only_after_a_change(installed: Database) -> None:
    before = configuration.current(Acting(installed))
    assert configuration.current(Acting(installed)) is before
    new = configuration_edits.add_item(
        Acting(installed, EXPERT), Kind.CLASS, _class_values("Special25")
    )
    after = configuration.current(Acting(installed))
    (added,) = (each for each in after.class_classifiers if each.id == new)
    assert added.class_ == "Special25"
    assert len(after.class_classifiers) == len(before.class_classifiers) + 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.CLASS, _class_values("Special25")),
        (Kind.DATASET, {"class": "Special25", "classifier": {"var": "x"}, "enabled": True}),
        (
            Kind.COMPONENT,
            {
                "column": "tracker-track",
                "online": False,
                "status": "BAD",
                "classifier": {"var": "x"},
                "priority": 1,
                "enabled": True,
            },
        ),
        (
            Kind.OFFLINE_DATASET,
            {"workspace": "dt", "classifier": {"var": "x"}, "enabled": False},
        ),
        (
            Kind.DATASETS_ACCEPTED,
            {
                "name": "/Z",
                "regexp": "z",
                "enabled": True,
                "class": "Z25",
                "run_from": 1,
                "run_to": 2,
            },
        ),
        (Kind.PERMISSION, {"egroup": "z", "routes": ["/z"]}),
        (Kind.JSON_RULE, {"name": "z", "classifier": {"var": "x"}}),
    ],
)
def test_that_every_kind_of_item_is_added_edited_and_deleted(
    installed: Database, kind: Kind, values: JsonObject
) -> None:
    before = configuration.current(Acting(installed))
    added = configuration_edits.add_item(Acting(installed, EXPERT), kind, values, insist=True)
    edited = configuration_edits.edit_item(Acting(installed, EXPERT), kind, added, values)
    assert edited > added
    with pytest.raises(
        Conflict, match=r"was changed meanwhile: expert@example\.org saved it again"
    ):
        configuration_edits.edit_item(Acting(installed, EXPERT), kind, added, values)
    configuration_edits.delete_item(Acting(installed, EXPERT), kind, edited)
    after = configuration.current(Acting(installed))
    assert after.settings_id == before.settings_id + 3
    assert after.class_classifiers == before.class_classifiers
    assert after.offline_components == before.offline_components
    assert after.datasets_accepted == before.datasets_accepted
    assert after.json_rules == before.json_rules
    assert after.permissions.rows == before.permissions.rows


def test_that_an_edit_keeps_what_is_not_changed(installed: Database) -> None:
    (old, *_) = configuration.current(Acting(installed)).online_by_column["dt-dt"]
    new = configuration_edits.edit_item(
        Acting(installed, DATA_CERTIFICATION), Kind.COMPONENT, old.id, {"priority": 7}
    )
    (edited,) = (
        each
        for each in configuration.current(Acting(installed)).online_components
        if each.id == new
    )
    assert (edited.column, edited.status, edited.priority) == (old.column, old.status, 7)
    assert edited.rule.source == old.rule.source


@pytest.mark.parametrize("kind", list(Kind))
def test_that_nobody_changes_the_configuration_without_the_right(
    installed: Database, kind: Kind
) -> None:
    with pytest.raises(NotPermitted, match=EXPERTS):
        configuration_edits.add_item(Acting(installed, PERSON), kind, {})
    with pytest.raises(NotPermitted, match=EXPERTS):
        configuration_edits.edit_item(Acting(installed, PERSON), kind, 1, {})
    with pytest.raises(NotPermitted, match=EXPERTS):
        configuration_edits.delete_item(Acting(installed, PERSON), kind, 1)


def test_that_a_faulty_rule_is_never_saved(installed: Database) -> None:
    with pytest.raises(RuleError, match="like"):
        configuration_edits.save_json_rule(Acting(installed, EXPERT), "mine", {"like": [1]})
    assert {each.name for each in configuration.current(Acting(installed)).json_rules} == {
        "golden",
        "muon",
        "dcs-only",
    }


def test_that_a_json_configuration_belongs_to_who_made_it(installed: Database) -> None:
    made = configuration_edits.save_json_rule(
        Acting(installed, DATA_CERTIFICATION), " mine ", {"var": "run.oms.energy"}
    )
    with pytest.raises(NotPermitted, match=r"Only dc@example.org, who made it"):
        configuration_edits.save_json_rule(
            Acting(installed, PERSON), "mine", {"var": "run.oms.b_field"}, item_id=made
        )
    by_expert = configuration_edits.save_json_rule(
        Acting(installed, EXPERT), "mine", {"var": "run.oms.b_field"}, item_id=made
    )
    rule = configuration.current(Acting(installed)).json_rule("mine")
    assert (rule.id, rule.created_by, rule.rule.source) == (
        by_expert,
        "dc@example.org",
        {"var": "run.oms.b_field"},
    )
    configuration_edits.delete_item(
        Acting(installed, DATA_CERTIFICATION), Kind.JSON_RULE, by_expert
    )
    with pytest.raises(NotFound):
        configuration.current(Acting(installed)).json_rule("mine")


def test_that_two_json_configurations_do_not_get_one_name(installed: Database) -> None:
    with pytest.raises(Conflict, match='already a JSON configuration "golden"'):
        configuration_edits.save_json_rule(
            Acting(installed, EXPERT), "golden", {"var": "run.oms.energy"}
        )
    muon = configuration.current(Acting(installed)).json_rule("muon").id
    with pytest.raises(Conflict, match='already a JSON configuration "golden"'):
        configuration_edits.save_json_rule(
            Acting(installed, EXPERT), "golden", {"var": "run.oms.energy"}, item_id=muon
        )


# --- folders --------------------------------------------------------------------------------------


def test_that_what_is_exported_can_be_imported(
    installed: Database, empty_database: Database, tmp_path: Path
) -> None:
    configuration_edits.add_item(Acting(installed, EXPERT), Kind.CLASS, _class_values("Special25"))
    rows = configuration.export_folder(Acting(installed), tmp_path / "first")
    assert rows["Settings"] == 2
    with empty_database.transaction() as connection:
        schema.create(connection)
    imported = configuration.import_folder(Acting(empty_database, PERSON), tmp_path / "first")
    assert imported.problems == ()
    assert imported.report.settings_id == 2
    configuration.export_folder(Acting(empty_database), tmp_path / "second")
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )
    assert first == second
    assert len(first) == 24


def test_that_an_import_of_what_was_exported_is_the_way_back(
    installed: Database, tmp_path: Path
) -> None:
    before = configuration.current(Acting(installed))
    configuration.export_folder(Acting(installed), tmp_path)
    configuration_edits.add_item(Acting(installed, EXPERT), Kind.CLASS, _class_values("Special25"))
    rule = before.json_rules[-1].id
    with installed.read() as connection:
        rights = model.items_in_force(connection, Kind.PERMISSION)
    (mine,) = (each for each in rights if each["egroup"] == "cms-dqm-oncall")
    configuration_edits.delete_item(
        Acting(installed, EXPERT), Kind.PERMISSION, cast("int", mine["id"])
    )
    configuration_edits.edit_item(
        Acting(installed, EXPERT), Kind.JSON_RULE, rule, {"name": "another"}
    )
    workspaces.add_workspace(Acting(installed, EXPERT), "beam", online=True)
    workspaces.add_column(Acting(installed, EXPERT), "dt-mb1", online=True)
    workspaces.retire_column(Acting(installed, EXPERT), "csc-csc", online=True)
    changed = configuration.current(Acting(installed))

    imported = configuration.import_folder(Acting(installed, EXPERT), tmp_path)

    now = configuration.current(Acting(installed))
    assert imported.report.went_back_to == before.settings_id
    assert now.settings_id == imported.report.settings_id > changed.settings_id
    for part in (
        *("class_classifiers", "dataset_classifiers", "online_components", "offline_components"),
        *("offline_dataset_classifiers", "datasets_accepted", "json_rules"),
    ):
        assert getattr(now, part) == getattr(before, part), part
    assert now.permissions.rows == before.permissions.rows
    assert {each.name: each.columns for each in now.workspaces if each.columns} == {
        each.name: each.columns for each in before.workspaces if each.columns
    }
    # Nothing is lost: what was changed meanwhile is a version that can be restored.
    history = configuration_versions.versions(Acting(installed), Kind.CLASS)
    assert any(item.values["class"] == "Special25" for item in history.items.values())
    again = configuration.import_folder(Acting(installed, EXPERT), tmp_path)
    assert configuration.current(Acting(installed)).class_classifiers == before.class_classifiers
    assert again.report.settings_id >= now.settings_id


def test_that_files_that_are_no_configuration_are_named_and_left_alone(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "Workspace.json").write_text("[]", "utf-8")
    (tmp_path / "Cycle.json").write_text("not even JSON", "utf-8")
    imported = configuration.import_folder(Acting(database, PERSON), tmp_path)
    assert imported.report.ignored == ("Cycle",)
    assert imported.report.written == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[{]", "Settings.json isn.t JSON"), ("[NaN]", "NaN"), ("{}", "list of rows")],
)
def test_that_a_faulty_file_is_named(
    database: Database, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "Settings.json").write_text(text, "utf-8")
    with pytest.raises(BadInput, match=said):
        configuration.import_folder(Acting(database, PERSON), tmp_path)


def test_that_a_folder_without_configuration_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no table of the configuration"):
        configuration.import_folder(Acting(database, PERSON), tmp_path)
    with pytest.raises(NotFound, match="no folder"):
        configuration.import_folder(Acting(database, PERSON), tmp_path / "absent")


def test_that_an_import_over_somebodys_configuration_takes_the_right(
    installed: Database, tmp_path: Path
) -> None:
    configuration.export_folder(Acting(installed), tmp_path)
    with pytest.raises(NotPermitted, match=EXPERTS):
        configuration.import_folder(Acting(installed, DATA_CERTIFICATION), tmp_path)
    assert configuration.import_folder(Acting(installed, EXPERT), tmp_path).report.written == {}


def test_that_the_real_configuration_needs_no_shipped_one_before(
    database: Database, shared_data: Path
) -> None:
    imported = configuration.import_folder(
        Acting(database, PERSON), shared_data / "data" / "configuration"
    )
    assert imported.report.settings_id == 912
    assert imported.report.ignored == (
        "Cycle",
        "CycleDataset",
        "Dataset",
        "DatasetEvent",
        "Version",
    )
    assert not configuration.install_default(Acting(database))


def test_that_the_initial_tables_of_the_recorded_story_are_imported(
    database: Database, shared_data: Path
) -> None:
    folder = shared_data / "conformance" / "tables_initial"
    imported = configuration.import_folder(Acting(database, PERSON), folder)
    assert imported.problems == ()
    assert [
        each.name
        for each in configuration.current(Acting(database)).accepted("Collisions22", 355100)
    ] == ["/PromptReco/Collisions2022C/DQM", "/Express/Collisions2022/DQM"]


@pytest.fixture(scope="module")
def real_configuration(server: TestServer, template: str, shared_data: Path) -> Configuration:
    """The configuration of the production database, as it was dumped."""
    with server.opened(template) as db:
        configuration.import_folder(Acting(db, PERSON), shared_data / "data" / "configuration")
        return configuration.current(Acting(db))


@pytest.mark.parametrize("run_number", [315265, 319579])
def test_that_the_real_class_classifiers_know_the_real_runs(
    real_configuration: Configuration, shared_data: Path, run_number: int
) -> None:
    run = _real_run(shared_data, run_number)
    data = {**reduced_lumisection_attributes(run.lumisections), **run_oms_attributes(run)}
    assert classification.run_class(real_configuration, data) == "Collisions22"
    assert classification.is_significant(real_configuration, "Collisions22", data)


@pytest.mark.parametrize("run_number", [315265, 319579])
def test_that_the_real_component_classifiers_judge_every_lumisection(
    real_configuration: Configuration, shared_data: Path, run_number: int
) -> None:
    run = _real_run(shared_data, run_number)
    classified = pull.compute(real_configuration, run).rr
    assert set(CERTIFIABLE_ONLINE_COLUMNS) <= set(classified.keys)
    assert classified.length == len(run.lumisections)
    for number in range(1, classified.length + 1):
        triplets = classified.at(number)
        assert triplets.keys() == set(classified.keys)
        assert NO_VALUE_FOUND not in {each.status for each in triplets.values()}, number


def _real_run(shared_data: Path, run_number: int) -> OmsRun:
    folder = shared_data / "data" / "oms"

    def attributes(name: str) -> list[JsonObject]:
        document = json.loads((folder / name).read_text("utf-8"))
        return [each["attributes"] for each in document["data"]]

    (run,) = (each for each in attributes("runs.json") if each["run_number"] == run_number)
    return oms_run(run, attributes(f"lumisections_{run_number}.json"))


# --- what is shipped ------------------------------------------------------------------------------


class _Listener:
    """Takes down what a season tells OMS."""

    def __init__(self) -> None:
        self.fills: dict[JsonValue, JsonObject] = {}
        self.runs: dict[int, JsonObject] = {}
        self.lumisections: dict[int, Sequence[JsonObject]] = {}

    def set_fill(self, attributes: JsonObject) -> None:
        self.fills[attributes["fill_number"]] = attributes

    def set_run(self, attributes: JsonObject) -> None:
        self.runs[cast("int", attributes["run_number"])] = attributes

    def set_lumisections(self, run_number: int, lumisections: Sequence[JsonObject]) -> None:
        self.lumisections[run_number] = lumisections

    def oms_runs(self) -> Iterator[OmsRun]:
        for number, attributes in self.runs.items():
            yield oms_run(
                attributes,
                list(self.lumisections[number]),
                self.fills.get(attributes["fill_number"]),
            )


@pytest.fixture(scope="module")
def demonstration() -> list[OmsRun]:
    """The runs of the demonstration that have ended."""
    listener = _Listener()
    DemoSeason(1, 0.0).tell(cast("SimulatedOms", listener))
    return [run for run in listener.oms_runs() if run.attributes["end_time"] is not None]


def test_that_the_shipped_configuration_is_installed_once(installed: Database) -> None:
    shipped = configuration.current(Acting(installed))
    assert shipped.problems == ()
    assert shipped.settings_id == 1
    assert not configuration.install_default(Acting(installed))
    assert configuration.current(Acting(installed)) is shipped


def test_that_a_shipped_file_is_what_an_export_gives_back(
    installed: Database, tmp_path: Path
) -> None:
    configuration.export_folder(Acting(installed), tmp_path)
    for path in assets.path("configuration").glob("*.json"):
        assert json.loads((tmp_path / path.name).read_text("utf-8")) == json.loads(
            path.read_text("utf-8")
        ), path.name


def test_that_every_certifiable_column_has_classifiers(installed: Database) -> None:
    shipped = configuration.current(Acting(installed))
    assert set(shipped.online_by_column) == set(CERTIFIABLE_ONLINE_COLUMNS)
    assert set(shipped.offline_by_column) == set(CERTIFIABLE_OFFLINE_COLUMNS)
    assert set(shipped.online_columns) == set(CERTIFIABLE_ONLINE_COLUMNS)
    assert set(shipped.offline_columns) == set(CERTIFIABLE_OFFLINE_COLUMNS)
    assert {each.workspace for each in shipped.offline_dataset_classifiers} == {
        "global",
        *shipped.offline_workspaces,
    }
    assert {each.class_ for each in shipped.class_classifiers} == {
        each.class_ for each in shipped.dataset_classifiers
    }


@pytest.mark.parametrize("name", ["golden", "muon", "dcs-only"])
def test_that_the_shipped_rules_are_those_of_the_configuration(
    installed: Database, name: str
) -> None:
    rule = json.loads(assets.path(f"rules/{name}.json").read_text("utf-8"))
    shipped = configuration.current(Acting(installed))
    assert shipped.json_rule(name).rule.source == parse_condition(rule).source
    columns = {
        variable.removeprefix("lumisection.rr.")
        for variable in parse_condition(rule).variables or ()
        if variable.startswith("lumisection.rr.")
    }
    assert columns <= set(shipped.offline_columns)


def test_that_the_shipped_dcs_only_rule_gives_the_official_ranges(shared_data: Path) -> None:
    rule = parse_condition(json.loads(assets.path("rules/dcs-only.json").read_text("utf-8")))
    for run_number, expected in ((315265, [(4, 58)]), (319579, [(41, 3168)])):
        good = [
            cast("int", each["lumisection_number"])
            for each in _real_run(shared_data, run_number).lumisections
            if rule.holds({"lumisection": {"oms": each}})
        ]
        assert list(ranges_of_numbers(good)) == expected


def test_that_the_demonstration_is_classified(
    installed: Database, demonstration: list[OmsRun]
) -> None:
    shipped = configuration.current(Acting(installed))
    classes: dict[str, int] = {}
    for run in demonstration:
        computed = pull.compute(shipped, run)
        class_ = str(computed.rr_attributes["class"])
        classes[class_] = classes.get(class_, 0) + 1
        key = str(run.attributes["hlt_key"])
        if "/cosmic/" in key:
            assert class_ == "Cosmics25"
        elif "/physics/" in key:
            assert class_ == "Collisions25"
        else:
            assert class_ == "Commissioning25"
            assert computed.rr_attributes["significant"] is False
            continue
        assert computed.rr_attributes["significant"] is True
        _check_every_lumisection_has_a_status(run, computed.rr)
        names = [each.name for each in shipped.accepted(class_, run.run_number)]
        assert len([name for name in names if name.startswith("/PromptReco/")]) == 1
        assert len([name for name in names if name.startswith("/Express/")]) == 1
    assert set(classes) == {"Cosmics25", "Collisions25", "Commissioning25"}


def _check_every_lumisection_has_a_status(run: OmsRun, rr: Grid[Triplet]) -> None:
    """Only an unknown bit may leave a column without a value."""
    assert set(rr.keys) == set(CERTIFIABLE_ONLINE_COLUMNS)
    assert rr.length == len(run.lumisections)
    for attributes in run.lumisections:
        number = cast("int", attributes["lumisection_number"])
        unknown = any(
            attributes.get(bit, 0) is None
            for bit in ("rpc_ready", "hf_ready", "dt0_ready", "esm_ready")
        )
        for column, triplet in rr.at(number).items():
            assert triplet.status != NO_VALUE_FOUND or unknown, (run.run_number, number, column)


def test_that_the_demonstration_has_golden_lumisections(
    installed: Database, demonstration: list[OmsRun]
) -> None:
    shipped = configuration.current(Acting(installed))
    good = dict.fromkeys(("golden", "muon", "dcs-only"), 0)
    taken = 0
    for run in demonstration:
        if "/physics/" not in str(run.attributes["hlt_key"]):
            continue
        taken += len(run.lumisections)
        for name, numbers in _good_lumisections(shipped, run).items():
            good[name] += len(numbers)
    assert 0.5 * taken < good["golden"] <= good["dcs-only"] < taken
    assert good["golden"] <= good["muon"] < taken


def _good_lumisections(shipped: Configuration, run: OmsRun) -> dict[str, list[int]]:
    computed = pull.compute(shipped, run)
    offline = classification.classify_offline(
        shipped, computed.oms_attributes, computed.rr_attributes, computed.oms, computed.rr
    )
    rules = {name: shipped.json_rule(name).rule for name in ("golden", "muon", "dcs-only")}
    good: dict[str, list[int]] = {name: [] for name in rules}
    run_data: JsonObject = {"oms": computed.oms_attributes, "rr": computed.rr_attributes}
    for number in range(1, offline.length + 1):
        statuses: JsonObject = {
            column: triplet.status for column, triplet in offline.at(number).items()
        }
        data: JsonObject = {
            "run": run_data,
            "lumisection": {"oms": dict(computed.oms.at(number)), "rr": statuses},
        }
        for name, rule in rules.items():
            if rule.holds(data):
                good[name].append(number)
    return good


def test_that_the_golden_rule_can_be_changed_and_stays(installed):
    made = configuration.current(Acting(installed)).json_rule("golden").id
    changed = configuration_edits.save_json_rule(
        Acting(installed, EXPERT), "golden", False, item_id=made, insist=True
    )
    with pytest.raises(Refused, match="not deleted"):
        configuration_edits.delete_item(Acting(installed, EXPERT), Kind.JSON_RULE, changed)
    with pytest.raises(Refused, match="not renamed"):
        configuration_edits.save_json_rule(
            Acting(installed, EXPERT), "silver", False, item_id=changed
        )
