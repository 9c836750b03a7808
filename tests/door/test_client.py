"""The Python client of the web service, unmodified, against our door."""

import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.door.identity import Identification
from app.door.tokens import Issuer as Believed
from app.door.tokens import Tokens
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange
from app.services.acting import Acting
from app.services.certification import cycles
from app.services.configuration import edits
from app.services.pulling import runs as pull
from app.sync.issuer_keys import fetch_keys
from tests.builders import a_run
from tests.conftest import filled_once
from tests.door.client import Client
from tests.door.issuer import issuing
from tests.door.serving import EXPERT, serving
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, open_all, sign_off_runs

LOCAL = "http://localhost:9500"
PRODUCTION = "https://cmsrunregistry.web.cern.ch/api"
STAGING = "https://dev-cmsrunregistry.web.cern.ch/api"
TOKENS = "https://auth.cern.ch/auth/realms/cern/api-access/token"

OPEN_RUN = 390009
THIRD = 390003


@filled_once
def registry(database: Database) -> None:
    """Two signed-off runs with datasets, and one that is OPEN."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    pull.apply(Acting(database), a_run(OPEN_RUN))


@pytest.fixture
def local(registry, tmp_path):
    """The client as somebody uses it with a local server."""
    with serving(Acting(registry)) as served:
        yield Client(tmp_path / "client", {LOCAL: served.url}, "local")


def test_that_everything_that_it_reads_comes(local):
    found = local.run(
        f"""
import json, runregistry as rr
run, name = {FIRST}, {PROMPT!r}
print(json.dumps({{
    "run": rr.get_run(run)["state"],
    "runs": [r["run_number"] for r in rr.get_runs(filter={{"class": "Collisions25"}})],
    "bad": len(rr.get_runs(filter={{"dt-dt": "GOOD"}})),
    "raw": sorted(rr.get_runs(filter={{}}, compress_attributes=False)[0]),
    "dataset": rr.get_dataset(run, name)["name"],
    "datasets": len(rr.get_datasets(filter={{"run_number": run}})),
    "names": rr.get_dataset_names_of_run(run),
    "rr": len(rr.get_lumisections(run, name)),
    "oms": len(rr.get_oms_lumisections(run)),
    "ranges": rr.get_lumisection_ranges(run, name)[-1]["end"],
    "oms_ranges": rr.get_oms_lumisection_ranges(run)[-1]["end"],
    "joint": rr.get_joint_lumisection_ranges(run, name)[-1]["end"],
    "columns": sorted(rr.get_lumisection_ranges_by_component(run, name)),
    "accepted": len(rr.get_datasets_accepted()),
    "cycles": rr.get_cycles(),
}}))
"""
    )

    assert found["run"] == "SIGNOFF"
    assert found["runs"] == [OPEN_RUN, SECOND, FIRST]
    assert found["raw"] == [
        "DatasetTripletCache",
        "deleted",
        "oms_attributes",
        "rr_attributes",
        "run_number",
        "version",
    ]
    assert found["dataset"] == PROMPT
    assert found["datasets"] == 3
    assert set(found["names"]) == {"online", PROMPT, EXPRESS}
    assert found["rr"] == found["oms"] == found["ranges"] == found["oms_ranges"] == 10
    assert found["joint"] == 10
    assert "dt-dt" in found["columns"]
    assert (found["accepted"], found["cycles"]) == (5, [])


def test_that_a_golden_json_comes_without_waiting(local):
    found = local.run(
        f"""
import json, time, runregistry as rr
begun = time.monotonic()
rule = {{"and": [{{"==": [{{"var": "lumisection.rr.dt-dt"}}, "GOOD"]}}]}}
made = rr.create_json(rule, {PROMPT!r})
print(json.dumps([made, time.monotonic() - begun]))
"""
    )

    made, seconds = found
    assert made["generated_json"] == {str(FIRST): [[1, 10]], str(SECOND): [[1, 10]]}
    assert len(made) == 27
    assert made["created_by"] == EXPERT.email
    assert isinstance(made["runregistry_version"], str)
    assert seconds < 15  # what the client sleeps between two looks


def test_that_everything_that_it_changes_is_changed(local, registry):
    found = local.run(
        f"""
import json, runregistry as rr
run = {OPEN_RUN}
answers = [
    rr.edit_rr_lumisections(run, 1, 20, "dt-dt", "BAD", "HV trip", "HV"),
    rr.change_run_class(run, "Cosmics25"),
    rr.change_run_class([run], "Collisions25"),
    rr.manually_refresh_components_statuses_for_runs(run),
    rr.reset_RR_attributes_and_refresh_runs(run),
    rr.move_runs("OPEN", "SIGNOFF", run=run),
    rr.move_runs("SIGNOFF", "COMPLETED", runs=[run]),
    rr.move_datasets("waiting dqm gui", "OPEN", {PROMPT!r}, run=run),
    rr.move_datasets("waiting dqm gui", "OPEN", {PROMPT!r}, run=run),
    rr.move_datasets("OPEN", "SIGNOFF", {PROMPT!r}, workspace="dt", run=run),
]
print(json.dumps(answers))
"""
    )

    edit, _, _, _, _, _, (completed,), (opened,), (again,), (signed,) = found
    assert edit["run_number"] == OPEN_RUN
    assert edit["manual_change"] is True
    assert completed["rr_attributes"]["state"] == "COMPLETED"
    assert completed["DatasetTripletCache"]["triplet_summary"]["dt-dt"]["BAD"] == 20
    assert opened == again
    assert opened["dataset_attributes"]["global_state"] == "OPEN"
    assert signed["dataset_attributes"]["dt_state"] == "SIGNOFF"


def test_that_a_refusal_reaches_the_script_in_its_words(local):
    found = local.run(
        f"""
