"""The program on a guarded database: a person's login does what it did, no more and no less."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from sqlalchemy import text

from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.certification.dataset_tools import (
    ChangeStates,
    CopyColumns,
    Duplicate,
    Hide,
    SetColumns,
)
from app.domain.configuration.in_force import Kind
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.json_value import text_hash
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import rows, states
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange, texts_of
from app.services.acting import Acting, OfLogin
from app.services.agents import proposals, registry
from app.services.certification import cycles, datasets, runs
from app.services.configuration import edits, workspaces
from app.services.connections import trial
from app.services.editing import dataset_tools, drafts, lumisections, presence
from app.services.editing.drafts import Draft
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.history import undo
from app.services.pulling import runs as pull
from app.services.taking_in import Intake
from run_registry import Registry, RunRegistryError, Value
from run_registry.database import DatabaseSource
from tests.builders import a_run
from tests.conftest import TestServer
from tests.models.guard.attacks.said import DT, cells, covers, said
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import (
    EXPRESS,
    FIRST,
    LOGINS,
    OPEN_RUN,
    PROMPT,
    SECOND,
    address,
)
from tests.plain_folds import plain_datasets
from tests.services.offline_runs import newest_version

BAD = Triplet("BAD", "HV trip", "hv")
PEOPLE = [login for login in LOGINS if login != "g_gone"]


def acting_as(database: Database, *, claimed: frozenset[str] = frozenset()) -> Acting:
    """Who the database says acts, with e-groups that a forged client claims besides."""
    guard = database.guard
    assert guard is not None
    return Acting(database, Actor(guard.email, guard.egroups | claimed), client="pc")


def a_cell(run: int, name: str, column: str = "dt-dt", triplet: Triplet = BAD) -> ColumnEdit:
    return ColumnEdit(run, name, column, (LumiRange(4, 6),), triplet)


def _tool(tool: object) -> Callable[[Acting], object]:
    return lambda acting: dataset_tools.apply(acting, tool, reason="because")  # type: ignore[arg-type]


PAIR = ((FIRST, PROMPT), (FIRST, EXPRESS))

ACTIONS: dict[str, Callable[[Acting], object]] = {
    "move a run": lambda acting: runs.move(acting, OPEN_RUN, "SIGNOFF"),
    "reopen a run": lambda acting: runs.move(acting, FIRST, "OPEN"),
    "set a class": lambda acting: runs.edit_attribute(acting, OPEN_RUN, "class", "Cosmics25"),
    "edit online": lambda acting: lumisections.edit_columns(acting, [a_cell(OPEN_RUN, "online")]),
    "edit dt": lambda acting: lumisections.edit_columns(acting, [a_cell(FIRST, PROMPT)]),
    "edit csc": lambda acting: lumisections.edit_columns(
        acting, [a_cell(FIRST, PROMPT, "csc-csc")]
    ),
    "edit both": lambda acting: lumisections.edit_columns(
        acting, [a_cell(FIRST, PROMPT), a_cell(FIRST, PROMPT, "csc-csc")]
    ),
    "edit a bit": lambda acting: lumisections.edit_bits(
        acting,
        [BitEdit(OPEN_RUN, "online", "bpix_ready", (LumiRange(2, 3),), False)],
        comment="seen",
    ),
    "move dt": lambda acting: datasets.move(acting, [(FIRST, PROMPT)], "dt", "SIGNOFF"),
    "move csc": lambda acting: datasets.move(acting, [(FIRST, PROMPT)], "csc", "SIGNOFF"),
    "open what waits": lambda acting: datasets.move(acting, [(SECOND, PROMPT)], "global", "OPEN"),
    "duplicate": _tool(Duplicate(((FIRST, PROMPT),), "/ReReco/Collisions2025A/DQM", ("dt",))),
    "copy columns": _tool(CopyColumns(PAIR, PROMPT, EXPRESS, ("dt-dt",))),
    "set columns": _tool(SetColumns(PAIR, ("dt-dt",), "EXCLUDED")),
    "change states": _tool(ChangeStates(PAIR, "SIGNOFF", workspace="dt", from_states=("OPEN",))),
    "hide": _tool(Hide(PAIR)),
    "create a cycle": lambda acting: cycles.create(
        acting, "June", date(2026, 7, 1), ["dt"], [(FIRST, EXPRESS)]
    ),
    "add to a cycle": lambda acting: cycles.add(acting, 1, [(FIRST, EXPRESS)]),
    "take out of a cycle": lambda acting: cycles.remove(acting, 1, [(FIRST, PROMPT)]),
    "move all of a cycle": lambda acting: cycles.move_all(acting, 1, "dt", "SIGNOFF"),
    "rename a cycle": lambda acting: cycles.edit(acting, 1, name="Another"),
    "delete a cycle": lambda acting: cycles.delete(acting, 1),
    "add a permission": lambda acting: edits.add_item(
        acting, Kind.PERMISSION, {"egroup": "x", "routes": ["/cycles"]}
    ),
    "edit a permission": lambda acting: edits.edit_item(
        acting, Kind.PERMISSION, 2, {"routes": ["/cycles"]}
    ),
    "delete an accepted dataset": lambda acting: edits.delete_item(
        acting, Kind.DATASETS_ACCEPTED, 1
    ),
    "add a JSON configuration": lambda acting: edits.save_json_rule(
        acting, "mine", {"==": [{"var": "rr.dt-dt"}, "GOOD"]}, insist=True
    ),
    "add a column": lambda acting: workspaces.add_column(acting, "dt-new", online=False),
    "accept a proposal": lambda acting: proposals.accept(acting, [1]),
    "reject a proposal": lambda acting: proposals.reject(acting, [1]),
}


@contextmanager
def a_copy(server: TestServer, template: str) -> Iterator[Callable[[str], Database]]:
    """A guarded database of its own, as logins meet it."""
    name = server.create(template)
    opened: list[Database] = []

    def come_in(login: str) -> Database:
        database = Database(address(server.dsn(name), login))
        opened.append(database)
        database.prepare()
        return database

    try:
        yield come_in
    finally:
        for database in opened:
            database.close()
        server.drop(name)


BY_ANOTHER_ACTION = {
    "edit dt": {"g_tools"},
    "move dt": {"g_tools"},
    "move csc": {"g_tools"},
    "open what waits": {"g_tools"},
    "copy columns": {"g_dt"},
    "set columns": {"g_dt"},
    "change states": {"g_cycler"},
}
"""Who may write the very same content by another action: the database can't tell the two apart."""


