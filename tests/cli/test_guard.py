"""What the administrator of a database types, and what people then read."""

import psycopg
import pytest

from app.models.database.engine import Database
from tests.cli.conftest import PERSON
from tests.models.guard.guarded import DBA, OPEN_RUN, address


def test_that_an_administrator_guards_a_database_in_a_few_commands(
    run_registry, administer, unguarded, tmp_path
):
    club = f"c_{unguarded.partition('?')[0].rpartition('/')[2]}"
    before = run_registry("--dsn", unguarded, "whoami").out
    assert "not proved there: this database has no guard" in before
    assert PERSON in before

    assert "CREATE SCHEMA guard" in administer("db", "guard", "install", "--print").out
    assert administer("db", "guard", "check").code == 1
    assert administer("db", "guard", "install").code == 0
    again = administer("db", "guard", "install")
    assert (again.code, "db upgrade" in again.err) == (1, True)

    added = administer("people", "add", "g_shifter", "--email", "shifter@cern.ch", "--name", "S.")
    assert added.out == "The login g_shifter now stands for shifter@cern.ch.\n"
    assert administer("logins", "add", "g_puller", "--kind", "puller").code == 0
    members = tmp_path / "members.csv"
    # One that no permission names is shown, too.
    tea = f"tea_{club}"
    members.write_text(f"egroup,login\n{club},g_shifter\n{club},g_unknown\n{tea},g_shifter\n")
    planned = administer("egroups", "sync", "--file", members, "--dry-run", "--json").document
    assert planned["joins"] == [[club, "g_shifter"], [tea, "g_shifter"]]
    assert planned["unknown"] == ["g_unknown"]
    assert planned["dry"]
    done = administer("egroups", "sync", "--file", members, "--json").document
    assert done["joins"] == planned["joins"]
    nothing = administer("egroups", "sync", "--file", members, "--json").document
    assert (nothing["joins"], nothing["leaves"]) == ([], [])

    who = run_registry("--dsn", address(unguarded, "g_shifter"), "whoami", "--json").document
    assert (who["email"], who["egroups"]) == ("shifter@cern.ch", [club, tea])
    assert (who["login"], who["kind"], who["proved"]) == ("g_shifter", "person", True)
    assert who["synced"] is not None
    # Whoever the settings claim to be, the login decides.
    edited = run_registry(
        "--dsn", address(unguarded, "g_shifter"), "--as-user", "boss@cern.ch",
        "runs", "class", OPEN_RUN, "Cosmics25",
    )  # fmt: skip
    assert edited.code == 1
    assert "shifter@cern.ch may not do this" in edited.err
    # Where to ask for the right.
    page = (
        "https://e-groups.cern.ch/e-groups/Egroup.do?egroupName=cms-dqm-runregistry-experts&tab=3"
    )
    assert f"e-group cms-dqm-runregistry-experts: {page}" in edited.err
    shifter = ("--dsn", address(unguarded, "g_shifter"))
    asked = run_registry(*shifter, "runs", "refresh", OPEN_RUN)
    assert (asked.code, asked.out.startswith("No puller is running")) == (1, True)
    left = run_registry(*shifter, "runs", "refresh", OPEN_RUN, "--no-wait", "--json")
    assert (left.code, left.document["outcome"]) == (0, "waiting")
    wishes = run_registry(*shifter, "wishes", "list", "--json").document["wishes"]
    assert [each["state"] for each in wishes] == ["waiting", "waiting"]
    pulled = run_registry(*shifter, "pull", "--run", "390020", "--no-wait", "--json")
    assert (pulled.code, pulled.document["outcome"]) == (0, "waiting")
    newest = run_registry(*shifter, "wishes", "list", "--json").document["wishes"]
    assert any("pull run 390020" in each["words"] for each in newest)
    _claims_lists(run_registry, unguarded)
    nobody = run_registry(*shifter, "puller", "health")
    assert (nobody.code, nobody.out.startswith("PULLER CRITICAL: No puller")) == (1, True)


