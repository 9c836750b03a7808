"""The functions of the old client, beside the client itself: over a door and over a database."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.door.identity import Identification
from app.door.tokens import Issuer, Tokens
from app.services.acting import Acting
from app.services.golden import generation
from app.services.pulling import runs as pull
from app.sync.issuer_keys import fetch_keys
from run_registry import RunRegistryError, compat
from run_registry.compat import filters, names, places
from tests.builders import EXPERT, a_run
from tests.conftest import databases_filled_by
from tests.door.client import Client
from tests.door.issuer import issuing
from tests.door.serving import serving
from tests.run_registry.scripted import answer, scripted
from tests.services.offline_runs import FIRST, PROMPT, SECOND, open_all, sign_off_runs

LOCAL = "http://localhost:9500"
OPEN_RUN = 390009
GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
NAMES = (
    *("get_dataset_names_of_run", "get_run", "get_runs", "get_dataset", "get_datasets"),
    *("get_cycles", "get_lumisections", "get_oms_lumisections", "get_lumisection_ranges"),
    *("get_lumisection_ranges_by_component", "get_oms_lumisection_ranges"),
    *("get_joint_lumisection_ranges", "create_json", "get_datasets_accepted", "move_runs"),
    *("make_significant_runs", "reset_RR_attributes_and_refresh_runs"),
    *("manually_refresh_components_statuses_for_runs", "edit_rr_lumisections"),
    *("move_datasets", "change_run_class"),
)
READS = f"""
run, name = {FIRST}, {PROMPT!r}
found = [
    rr.get_run(run), rr.get_run(1),
    rr.get_runs(), rr.get_runs(limit=2), rr.get_runs(filter={{}}, compress_attributes=False),
    rr.get_runs(filter={{"class": "Collisions25", "run_number": {{">": run}}}}),
    rr.get_runs(filter={{"run_number": {{"or": [run, {SECOND}]}}, "dt-dt": "good"}}),
    rr.get_runs(filter={{"energy": {{"and": [{{">": 1}}, {{"<": 7000}}]}}}}, page_size=1),
    rr.get_runs(filter={{"rr_attributes.state": "OPEN"}}, sortings=[["run_number", "ASC"]]),
    rr.get_runs(
        filter={{"run_number": {{"=": run}}}}, ignore_filter_transformation=True, limit=5
    ),
    rr.get_dataset(run), rr.get_dataset(run, name), rr.get_dataset(run, "nothing"),
    rr.get_datasets(filter={{"run_number": run, "global_state": "OPEN"}}),
    rr.get_datasets(filter={{"dataset_name": {{"like": "%Prompt%"}}, "dt-dt": "EMPTY"}}),
    rr.get_datasets(filter={{"class": "Collisions25", "b_field": 3.8}}, compress_attributes=False),
    rr.get_dataset_names_of_run(run), rr.get_dataset_names_of_run("abc"),
    rr.get_cycles(), rr.get_datasets_accepted(),
    rr.get_lumisections(run), rr.get_lumisections(run, name),
    rr.get_oms_lumisections(run), rr.get_oms_lumisections(run, dataset_name=name),
    rr.get_lumisection_ranges(run, name), rr.get_lumisection_ranges_by_component(run),
    rr.get_oms_lumisection_ranges(run), rr.get_joint_lumisection_ranges(run, name),
    rr.get_lumisections(1, "nothing"),
]
for ask in (
    lambda: rr.get_runs(filter={{"nonsense": 1}}),
    lambda: rr.get_runs(filter={{"dt-dt": "WRONG"}}),
    lambda: rr.get_datasets(filter={{"nonsense": 1}}),
    lambda: rr.get_runs(filter={{"rr_attributes.class": {{"nonsense": 1}}}}),
    lambda: rr.move_runs("OPEN", "SIGNOFF"),
    lambda: rr.move_runs("OPEN", "WRONG", run=run),
    lambda: rr.move_datasets("OPEN", "WRONG", name, run=run),
    lambda: rr.make_significant_runs(),
    lambda: rr.reset_RR_attributes_and_refresh_runs(),
    lambda: rr.manually_refresh_components_statuses_for_runs(runs="x"),
    lambda: rr.edit_rr_lumisections(run, 1, 2, "dt-dt", "WRONG"),
    lambda: rr.edit_rr_lumisections(run, 1, 2, "dt-dt", "GOOD"),
    lambda: rr.change_run_class("x", "y"), lambda: rr.change_run_class([run, "x"][1:], "y"),
    lambda: rr.change_run_class(run, 7), lambda: rr.change_run_class(run, "Cosmics25"),
    lambda: rr.move_runs("SIGNOFF", "SIGNOFF", run=run),
    lambda: rr.setup("nowhere"),
):
    try:
        found.append(ask())
    except Exception as error:
        found.append([type(error).__name__, str(error).partition("attributes.py")[0]])
