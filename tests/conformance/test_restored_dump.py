"""A restored dump of the web service's database is read as the web service reads it."""

import json

import pytest
from sqlalchemy import text

from app.domain.errors import Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.state.grid import as_objects
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.golden.document import from_json, to_json
from app.models.database.engine import Database
from app.models.events import rows, states
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import in_force as configurations
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import EXPERT
from tests.conformance.recording import datasets_recorded, restore_dump, steps
from tests.plain_folds import oms_objects, plain_datasets, plain_runs, plain_summary, rr_objects

NO_DATA = {"err": "No data available for this lumisection"}
ZERO = "an event at LS 0 makes the web service read every LS of the run as empty; its view is right"
DELIBERATE = {(355105, "online"): ZERO}
"""Datasets whose recorded lumisections we read otherwise, and why."""


@pytest.fixture(scope="module")
def restored(server, template, shared_data):
    """Read only: one database for the tests that look."""
    with server.opened(template) as db:
        restore_dump(db, shared_data)
        yield db


@pytest.fixture
def writable(database: Database, shared_data) -> Database:
    restore_dump(database, shared_data)
    return database


@pytest.fixture(scope="module")
def recorded(shared_data) -> list[dict]:
    return datasets_recorded(shared_data)


def test_that_the_configuration_in_force_is_found(restored: Database):
    configuration = configurations.current(Acting(restored))
    assert configuration.settings_id == 6
    assert configuration.problems == ()
    assert len(configuration.online_components) + len(configuration.offline_components) == 142


def test_that_every_lumisection_reads_as_recorded(restored: Database, recorded):
    keys = [(each["run_number"], each["name"]) for each in recorded]
    with restored.read() as connection:
        loaded = states.load(connection, keys, desk=True)
    differing = set()
    for dataset, key in zip(recorded, keys, strict=True):
        state = loaded[key].state
        columns = {column for each in dataset["rr_lumisections"] for column in each}
        rr = [
            {
                column: ((each or {}).get(column) or EMPTY_TRIPLET).as_json()
                for column in sorted(columns | (each or {}).keys())
            }
            for each in as_objects(state.rr)
        ]
        oms = [NO_DATA if each is None else each for each in as_objects(state.oms)]
        if (rr, oms) != (dataset["rr_lumisections"], dataset["oms_lumisections"]):
            differing.add(key)
    assert differing == DELIBERATE.keys()


def test_that_the_lumisections_that_take_part_are_the_rows_of_the_view(
    restored: Database, recorded
):
    with restored.read() as connection:
        for dataset in recorded:
            key = (dataset["run_number"], dataset["name"])
            state = states.load(connection, [key], desk=True)[key].state
            rr, oms = rr_objects(state), oms_objects(state)
            ours = [
                {"lumisection_number": number, "oms_lumisection": oms[number], "rr": rr[number]}
                for number, takes_part in enumerate(state.participating.tolist(), start=1)
                if takes_part
            ]
            theirs = [
                {
                    "lumisection_number": row["lumisection_number"],
                    "oms_lumisection": row["oms_lumisection"],
                    "rr": row["rr_lumisection"],
                }
                for row in dataset["aggregated_lumisection_rows"]
                # An edit that the web service let through; we never show LS 0.
                if row["lumisection_number"] > 0
            ]
            assert ours == theirs, key


def test_that_our_views_and_folds_give_the_rows_the_web_service_left(restored: Database):
    with restored.read() as connection:
        plain = plain_runs(connection)
        stored = connection.execute(
            text('SELECT run_number, oms_attributes, rr_attributes, version FROM "Run"')
        ).all()
        assert {row.run_number: tuple(row)[1:] for row in stored} == {
            number: (run.oms, run.rr, run.version) for number, run in plain.items()
        }
        datasets = connection.execute(
            text('SELECT run_number, name, dataset_attributes, datasets_in_gui FROM "Dataset"')
        ).all()
        folded = plain_datasets(connection)
        assert {(row[0], row[1]): (row[2], set(row[3])) for row in datasets} == {
            key: (each.attributes, each.in_gui) for key, each in folded.items()
        }