def _claims_lists(run_registry, unguarded):
    """A list is unconfirmed until a puller has made it again; only experts ask for more."""
    shifter = ("--dsn", address(unguarded, "g_shifter"))
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute(
            "INSERT INTO guard.claimed_json VALUES (9000, 'g_shifter');"
            "INSERT INTO record.golden_json_check (generated_json_id, equal, differing,"
            " program_version) VALUES (9000, false, 'the list', '1')"
        )
        shown = run_registry(*shifter, "golden", "show", "9000")
        assert "checked   Differs from the events: the list. The puller found it at" in shown.out
        (listed,) = run_registry(*shifter, "golden", "list", "--json").document["golden_jsons"]
        assert (listed["checked"], listed["differing"]) == ("differs", "the list")
        assert "differs" in run_registry(*shifter, "golden", "list").out
    refused = run_registry(*shifter, "golden", "official", "9000")
    assert (refused.code, "may mark a golden JSON as official" in refused.err) == (1, True)


def test_that_people_come_and_go(run_registry, administer, unguarded):
    administer("db", "guard", "install")
    administer("people", "add", "g_dt", "--email", "dt@cern.ch")
    taken = administer("people", "add", "g_expert", "--email", "DT@cern.ch")
    assert (taken.code, "is that of another login" in taken.err) == (1, True)
    robot = administer("people", "add", "g_expert", "--email", "auto@auto.ch")
    assert robot.code == 1
    listed = administer("people", "list", "--json").document["people"]
    assert [(each["login"], each["active"]) for each in listed] == [("g_dt", True)]
    assert run_registry("--dsn", address(unguarded, "g_dt"), "runs", "list").code == 0
    assert administer("people", "disable", "g_dt").code == 0
    gone = run_registry("--dsn", address(unguarded, "g_dt"), "runs", "list")
    assert "stands for no person" in gone.err
    assert administer("people", "disable", "g_nobody").code == 1
    assert administer("people", "add", "run_registry_guard", "--email", "a@b.ch").code == 1
    assert administer("logins", "add", "g_agent", "--kind", "agent").code == 1
    assert administer("logins", "add", "g_agent", "--kind", "agent", "--agent", "dt-ml").code == 0
    services = administer("logins", "list", "--json").document["logins"]
    assert [(each["login"], each["agent"]) for each in services] == [("g_agent", "dt-ml")]


def test_that_the_closed_list_is_compared_with_what_is_granted(administer, unguarded):
    administer("db", "guard", "install")
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute("REVOKE pg_signal_backend FROM run_registry_pullers")
        (lacking,) = administer("db", "guard", "check", "--json").document["problems"]
        assert lacking.endswith("has to say GRANT pg_signal_backend TO run_registry_pullers")
        control.execute("GRANT pg_signal_backend TO run_registry_pullers")
    whole = administer("db", "guard", "check", "--json").document
    assert (whole["missing"], whole["extra"]) == ([], [])
    assert (whole["problems"], whole["whole"]) == ([], True)
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute('GRANT UPDATE ON "Version" TO run_registry_people')
        control.execute('REVOKE INSERT ON "Event" FROM run_registry_people')
        control.execute('ALTER TABLE "Event" DISABLE TRIGGER guard_after_insert_on_event')
        control.execute("ALTER TABLE desk.draft DISABLE ROW LEVEL SECURITY")
        control.execute("GRANT EXECUTE ON FUNCTION desk.count_summary TO PUBLIC")
        control.execute("REVOKE EXECUTE ON FUNCTION desk.count_older FROM run_registry_pullers")
    found = administer("db", "guard", "check", "--json").document
    assert found["extra"] == [
        'run_registry_people: UPDATE on public."Version"',
        "PUBLIC: EXECUTE on desk.count_summary()",
    ]
    assert found["missing"] == [
        'run_registry_people: INSERT on public."Event"',
        "run_registry_pullers: EXECUTE on desk.count_older(integer)",
    ]
    assert len(found["problems"]) == 2
    assert administer("db", "upgrade").code == 0
    assert administer("db", "guard", "check", "--json").document["missing"] == []


def test_that_a_guarded_database_is_upgraded_while_a_person_works(
    administer, run_registry, unguarded
):
    administer("db", "guard", "install")
    administer("people", "add", "g_expert", "--email", "expert@cern.ch")
    person = Database(address(unguarded, "g_expert"))
    person.prepare()
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute("DROP SCHEMA desk CASCADE")
    # A person's client makes nothing: it works slower until the administrator has.
    other = Database(address(unguarded, "g_expert"))
    assert not other.prepare()
    other.close()
    assert administer("db", "upgrade").out.startswith("Brought the guard")
    assert person.prepare()
    person.close()
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute("INSERT INTO guard.version (number) VALUES (99)")
    newer = administer("db", "upgrade")
    assert (newer.code, "update the program first" in newer.err) == (1, True)