"""


def test_that_every_name_has_the_signature_of_the_client(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT", "local")
    from runregistry import runregistry

    assert len(NAMES) == 21
    for name in [*NAMES, "setup"]:
        ours, theirs = (
            [(each.name, each.kind, each.default) for each in signature.parameters.values()]
            for signature in map(
                inspect.signature, (getattr(compat, name), getattr(runregistry, name))
            )
        )
        assert ours == theirs, name
    assert {*NAMES, "close", "setup", "use"} == {*compat.__all__}
    for constant in ("PAGE_SIZE", "LUMISECTION_STATES", "OFFLINE_DATASET_STATES"):
        assert getattr(compat, constant) == getattr(runregistry, constant)


def test_that_filters_know_the_names_of_the_client():
    from runregistry import attributes, utils

    for ours, theirs in (
        (names.OF_RUN_TABLE, [attributes.run_table_attributes]),
        (names.OF_DATASET_TABLE, attributes.dataset_table_attributes),
        (names.OF_RR, attributes.run_rr_attributes),
        (names.OF_OMS, attributes.run_oms_attributes),
        (names.OF_DATASET, attributes.dataset_attributes),
        (names.RUN_COLUMNS, attributes.run_triplet_attributes),
        (names.DATASET_COLUMNS, attributes.dataset_triplet_attributes),
    ):
        assert ours == set(theirs)
    given = {
        "run_number": {"or": [1, 2.5, "3", {"<": 4}]}, "class": "x", "energy": {">": 1},
        "dt-dt": "bad", "significant": True,
    }  # fmt: skip
    kept = json.dumps(given)
    assert filters.of_runs(given) == utils.transform_to_rr_run_filter(json.loads(kept))
    assert filters.of_datasets(given) == utils.transform_to_rr_dataset_filter(json.loads(kept))
    assert json.dumps(given) == kept
    assert filters.of_runs({"dt-dt": {"comments": "x"}, "triplet_summary.a": 1}) == {
        "triplet_summary.a": {"=": 1}
    }
    assert filters.of_runs(None) == filters.of_datasets([]) == {}


def fill_registry(database):
    """Two signed-off runs with datasets, and one that is OPEN."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    pull.apply(Acting(database), a_run(OPEN_RUN))


template = databases_filled_by(fill_registry)


@pytest.fixture
def registry(database):
    return database


@pytest.fixture(autouse=True)
def nowhere():
    yield
    compat.close()


@pytest.fixture(params=["door", "database"])
def near(request, registry, dsn, monkeypatch):
    """A door's address for the client, and the library on the same data."""
    monkeypatch.setattr("app.bootstrap.Program.oms_run", lambda *_: None)
    monkeypatch.setenv("RUN_REGISTRY_USER", EXPERT.email)
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", ",".join(EXPERT.egroups))
    with serving(Acting(registry)) as served:
        compat.use(served.url if request.param == "door" else dsn)
        yield served


def test_that_reads_and_refusals_are_those_of_the_client(near, tmp_path):
    client = Client(tmp_path / "client", {LOCAL: near.url}, "local")
    script = f"import json, runregistry as rr{READS}\nprint(json.dumps(found))"
    theirs = client.run(script)
    here = {"rr": compat}
    with pytest.warns(UserWarning, match="3 runs, more than limit=2"):
        exec(READS, here)
    ours = json.loads(json.dumps(here["found"]))
    assert len(ours) == len(theirs)
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert one == other, number


def test_that_actions_do_what_those_of_the_client_do(near, registry):
    assert (
        compat.change_run_class(OPEN_RUN, "Cosmics25")[0]["rr_attributes"]["class"] == "Cosmics25"
    )
    with pytest.raises(Exception, match="already significant"):
        compat.make_significant_runs(run=OPEN_RUN)
    edited = compat.edit_rr_lumisections(OPEN_RUN, 2, 3, "dt-dt", "BAD", comment="hv trip")
    assert edited["run_number"] == OPEN_RUN
    ranges = compat.get_lumisection_ranges_by_component(OPEN_RUN)["dt-dt"]
    assert [(each["start"], each["end"]) for each in ranges if each["status"] == "BAD"] == [(2, 3)]
    assert compat.manually_refresh_components_statuses_for_runs(runs=OPEN_RUN)
    assert compat.reset_RR_attributes_and_refresh_runs(runs=[str(OPEN_RUN)])
    moved = compat.move_runs("SIGNOFF", "OPEN", runs=[FIRST, SECOND])
    assert [each["rr_attributes"]["state"] for each in moved] == ["OPEN", "OPEN"]
    moved = compat.move_datasets("OPEN", "COMPLETED", PROMPT, "dt", run=FIRST)
    assert moved[0]["dataset_attributes"]["dt_state"] == "COMPLETED"


