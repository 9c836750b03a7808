"""A door on a guarded database: its login names the person, and the database judges."""

import pytest

from app.domain.identity import Actor
from app.door import asking
from app.door.identity import Identification
from app.models.database.engine import Database
from app.models.guard import logins
from app.services.acting import Acting, OfLogin
from tests.door.serving import behind_proxy, by_proxy, serving
from tests.models.guard.guarded import DBA, EXPRESS, FIRST, OPEN_RUN, PROMPT, address, build
from tests.services.offline_runs import newest_version


@pytest.fixture(scope="module")
def guarded(server, template):
    """Address of a guarded database with runs and datasets."""
    name = server.create(template)
    dsn = server.dsn(name)
    database = Database(dsn)
    database.prepare()
    build(database, dsn)
    database.close()
    yield dsn
    server.drop(name)


@pytest.fixture
def door(guarded):
    """The database as the login of a door sees it."""
    database = Database(address(guarded, "g_door"))
    database.prepare()
    yield database
    database.close()


def edit(name: str, component: str, status: str = "GOOD", run: int = FIRST) -> dict:
    return {
        "run_number": run,
        "dataset_name": name,
        "component": component,
        "new_lumisection_range": {"start": 1, "end": 2, "status": status, "comment": "by http"},
    }


EDIT = "/lumisections/edit_rr_lumisections"


def test_that_the_login_of_a_door_stands_for_nobody_and_reads(door):
    assert door.guard.kind == "door"
    with serving(Acting(door), behind_proxy()) as served:
        found = served.post("/runs_filtered_ordered", {"filter": {"run_number": FIRST}})
        assert found.json["count"] == 1
        assert served.put(EDIT, edit(PROMPT, "dt-dt")).json == {
            "err": "Request must provide email and egroups"
        }


def test_that_the_person_writes_with_the_e_groups_of_the_database(door):
    # What the proxy says of e-groups doesn't count.
    with serving(Acting(door), behind_proxy()) as served:
        done = served.put(
            EDIT, edit(PROMPT, "dt-dt", "BAD"), headers=by_proxy("dt@cern.ch", "whatever")
        )
        assert (done.status, done.json["manual_change"]) == (200, True), done
        assert newest_version(door)[1] == "dt@cern.ch"

        refused = served.put(
            EDIT,
            edit(PROMPT, "csc-csc"),
            headers=by_proxy("dt@cern.ch", "cms-dqm-runregistry-experts"),
        )
        assert refused.status == 401
        assert "cms-dqm-runregistry-experts" in refused.json["message"]


def test_that_an_expert_moves_datasets_and_makes_lists(door):
    with serving(Acting(door), behind_proxy()) as served:
        expert = by_proxy("expert@cern.ch", "")
        moved = served.post(
            "/datasets/dt/move_dataset/OPEN/SIGNOFF",
            {"run_number": FIRST, "dataset_name": PROMPT, "workspace": "dt"},
            headers=expert,
        )
        assert moved.status == 200, moved
        assert moved.json["dataset_attributes"]["dt_state"] == "SIGNOFF"
        rule = '{"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}'
        made = served.post(
            "/json_portal/generate",
            {"json_logic": rule, "dataset_name_filter": PROMPT},
            headers=expert,
        )
        assert made.status == 200, made
        got = served.post("/json_portal/json", {"id_json": made.json["id"]})
        assert got.json["final_json"]["created_by"] == "expert@cern.ch"


@pytest.mark.parametrize("email", ["gone@cern.ch", "nobody.knows@cern.ch"])
def test_that_whom_the_database_does_not_know_writes_nothing(door, email):
    before = newest_version(door)
    with serving(Acting(door), behind_proxy()) as served:
        refused = served.put(EDIT, edit(PROMPT, "dt-dt"), headers=by_proxy(email))

    assert refused.status == 500
    assert "names no person" in refused.json["err"]
    assert newest_version(door) == before


def test_that_a_refresh_is_asked_of_the_puller_in_the_person_s_name(door):
    with serving(Acting(door), behind_proxy()) as served:
        answer = served.post(f"/runs/refresh_run/{OPEN_RUN}", headers=by_proxy("expert@cern.ch"))

    assert (answer.status, answer.json["run_number"]) == (200, OPEN_RUN)
    with door.read() as connection:
        wishes = connection.exec_driver_sql('SELECT kind, "by" FROM record.wish').all()
    assert wishes == [("refresh", "expert@cern.ch")]


def test_that_the_login_of_a_person_acts_for_that_person_alone(guarded):
    database = Database(address(guarded, "g_dt"))
    database.prepare()
    try:
        own = Identification(runs_it=Actor("dt@cern.ch", frozenset()))
        with serving(Acting(database), own) as served:
            assert served.put(EDIT, edit(EXPRESS, "dt-dt")).status == 200
        with serving(Acting(database), behind_proxy()) as served:
            refused = served.put(EDIT, edit(EXPRESS, "dt-dt"), headers=by_proxy("expert@cern.ch"))
            assert refused.status == 401
            assert "kind door" in refused.json["message"]
    finally:
        database.close()


def test_that_a_door_with_the_login_of_a_person_goes_by_the_new_e_groups(
    guarded, server, monkeypatch
):
    monkeypatch.setattr(asking, "_FRESH_S", 0.0)
    database = Database(address(guarded, "g_cycler"))
    database.prepare()
    administrator = Database(address(guarded, DBA))

    def synchronise(*members):
        wanted = {"dt-experts": set(members)}
        with administrator.transaction() as connection:
            changes = logins.plan_egroups(connection, wanted)
            logins.apply_egroups(connection, wanted, changes, "test")

    def put(served):
        headers = by_proxy("cycler@cern.ch", "whatever")
        return served.put(EDIT, edit(EXPRESS, "dt-dt", "BAD"), headers=headers)

    with server.alone_with_egroups():
        try:
            with serving(Acting(database, OfLogin(database)), behind_proxy()) as served:
                assert put(served).status != 200
                synchronise("g_dt", "g_cycler")
                assert put(served).status == 200
                synchronise("g_dt")
                assert put(served).status != 200
        finally:
            synchronise("g_dt")
            administrator.close()
            database.close()