import json, runregistry as rr
said = []
for attempt in (
    lambda: rr.move_runs("OPEN", "SIGNOFF", run={FIRST}),
    lambda: rr.make_significant_runs(run={FIRST}),
    lambda: rr.make_significant_runs(run={OPEN_RUN}),
    lambda: rr.reset_RR_attributes_and_refresh_runs({FIRST}),
    lambda: rr.edit_rr_lumisections({OPEN_RUN}, 1, 2, "dt-dt", "BAD"),
    lambda: rr.edit_rr_lumisections({OPEN_RUN}, 5, 2, "dt-dt", "GOOD"),
    lambda: rr.get_runs(filter={{"rr_attributes.class": {{"~": 1}}}}),
):
    try:
        attempt()
        said.append("")
    except Exception as error:
        said.append(str(error))
print(json.dumps(said))
"""
    )

    for words, said in zip(
        (
            f"Run {FIRST} state is already in state SIGNOFF",
            "Run must be in state OPEN to be marked significant",
            "Run is already significant",
            "Run must be in state OPEN to be refreshed",
            "When setting lumisections as BAD, there MUST be a comment for this action.",
            "Start Lumisection must be less than end lumisection",
            "is not an operator",
        ),
        found,
        strict=True,
    ):
        assert words in said
        assert "operator" in said or "Got response 500" in said


def test_that_libdc3_finds_and_refreshes_its_runs(local):
    # The calls of libdc3.methods.rr_actions.RunRegistryActions, with their filters.
    found = local.run(
        f"""
import json, runregistry as rr
from concurrent.futures import ThreadPoolExecutor
states = {{"and": [{{"or": [{{"=": "OPEN"}}, {{"=": "SIGNOFF"}}, {{"=": "COMPLETED"}}]}}]}}
filter_ = {{
    "and": [
        {{"rr_attributes.class": {{"=": "Collisions25"}}}},
        {{"name": {{"=": {PROMPT!r}}}}},
        {{"dataset_attributes.global_state": {{"=": "OPEN"}}}},
        {{"and": [{{"run_number": {{"<>": 1}}}}]}},
    ],
    "name": {{"and": [{{"<>": "online"}}]}},
    "dataset_attributes.global_state": states,
}}
open_ = rr.get_datasets(filter=filter_, ignore_filter_transformation=True)
wanted = {{"class": {{"=": "Collisions25"}}, "oms_attributes.b_field": {{">=": 3.7}}}}
runs = rr.get_runs(filter={{**wanted, "run_number": {{"or": [{FIRST}, {SECOND}]}}}})
limits = {{"and": [{{">=": {FIRST}}}, {{"<=": {SECOND}}}]}}
between = rr.get_runs(filter={{**wanted, "run_number": limits}})
flagged = rr.get_runs(
    filter={{"run_needs_to_be_updated_manually": True, "run_number": {{"or": [{FIRST}]}}}}
)
with ThreadPoolExecutor(5) as pool:
    numbers = [{FIRST}, {SECOND}] * 5
    joint = list(pool.map(rr.get_joint_lumisection_ranges, numbers, [{PROMPT!r}] * 10))
    ends = list(pool.map(lambda run: rr.get_oms_lumisection_ranges(run)[-1]["cms_active"], numbers))
rr.move_runs(run={FIRST}, from_="SIGNOFF", to_="OPEN")
rr.manually_refresh_components_statuses_for_runs(runs=[{FIRST}])
rr.move_runs(run={FIRST}, from_="OPEN", to_="SIGNOFF")
rr.move_datasets("waiting dqm gui", "OPEN", {PROMPT!r}, workspace="global", run={FIRST})
print(json.dumps([
    [d["run_number"] for d in open_],
    [r["run_number"] for r in runs],
    [r["run_number"] for r in between],
    flagged,
    [each[-1]["end"] for each in joint],
    [each[0]["dt-dt"]["status"] for each in joint],
    ends,
]))
"""
    )

    open_, runs, between, flagged, ends, statuses, active = found
    assert open_ == [FIRST]
    assert runs == between == [SECOND, FIRST]
    assert flagged == []
    assert set(ends) == {10}
    assert set(statuses) == {"GOOD"}
    assert set(active) == {True}


@pytest.fixture(scope="session")
def own_tests(tmp_path_factory) -> Path:
    """The source distribution of the client, which has its tests."""
    folder = tmp_path_factory.mktemp("sdist")
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"),
            *("--no-build-isolation", "-d", str(folder), "runregistry==3.1.2"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        pytest.skip("the source of the client can't be fetched from the package index")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("runregistry-3.1.2"))


_MANY = """
INSERT INTO "Run" (run_number, oms_attributes, rr_attributes, version, deleted)
SELECT number, '{"hlt_key": "/cdaq/commissioning2018/v1"}',
    jsonb_build_object('class', CASE WHEN number < 309900 THEN 'Special18'
    WHEN number % 2 = 0 THEN 'Collisions18' ELSE 'Cosmics18CRUZET' END,
    'state', 'COMPLETED', 'significant', true), 0, false