def test_that_a_golden_json_is_made_and_answered(near, registry):
    made = compat.create_json(GOOD_DT, "/PromptReco/%")
    assert made["generated_json"] == {str(run): [[1, 10]] for run in (FIRST, SECOND)}
    again = compat.create_json(json.dumps(GOOD_DT), "/PromptReco/%")
    assert again["generated_json"] == made["generated_json"]
    stored = generation.entries(Acting(registry))
    assert [each.created_by for each in stored] == [EXPERT.email] * 2
    with pytest.raises(RunRegistryError, match="No datasets matched"):
        compat.create_json(GOOD_DT, "/Nowhere/%")


def test_that_a_person_without_the_right_is_refused_over_a_database(registry, dsn, monkeypatch):
    monkeypatch.setenv("RUN_REGISTRY_USER", "somebody@cern.ch")
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", "nobody")
    compat.use(dsn)
    with pytest.raises(Exception, match=r"Got response 401 when .*User needs to be part of any"):
        compat.change_run_class(OPEN_RUN, "Cosmics25")


def test_that_targets_of_cern_are_asked_with_tokens_of_its_login(registry, monkeypatch):
    with issuing() as issuer:
        issuer.persons["scripts"] = {"email": EXPERT.email, "groups": [*EXPERT.egroups]}
        believed = Issuer(
            issuer.url, ("dev-cmsrunregistry-sso-proxy",), lambda: fetch_keys(issuer.keys_url)
        )
        with serving(Acting(registry), Identification(tokens=Tokens(believed))) as served:
            monkeypatch.setattr(places, "TOKEN_ADDRESS", issuer.url)
            audience = "dev-cmsrunregistry-sso-proxy"
            monkeypatch.setitem(compat._AUDIENCES, "development", (served.url, audience))
            monkeypatch.setenv("ENVIRONMENT", "development")
            monkeypatch.delenv("SSO_CLIENT_ID", raising=False)
            with pytest.raises(RunRegistryError, match="Set SSO_CLIENT_ID and SSO_CLIENT_SECRET"):
                compat.get_cycles()
            monkeypatch.setenv("SSO_CLIENT_ID", "scripts")
            monkeypatch.setenv("SSO_CLIENT_SECRET", "secret")
            assert compat.get_cycles() == []
            assert compat.change_run_class(OPEN_RUN, "Cosmics25")
            monkeypatch.setattr(places, "TOKEN_ADDRESS", "http://127.0.0.1:1")
            assert compat.get_cycles() == []
            compat.setup("development")
            with pytest.raises(RunRegistryError, match="gives no token"):
                compat.get_cycles()


def test_that_a_server_that_isn_t_there_or_is_another_is_told(monkeypatch):
    compat.use("http://127.0.0.1:1")
    with pytest.raises(RunRegistryError, match="can't be reached"):
        compat.get_runs()
    with scripted(answer(b"<html>log in", "text/html")) as server:
        compat.use(server.url)
        compat.get_cycles()
        with pytest.raises(RunRegistryError, match="isn't JSON"):
            compat.get_cycles()
    with scripted(answer(b'["x"]')) as server:
        compat.use(server.url)
        compat.get_cycles()
        with pytest.raises(RunRegistryError, match="no page of runs"):
            compat.get_runs()


def test_that_a_long_table_wants_a_filter():
    page = answer(json.dumps({"runs": [], "count": 20_001, "pages": 1}).encode())
    with scripted(page) as server:
        compat.use(server.url)
        compat.get_cycles()
        with pytest.warns(UserWarning, match="20001 runs take a while"):
            assert compat.get_runs(filter={}) == []
        with (
            pytest.warns(UserWarning, match="take a while"),
            pytest.raises(Exception, match="must pass a filter"),
        ):
            compat.get_runs()


def test_that_a_script_over_a_database_ends_by_itself(registry, dsn):
    script = f"""
from run_registry import compat as runregistry
runregistry.use({dsn!r})
print([run["run_number"] for run in runregistry.get_runs()])
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == (f"{[OPEN_RUN, SECOND, FIRST]}\n", "")
