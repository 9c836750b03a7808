"""Attacks by what a server can do beside SQL on tables: COPY, large objects, replication, roles."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import (
    CSC,
    DENIED,
    DT,
    NOT_OF_NOW,
    NOTHING,
    Attack,
    cells,
    covers,
    event,
    said,
    version,
)
from tests.models.guard.guarded import FIRST, OPEN_RUN

_LOGINS = ("g_dt", "g_expert", "g_puller", "g_agent", "g_door", "g_web")
_IN_ITS_OWN_WORLD = "can't write here: it doesn't see which rights"
_CSC_COVERED = said(cells(CSC)) + covers(1)


def _switches() -> Iterator[Attack]:
    """Having no trigger called at all."""
    for login in _LOGINS:
        yield Attack(login, "SET LOCAL session_replication_role = replica", DENIED)
        yield Attack(
            login, "SELECT set_config('session_replication_role', 'replica', false)", DENIED
        )
        yield Attack(login, f"ALTER ROLE {login} SET session_replication_role = replica", DENIED)
        for table in ('public."Version"', 'public."Run"', "record.wish", "guard.authentic"):
            yield Attack(
                login,
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                "must be owner|permission denied",
            )
        yield Attack(
            login, 'ALTER TABLE "Version" DISABLE TRIGGER guard_after_insert_on_version', "must be"
        )
        yield Attack(
            login, 'DROP TRIGGER guard_after_insert_on_version ON "Version"', "must be owner"
        )
        yield Attack(
            login,
            "ALTER FUNCTION guard.acting() RESET ALL",
            "must be owner|permission denied",
        )


def _roles() -> Iterator[Attack]:
    """One role after the other, as far as it goes."""
    for chain in (
        ("run_registry_people",),
        ("dt-experts",),
        ("run_registry_people", "dt-experts"),
        ("dt-experts", "NONE"),
        ("run_registry_people", "g_dt"),
    ):
        taken = "".join(
            f"SET ROLE {name if name == 'NONE' else chr(34) + name + chr(34)};" for name in chain
        )
        yield Attack("g_dt", taken + _CSC_COVERED, "may not do this|permission denied")
    for role in ("run_registry_web", "run_registry_pullers", "run_registry_doors", "g_owner"):
        yield Attack("g_dt", f"SET ROLE run_registry_people; SET ROLE {role}", DENIED)
    yield Attack("g_web", "SET ROLE g_owner", DENIED)
    yield Attack("g_web", "SET ROLE run_registry_guard", DENIED)
    # The door names persons; a person who says so names nobody.
    yield Attack(
        "g_dt",
        "SELECT set_config('guard.person', 'expert@cern.ch', true);" + _CSC_COVERED,
        "may not do this",
    )


def _isolation() -> Iterator[Attack]:
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        for login in ("g_dt", "g_expert", "g_agent", "g_puller"):
            yield Attack(
                login, f"SET TRANSACTION ISOLATION LEVEL {level};" + version(), _IN_ITS_OWN_WORLD
            )
        yield Attack(
            "g_dt",
            f'SET TRANSACTION ISOLATION LEVEL {level}; UPDATE "Run" SET deleted = true'
            f" WHERE run_number = {OPEN_RUN}",
            _IN_ITS_OWN_WORLD,
        )
        yield Attack(
            "g_dt",
            f"SET TRANSACTION ISOLATION LEVEL {level}; INSERT INTO record.wish (kind, arguments,"
            f" \"by\") VALUES ('pull', '{{\"run\": {OPEN_RUN}}}', 'x')",
            _IN_ITS_OWN_WORLD,
        )
    yield Attack("g_dt", "SET TRANSACTION READ ONLY;" + version(), "read-only transaction")
    yield Attack(
        "g_dt",
        "SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ; SELECT 1;"
        "SET TRANSACTION READ WRITE",
        "must be set before any query",
    )


def _copied() -> Iterator[Attack]:
    """COPY from where a server reads, and what it may write there."""
    for login in _LOGINS:
        yield Attack(login, "COPY \"Version\" FROM '/tmp/versions'", DENIED)
        yield Attack(login, "COPY \"Version\" FROM PROGRAM 'cat'", DENIED)
        yield Attack(login, "COPY (SELECT 1) TO '/tmp/mine'", DENIED)
        yield Attack(login, "COPY (SELECT 1) TO PROGRAM 'cat'", DENIED)
    yield Attack("g_expert", 'COPY "JSONBDeduplication" FROM STDIN', DENIED)
    yield Attack("g_expert", "COPY guard.authentic FROM STDIN", DENIED)
    yield Attack("g_expert", "COPY guard.person TO STDOUT", DENIED)


def _merged() -> Iterator[Attack]:
    one = "USING (SELECT 1) AS one ON false WHEN NOT MATCHED THEN INSERT"
    yield Attack(
        "g_dt",
        f"MERGE INTO \"Version\" {one} (\"by\", comment) VALUES ('expert@cern.ch', 'x')",
        "in the name of expert@cern.ch",
    )
    yield Attack(
        "g_dt", f'MERGE INTO "Event" {one} (atomic_version) VALUES (1)', "is not one of this"
    )
    yield Attack(
        "g_dt",
        f'MERGE INTO "Permission" {one} (egroup, routes, "createdAt") VALUES'
        " ('dt-experts', '[\".*\"]'::jsonb, now());"
        f'MERGE INTO "PermissionEntries" {one} (id, "PL_id") VALUES'
        " (currval('\"Permission_id_seq\"'), 1)",
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        'MERGE INTO "Version" AS known USING (SELECT 1) AS one ON known.atomic_version = 1'
        " WHEN MATCHED THEN UPDATE SET comment = 'x'",
        DENIED,
    )
    yield Attack(
        "g_dt",
        'MERGE INTO "Run" AS known USING (SELECT 1) AS one ON known.run_number ='
        f" {FIRST} WHEN MATCHED THEN DELETE",
        DENIED,
    )


def _conflicting() -> Iterator[Attack]:
    """A row that is there already, and what is written over it."""
    yield Attack(
        "g_dt",
        'INSERT INTO "Version" (atomic_version, "by", comment, "createdAt") VALUES'
        " (1, 'dt@cern.ch', 'x', now()) ON CONFLICT (atomic_version) DO UPDATE SET comment = 'x'",
        DENIED,
    )
    yield Attack(
        "g_dt",
        version()
        + event()
        + cells(DT).rstrip(";")
        + " ON CONFLICT (version) DO UPDATE SET lumisection_metadata_id = 1",
        DENIED,
    )
    yield Attack(
        "g_dt",
        f'INSERT INTO "Run" VALUES ({FIRST}, \'{{}}\', \'{{"state": "OPEN"}}\', 1, true)'
        " ON CONFLICT (run_number) DO UPDATE SET rr_attributes = EXCLUDED.rr_attributes,"
        " deleted = true",
        NOTHING,
    )
    yield Attack(
        "g_dt",
        "INSERT INTO guard.unconfirmed VALUES ('x', 1, 'x', 'x', now()) ON CONFLICT DO NOTHING",
        DENIED,
    )


def _beside_the_tables() -> Iterator[Attack]:
    for login in ("g_dt", "g_expert", "g_web"):
        yield Attack(login, "SELECT lo_import('/etc/passwd')", DENIED)
        yield Attack(
            login, "SELECT pg_create_logical_replication_slot('m', 'test_decoding')", DENIED
        )
        yield Attack(login, "SELECT pg_create_physical_replication_slot('m')", DENIED)
        yield Attack(login, 'CREATE PUBLICATION mine FOR TABLE "Version"', DENIED)
        yield Attack(login, "CREATE EVENT TRIGGER mine ON sql_drop EXECUTE FUNCTION now()", DENIED)
        yield Attack(login, "SELECT pg_read_file('/etc/passwd')", DENIED)
        yield Attack(
            login,
            "DO $mine$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role ="
            " replica', current_database()); END $mine$",
            "must be owner",
        )
        yield Attack(login, "LOAD '$libdir/plugins/mine'", "could not access|permission denied")
    # A large object belongs to whoever made it, and says nothing.
    yield Attack("g_dt", "SELECT lo_from_bytea(0, 'mine')", NOTHING)
    yield Attack("g_dt", "SELECT pg_logical_emit_message(true, 'mine', 'x')", NOTHING)
    yield Attack("g_dt", "LOCK TABLE guard.authentic IN ACCESS EXCLUSIVE MODE", DENIED)
    yield Attack("g_dt", 'LOCK TABLE "Version" IN ACCESS EXCLUSIVE MODE', DENIED)


def _shadows() -> Iterator[Attack]:
    """Own objects with the names of what the guard asks."""
    for name, made in {
        "pg_roles": "CREATE TEMP TABLE pg_roles AS SELECT 'dt-experts'::name AS rolname,"
        " false AS rolcanlogin, 1::oid AS oid",
        "word": "CREATE TEMP TABLE word (kind text, word text)",
        "Settings": 'CREATE TEMP TABLE "Settings" (id int, "PL_id" int)',
        "jsonb": "CREATE TYPE pg_temp.jsonb AS ENUM ('x')",
        "operator": "CREATE FUNCTION pg_temp.yes(text, text) RETURNS boolean LANGUAGE sql AS"
        " 'SELECT true'; CREATE OPERATOR pg_temp.~ (LEFTARG = text, RIGHTARG = text,"
        " FUNCTION = pg_temp.yes)",
        "current_setting": "CREATE FUNCTION pg_temp.current_setting(text) RETURNS text LANGUAGE sql"
        " AS $own$ SELECT text 'read committed' $own$",
    }.items():
        yield Attack("g_dt", f"{made};{_CSC_COVERED} -- {name}", "may not do this")


def server() -> Iterator[Attack]:
    for part in (
        _switches,
        _roles,
        _isolation,
        _copied,
        _merged,
        _conflicting,
        _beside_the_tables,
        _shadows,
    ):
        yield from part()