FROM generate_series(288000, 310000) AS number WHERE number NOT BETWEEN 309000 AND 309900
"""
_DATASETS = """
INSERT INTO "Dataset" (run_number, name, dataset_attributes, datasets_in_gui, deleted, version)
SELECT run_number, name, '{"global_state": "COMPLETED"}', '[]', false, 0
FROM "Run", unnest(ARRAY['online', '/PromptReco/Cosmics18CRUZET/DQM']) AS name
WHERE run_number <= 310000 AND (name = 'online' OR run_number > 309900)
"""
_SUMMARIES = """
INSERT INTO "DatasetTripletCache" (run_number, name, triplet_summary, dcs_summary, rr_ranges,
    dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity, version)
SELECT run_number, name, '{"dt-dt": {"GOOD": 5, "EMPTY": 0}, "tracker-strip": {"GOOD": 5},
    "ecal-ecal": {"EXCLUDED": 5}}', '{}', '{}', '{}', 0, 0, 0
FROM "Dataset" WHERE version = 0
"""
_RENAMED = {
    FIRST: (327743, "/PromptReco/HICosmics18A/DQM"),
    SECOND: (362874, "/PromptReco/Commissioning2021/DQM"),
    THIRD: (THIRD, "/PromptReco/Collisions2018A/DQM"),
}
_OF_RUNS = ("Run", "RunEvent")
_OF_DATASETS = (
    "Dataset",
    "DatasetEvent",
    "DatasetTripletCache",
    "LumisectionEvent",
    "OMSLumisectionEvent",
)


@pytest.fixture
def as_in_2018(database):
    """What the client's own tests look for, in as few rows as they allow."""
    sign_off_runs(database, *_RENAMED)
    pull.apply(Acting(database), a_run(OPEN_RUN))
    private = {name: Triplet("GOOD") for name in ("rpc-hv", "tracker-track_private")}
    with begin(database, [FIRST]) as action:
        change = LumisectionChange(FIRST, "online", [(private, (LumiRange(1, 10),))])
        action.append("somebody@cern.ch", "columns of that time", [change])
    with database.transaction() as connection:
        # Runs of that time with datasets of that time: all that names them is renamed at once.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for number, (then, name) in _RENAMED.items():
            values = {"run": number, "then": then, "old": PROMPT, "new": name}
            for table in _OF_DATASETS:
                statement = (
                    f'UPDATE "{table}" SET name = :new WHERE run_number = :run AND name = :old'
                )
                connection.execute(text(statement), values)
            for table in (*_OF_RUNS, *_OF_DATASETS):
                statement = f'UPDATE "{table}" SET run_number = :then WHERE run_number = :run'
                connection.execute(text(statement), values)
        connection.execute(text("DELETE FROM desk.lumisection_state"))
        # No trigger saw it: nobody keeps counts of it.
        connection.execute(text("DELETE FROM desk.counting"))
        for statement in (_MANY, _DATASETS, _SUMMARIES):
            connection.execute(text(statement))
    right: JsonObject = {"egroup": "some-group", "routes": ["/json_portal/generate"]}
    edits.add_item(Acting(database, EXPERT), Kind.PERMISSION, right)
    key = (327743, "/PromptReco/HICosmics18A/DQM")
    cycles.create(Acting(database, EXPERT), "2018", date(2026, 1, 1), ["dt"], [key])
    return database


@pytest.mark.timeout(1200)
def test_that_the_client_s_own_tests_pass(as_in_2018, own_tests, tmp_path):
    with issuing() as issuer:
        # Somebody who is known and has no right, as the tests of the client expect.
        issuer.persons["scripts"] = {"email": "x@cern.ch", "groups": ["some-group"]}
        audiences = ("cmsrunregistry-sso-proxy", "dev-cmsrunregistry-sso-proxy")
        tokens = Tokens(Believed(issuer.url, audiences, lambda: fetch_keys(issuer.keys_url)))
        allowed = Identification(tokens=tokens, applications={})
        with serving(Acting(as_in_2018), allowed) as served:
            places = {PRODUCTION: f"{served.url}/api", STAGING: f"{served.url}/api"}
            client = Client(
                tmp_path / "client", {**places, TOKENS: f"{issuer.url}/token"}, "production"
            )
            said = client.run_tests(own_tests)

    assert " passed" in said.splitlines()[-1], said[-6000:]
    assert " failed" not in said.splitlines()[-1], said[-6000:]