@pytest.mark.parametrize("action", ACTIONS, ids=list(ACTIONS))
def test_that_services_and_database_allow_an_action_to_the_same_people(
    server: TestServer, guarded_template: str, action: str
) -> None:
    act, others = ACTIONS[action], BY_ANOTHER_ACTION.get(action, set())
    allowed: set[str] = set()
    left = list(PEOPLE)
    while left:
        with a_copy(server, guarded_template) as come_in:
            while left:
                login = left.pop(0)
                database = come_in(login)
                try:
                    act(acting_as(database))
                except NotPermitted:
                    if login not in others:
                        _is_refused(act, acting_as(database, claimed=frozenset({EXPERTS})))
                else:
                    # It is done: whoever comes next needs a database where it isn't.
                    allowed.add(login)
                    break
    assert "g_expert" in allowed
    assert "g_nobody" not in allowed


def _is_refused(act: Callable[[Acting], object], forged: Acting) -> None:
    before = newest_version(forged.db)
    with pytest.raises(Refused, match=r"may not (do|decide|say)"):
        act(forged)
    assert newest_version(forged.db) == before


def test_that_the_database_says_who_acts(come_in: Login) -> None:
    guard = come_in("g_expert").guard
    assert guard is not None
    assert (guard.email, guard.kind) == ("expert@cern.ch", "person")
    assert guard.egroups == {"cms-dqm-runregistry-experts"}
    assert guard.synced is not None


def test_that_a_login_nobody_named_is_told(come_in: Login) -> None:
    with pytest.raises(NotPermitted, match="stands for no person and no service"):
        come_in("g_stranger")