def test_that_old_privileges_are_taken_away_and_the_web_service_goes_on(
    administer, run_registry, unguarded
):
    with psycopg.connect(unguarded, autocommit=True) as control:
        for login in ("g_stranger", "g_web"):
            control.execute(
                f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {login}"
            )
        control.execute('GRANT UPDATE (routes) ON "Permission" TO g_stranger')
    assert administer("db", "guard", "install", "--web", "g_web").code == 0
    assert administer("db", "guard", "check", "--json").document["extra"] == []
    with psycopg.connect(address(unguarded, "g_web"), autocommit=True) as web:
        web.execute('INSERT INTO "Version" ("by", "createdAt") VALUES (\'a@b.ch\', now())')
    with psycopg.connect(address(unguarded, "g_stranger"), autocommit=True) as old:
        for statement in (
            'UPDATE "Permission" SET routes = \'[".*"]\'',
            'UPDATE "Settings" SET id = id',
            'INSERT INTO "Version" ("by", "createdAt") VALUES (\'a@b.ch\', now())',
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                old.execute(statement)


def test_that_the_guard_goes_only_when_that_is_meant(administer, run_registry, unguarded):
    administer("db", "guard", "install")
    assert administer("db", "guard", "remove").code == 2
    removed = administer("db", "guard", "remove", "--forget-who-wrote")
    assert (removed.code, "give them back to the web service" in removed.out) == (0, True)
    assert administer("db", "guard", "remove", "--forget-who-wrote").code == 1
    with psycopg.connect(unguarded) as control:
        left = control.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'guard%'")
        assert left.fetchall() == []
        callers = control.execute(
            "SELECT DISTINCT grantee FROM pg_proc, aclexplode(proacl)"
            " WHERE pronamespace = 'desk'::regnamespace AND grantee <> proowner"
        )
        assert callers.fetchall() == [(0,)]
    assert run_registry("--dsn", address(unguarded, DBA), "runs", "list").code == 0
    assert administer("db", "guard", "install").code == 0


def test_that_who_does_not_own_the_tables_installs_nothing(run_registry, unguarded):
    refused = run_registry("--dsn", address(unguarded, "g_expert"), "db", "guard", "install")
    assert refused.code == 1


@pytest.mark.parametrize(
    "content", ["", "who,what\n", "egroup,login\n", "egroup,login\n,x\n", "egroup,login\na,b,c\n"]
)
def test_that_a_file_of_members_that_says_nothing_is_refused(administer, tmp_path, content):
    administer("db", "guard", "install")
    members = tmp_path / "members.csv"
    members.write_text(content)
    assert administer("egroups", "sync", "--file", members).code == 1


def test_that_where_nothing_of_run_registry_is_there_is_nothing_to_guard(run_registry, server):
    name = server.create()
    try:
        refused = run_registry("--dsn", server.dsn(name), "db", "guard", "install")
        assert (refused.code, "no tables of Run Registry to guard" in refused.err) == (1, True)
        with psycopg.connect(server.dsn(name)) as control:
            assert control.execute("SELECT to_regnamespace('desk')").fetchone() == (None,)
    finally:
        server.drop(name)


def test_that_a_guard_is_upgraded_and_removed_by_whoever_may_make_no_schemas(administer, unguarded):
    """As after a restore, which leaves out the privileges of the database itself."""
    owned = (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO {}', current_database()); END $$"
    )
    with psycopg.connect(unguarded, autocommit=True) as control:
        control.execute(owned.format("CURRENT_USER"))
        refused = administer("db", "guard", "install")
        assert refused.code == 1
        assert "says GRANT CREATE ON DATABASE" in refused.err
        control.execute(owned.format("g_owner"))
        assert administer("db", "guard", "install").code == 0
        control.execute(owned.format("CURRENT_USER"))
        control.execute("DELETE FROM guard.version")
        control.execute("INSERT INTO guard.version (number) VALUES (1)")
    assert administer("db", "upgrade").code == 0
    assert administer("db", "guard", "check", "--json").document["missing"] == []
    assert administer("db", "guard", "remove", "--forget-who-wrote").code == 0