def test_that_what_we_write_fits_to_what_was_there(writable: Database):
    key = (355101, "online")
    edit = ColumnEdit(*key, "dt-dt", (LumiRange(3, 5),), Triplet("BAD", "HV trip"))
    done = lumisections.edit_columns(Acting(writable, EXPERT), [edit])
    assert done.atomic_version is not None
    with writable.read() as connection:
        assert newest_version(writable) == done.atomic_version
        dataset = plain_datasets(connection)[key]
        state = states.load(connection, [key], desk=True)[key].state
        assert rr_objects(state) == dataset.rr
        row = connection.execute(
            text(
                "SELECT triplet_summary, version"
                ' FROM "DatasetTripletCache" WHERE run_number = :run AND name = :name'
            ),
            {"run": key[0], "name": key[1]},
        ).one()
        stored = connection.execute(
            text('SELECT version FROM "Dataset" WHERE run_number = :run AND name = :name'),
            {"run": key[0], "name": key[1]},
        ).scalar_one()
    assert row.version == stored == dataset.version
    assert row.triplet_summary == plain_summary(dataset)["triplet_summary"]


def test_that_a_run_broken_by_an_edit_at_lumisection_nought_can_be_certified(writable: Database):
    """The web service reads it as empty for ever; here only what has no status must be mended."""
    runs.refresh(Acting(writable, EXPERT), 355105)
    for _ in range(40):
        try:
            runs.move(Acting(writable, EXPERT), 355105, "SIGNOFF")
            break
        except Refused as refused:
            column, _, rest = str(refused).partition(" is ")
            number = int(rest.split(" in LS ")[1].split(" of ")[0])
            good = Triplet("GOOD")
            edit = ColumnEdit(355105, "online", column, (LumiRange(number, number),), good)
            lumisections.edit_columns(Acting(writable, EXPERT), [edit])
    else:
        pytest.fail("the run can't be signed off")
    with writable.read() as connection:
        assert plain_runs(connection)[355105].rr["state"] == "SIGNOFF"


def test_that_the_recorded_golden_jsons_come_out_of_the_restored_database(
    writable: Database, shared_data
):
    path = shared_data / "conformance" / "generated_json_rows.json"
    creator = Actor("dcexpert@cern.ch", EXPERT.egroups)
    recorded_rows = json.loads(path.read_text("utf-8"))
    for row in recorded_rows:
        generated = golden.generate(
            Acting(writable, creator),
            row["dataset_name_filter"],
            row["json_logic"],
            as_of=row["runregistry_version"],
        )
        ours = generated.selection.as_row()
        for name in ("generated_json", "generated_anti_json"):
            # Two datasets of one run: recorded with every range twice, joined here.
            assert ours[name] == to_json(from_json(row[name]).document), row["id"]
        assert ours["min_run_number"] == row["min_run_number"]
        assert ours["max_run_number"] == row["max_run_number"]
        if "|" in row["dataset_name_filter"]:
            continue
        for name in ("total_recorded_luminosity", "recorded_luminosity_in_json"):
            assert ours[name] == pytest.approx(row[name], rel=1e-12)
    assert len(recorded_rows) == 7


def test_that_somebody_who_has_seen_what_the_web_service_wrote_may_edit_it(writable: Database):
    key = (355101, "online")
    with writable.read() as connection:
        seen = rows.datasets_of_run(connection, key[0])[key[1]].version
    edit = ColumnEdit(*key, "dt-dt", (LumiRange(1, 60),), Triplet("BAD", "HV trip"))
    done = lumisections.edit_columns(Acting(writable, EXPERT), [edit], seen={key: seen})
    assert done.atomic_version is not None


def test_that_a_pull_over_what_the_web_service_pulled_settles_at_once(
    writable: Database, shared_data
):
    answers = {}
    for step in steps(shared_data):
        if "cron_driver" in step.request and not step.refused:
            written = step.request["calls"][-1]["request"]
            answer = oms_run(step.request["oms_state_of_run"], written["oms_lumisections"])
            answers[answer.run_number] = answer
    assert answers.keys() == {355100, 355101, 355102, 355104, 355105}
    # Run D was stored by position: its lumisections come right, and its sign-off is in doubt.
    expected = {355104: OutcomeKind.FLAGGED}
    for number, answer in answers.items():
        first = pull.apply(Acting(writable), answer)
        assert first.kind is expected.get(number, first.kind)
        before = newest_version(writable)
        second = pull.apply(Acting(writable), answer)
        assert second.kind in {OutcomeKind.UNCHANGED, OutcomeKind.FLAGGED}
        assert newest_version(writable) == before


def newest_version(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(text('SELECT max(atomic_version) FROM "Version"')).scalar_one()