def test_that_a_puller_s_login_takes_in_what_others_wrote_and_a_person_s_is_refused(
    come_in: Login,
) -> None:
    with pytest.raises(Refused, match="the login of a puller"):
        Intake(come_in("g_shifter")).take_in()
    database = come_in("g_puller")
    intake = Intake(database)
    while intake.take_in().more:
        pass
    with database.read() as connection:
        keys = list(plain_datasets(connection))
        assert states.fresh_compact(connection, keys).keys() == set(keys)


def test_that_folds_and_records_of_a_guarded_edit_are_whole(come_in: Login) -> None:
    database = come_in("g_shifter")
    lumisections.edit_columns(acting_as(database), [a_cell(OPEN_RUN, "online")])
    version, by, _ = newest_version(database)
    assert by == "shifter@cern.ch"
    with database.read() as connection:
        who = connection.execute(
            text(
                "SELECT login::text, person, closed FROM guard.authentic"
                " WHERE atomic_version = :version"
            ),
            {"version": version},
        ).one()
        assert tuple(who) == ("g_shifter", "shifter@cern.ch", True)
        folded = plain_datasets(connection)
        assert folded[OPEN_RUN, "online"]
        marks = connection.execute(text("SELECT what, name FROM guard.unconfirmed")).all()
        assert {tuple(mark) for mark in marks} == {
            ("DatasetTripletCache", "online"),
            ("lumisection_state", "online"),
        }


def test_that_an_undo_works_with_a_persons_login(come_in: Login) -> None:
    database = come_in("g_expert")
    acting = acting_as(database)
    lumisections.edit_columns(acting, [a_cell(FIRST, PROMPT)])
    version, _, _ = newest_version(database)
    undo.undo(acting, version)
    assert newest_version(database)[2] != ""
    assert newest_version(database)[0] > version


def test_that_a_sign_off_lands_and_says_what_waits(come_in: Login) -> None:
    database = come_in("g_expert")
    acting = acting_as(database)
    moved = runs.move(acting, OPEN_RUN, "SIGNOFF")
    assert "No puller is running: it is done as soon as one is." in moved.text
    marked = runs.move(acting, OPEN_RUN, "OPEN")
    assert marked.state == "OPEN"


def test_that_drafts_and_presence_work_with_row_level_security(come_in: Login) -> None:
    mine, theirs = come_in("g_shifter"), come_in("g_expert")
    draft = Draft(OPEN_RUN, "online", (a_cell(OPEN_RUN, "online"),), 1)
    assert drafts.save(acting_as(mine), draft)
    assert [offer.draft.run_number for offer in drafts.offered(acting_as(mine))] == [OPEN_RUN]
    assert drafts.offered(acting_as(theirs)) == ()
    presence.open_dataset(acting_as(mine), (OPEN_RUN, "online"))
    other = replace(acting_as(theirs), client="another pc")
    others = {each.person for each in presence.others(other, (OPEN_RUN, "online"))}
    assert others - {"dt@cern.ch"} == {"shifter@cern.ch"}
    presence.heartbeat(acting_as(mine))
    presence.close_dataset(acting_as(mine))


def test_that_a_false_object_of_the_web_service_speaks_in_nobodys_name(come_in: Login) -> None:
    web, person = come_in("g_web"), come_in("g_shifter")
    good = texts_of([{"dt-dt": Triplet("STANDBY", "wanted")}])[0]
    bad = texts_of([{"dt-dt": Triplet("BAD", "not wanted")}])[0]
    with web.transaction() as connection:
        id_ = connection.execute(
            text(
                'INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash)'
                " VALUES (CAST(:bad AS jsonb), :hash) RETURNING id"
            ),
            {"bad": bad, "hash": text_hash(good)},
        ).scalar_one()
    with pytest.raises(Refused, match=f"other content, in row {id_}"):
        lumisections.edit_columns(
            acting_as(person),
            [a_cell(OPEN_RUN, "online", triplet=Triplet("STANDBY", "wanted"))],
        )


def test_that_the_web_login_writes_as_before_and_is_recorded(come_in: Login) -> None:
    web = come_in("g_web")
    with web.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Version" (atomic_version, "by", "createdAt")'
                " VALUES (900000, 'somebody@cern.ch', '2001-01-01')"
            )
        )
        who = connection.execute(
            text("SELECT login::text, person FROM guard.authentic WHERE atomic_version = 900000")
        ).one()
    assert tuple(who) == ("g_web", None)


def test_that_the_puller_pulls_signs_and_classifies(come_in: Login) -> None:
    puller = come_in("g_puller")
    outcome = pull.apply(Acting(puller), a_run(390004, 8))
    assert "created" in outcome.kind.value
    pull.apply(Acting(puller), a_run(390004, 12, last_update="2025-05-02T00:00:00Z"))
    with puller.read() as connection:
        folded = plain_datasets(connection)
    assert folded[390004, "online"]


def test_that_an_agent_writes_its_own_column_with_its_own_login(come_in: Login) -> None:
    agent = come_in("g_agent")
    with agent.transaction() as connection:
        ids = connection.execute(
            text("SELECT guard.json_ids(ARRAY[:good])"),
            {"good": texts_of([{"lumi-lumi": Triplet("GOOD")}])[0]},
        ).scalar_one()
        assert len(ids) == 1
    with pytest.raises(Refused, match="may not write a version in the name of auto@auto"):
        _append(agent, "auto@auto", {"lumi-lumi": Triplet("GOOD")})
    _append(agent, "auto@auto - dt-ml", {"lumi-lumi": Triplet("GOOD")})
    assert newest_version(agent)[1] == "auto@auto - dt-ml"
    with pytest.raises(Refused, match="is not registered to write dt-dt"):
        _append(agent, "auto@auto - dt-ml", {"dt-dt": Triplet("GOOD")})


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        (
            'INSERT INTO "Version" (atomic_version, "by", "createdAt")'
            " VALUES (:given, 'expert@cern.ch', '1999-01-01') RETURNING atomic_version,"
            ' "createdAt" = now()',
            1_000_000,
        ),
        (
            'INSERT INTO "Settings" SELECT :given, \'{"by": "expert@cern.ch"}\', \'1999-01-01\','
            ' "CCL_id", "CPCL_id", "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id"'
            ' FROM "Settings" RETURNING id, "createdAt" = now()',
            2_000_000_000,
        ),
        (
            'INSERT INTO "PermissionList" (id) VALUES (:given) RETURNING id, true',
            2_000_000_000,
        ),
        (
            "INSERT INTO \"Cycle\" VALUES (:given, 'x',"
            ' \'{"global_state": "pending", "dt_state": "pending"}\', now(),'
            " false, '1999-01-01', '1999-01-01') RETURNING id_cycle, \"createdAt\" = now()",
            2_000_000_000,
        ),
    ],
)
def test_that_numbers_and_times_are_the_servers(
    come_in: Login, statement: str, number: int
) -> None:
    with come_in("g_expert").transaction() as connection:
        made, now = connection.execute(text(statement), {"given": number}).one()
    assert made < number
    assert now


def test_that_an_agent_proposes_and_takes_back_with_its_own_login_and_for_itself_alone(
    come_in: Login,
) -> None:
    expert = acting_as(come_in("g_expert"))
    registry.register(expert, "rpc-ml", "1", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")])
    database = come_in("g_agent")
    agent = Acting(database, OfLogin(database))
    library = Registry(DatabaseSource(None, agent))
    own, other = library.agent("dt-ml"), library.agent("rpc-ml")
    said = own.propose([Value(OPEN_RUN, "online", "csc-csc", 2, 5, "BAD", "looks bad")])
    assert said.waiting == 1
    (waiting,) = own.proposals("open")
    assert waiting.ranges == ((2, 5),)
    with pytest.raises(RunRegistryError, match="g_agent may not act for the agent rpc-ml"):
        other.propose([Value(OPEN_RUN, "online", "dt-dt", 2, 5, "BAD", "looks bad")])
    with pytest.raises(Refused, match="g_agent may not do this"):
        proposals.accept(agent, [waiting.number])
    assert own.propose([], judged=[(OPEN_RUN, "online", "csc-csc")]).withdrawn == 1
    assert own.proposals("open") == ()


def test_that_only_who_may_make_logins_gives_one_to_an_agent(come_in: Login) -> None:
    acting = acting_as(come_in("g_expert"))
    columns = [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
    with pytest.raises(Refused, match="Leave it to an administrator"):
        registry.register(acting, "rpc-ml", "1", columns, login="g_rpc")
    assert "rpc-ml" not in {each.agent.name for each in registry.registered(acting)}
    made = registry.register(acting, "rpc-ml", "1", columns)
    assert made.agent.owner == "expert@cern.ch"


def _append(database: Database, by: str, values: dict[str, object]) -> None:
    with begin(database, [FIRST]) as action:
        change = LumisectionChange(FIRST, PROMPT, [(values, (LumiRange(1, 4),))])
        action.append(by, "a machine says so", [change])


def test_that_two_who_act_at_once_are_judged_one_after_the_other(come_in: Login) -> None:
    expert, shifter = come_in("g_expert"), come_in("g_shifter")
    with ThreadPoolExecutor(1) as pool:
        with expert.transaction() as first:
            version = first.execute(
                text(
                    'INSERT INTO "Version" ("by", "createdAt") VALUES (\'expert@cern.ch\', now())'
                    " RETURNING atomic_version"
                )
            ).scalar_one()
            number = first.execute(
                text('INSERT INTO "Event" (atomic_version) VALUES (:v) RETURNING version'),
                {"v": version},
            ).scalar_one()
            first.execute(
                text(
                    "INSERT INTO \"RunEvent\" VALUES (:e, :run, '{}',"
                    ' \'{"state": "SIGNOFF"}\', false, true)'
                ),
                {"e": number, "run": OPEN_RUN},
            )
            late = pool.submit(_edit_in_sql, shifter)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.5)
        with pytest.raises(Refused, match="must be OPEN"):
            late.result()


def _edit_in_sql(database: Database) -> None:
    """An edit by a client that takes none of our locks."""
    with database.transaction() as connection:
        connection.exec_driver_sql(
            said(cells(DT, "online", OPEN_RUN), "shifter@cern.ch") + covers(1)
        )


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("g_nobody", "You are nobody@cern.ch, login g_nobody (no e-groups: reading only)."),
        ("g_puller", "You are the login g_puller, a service of kind puller."),
    ],
)
def test_that_the_trial_of_a_connection_says_who_comes_in(guarded_dsn: str, login: str, said: str):
    tried = trial.try_address(address(guarded_dsn, login))
    assert [each.text for each in tried.findings if each.about == "person"] == [said]


def test_that_who_can_t_make_logins_is_told_how_an_agent_gets_one(come_in: Login) -> None:
    acting = acting_as(come_in("g_expert"))
    proposes = [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
    with pytest.raises(Refused, match="logins add dt_new --kind agent --agent dt-new"):
        registry.register(acting, "dt-new", "1", proposes, login="dt_new")


def test_that_no_odd_value_of_others_takes_the_right_to_act_from_anybody(
    come_in: Login, guarded_dsn: str
) -> None:
    """The web service stores what it likes, and the owner may have done so."""
    before = come_in("g_expert").egroups_for("/permissions")
    with psycopg.connect(guarded_dsn) as control:
        control.execute("SET LOCAL session_replication_role = replica")
        for egroup, routes in (("tools", "5"), ("cyclers", '{"a": 1}')):
            changed = control.execute(
                'UPDATE "Permission" SET routes = %s WHERE egroup = %s', [routes, egroup]
            )
            assert changed.rowcount
        for values in ("5", "null", "[5]"):
            control.execute(
                'WITH made AS (INSERT INTO "Event" (atomic_version) SELECT max(atomic_version)'
                ' FROM "Version" RETURNING version) INSERT INTO "DatasetEvent"'
                " (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)"
                " SELECT version, %s, %s, %s, %s, false FROM made",
                [FIRST, PROMPT, values, values],
            )
    for login in ("g_expert", "g_dt"):
        client = come_in(login)
        assert client.egroups_for("/permissions") == before
        lumisections.edit_columns(acting_as(client), [a_cell(FIRST, PROMPT)])
    datasets.move(acting_as(come_in("g_expert")), [(FIRST, PROMPT)], "dt", "SIGNOFF")
    with come_in("g_expert").read() as connection:
        attributes = rows.datasets_of_run(connection, FIRST)[PROMPT].attributes
    assert (attributes["dt_state"], attributes["global_state"]) == ("SIGNOFF", "OPEN")
