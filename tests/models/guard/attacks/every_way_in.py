"""Attacks on every table, the guard's own objects, and what shadows them."""

from collections.abc import Iterator

from app.models.schemas import desk, record, seal, tables
from tests.models.guard.attacks.said import (
    CSC,
    DENIED,
    NOTHING,
    Attack,
    cells,
    covers,
    said,
    triplet,
)


def every_table() -> Iterator[Attack]:
    for table in tables.metadata.tables:
        yield Attack("g_expert", f'TRUNCATE "{table}" CASCADE', DENIED)
        yield Attack("g_stranger", f'SELECT count(*) FROM "{table}"', DENIED)
        if table not in {"Run", "Dataset", "DatasetTripletCache", "Cycle", "GeneratedJson"}:
            column = next(iter(tables.metadata.tables[table].columns.keys()))
            yield Attack("g_expert", f'UPDATE "{table}" SET "{column}" = "{column}"', DENIED)
        if table != "CycleDataset":
            yield Attack("g_expert", f'DELETE FROM "{table}"', DENIED)
        yield Attack("g_agent", f'DELETE FROM "{table}"', DENIED)
    for table in record.OWN.privileges:
        yield Attack("g_expert", f"DELETE FROM record.{table}", DENIED)
        yield Attack("g_expert", f"TRUNCATE record.{table} CASCADE", DENIED)
    for table in desk.OWN.privileges:
        yield Attack("g_expert", f"TRUNCATE desk.{table}", DENIED)
    for table in seal.OWN.privileges:
        yield Attack("g_expert", f"DELETE FROM seal.{table}", DENIED)
        yield Attack("g_expert", f"TRUNCATE seal.{table}", DENIED)
        yield Attack("g_puller", f"DELETE FROM seal.{table}", DENIED)
        yield Attack("g_web", f"INSERT INTO seal.{table} DEFAULT VALUES", DENIED)
        yield Attack("g_agent", f"INSERT INTO seal.{table} DEFAULT VALUES", DENIED)
        if table != "list_root":
            yield Attack("g_expert", f"INSERT INTO seal.{table} DEFAULT VALUES", DENIED)
    for table in ("person", "service", "authentic", "action", "need", "word", "egroup", "version"):
        yield Attack("g_expert", f"DELETE FROM guard.{table}", DENIED)
        yield Attack("g_puller", f"TRUNCATE guard.{table} CASCADE", DENIED)
    for table in ("person", "service"):
        yield Attack("g_expert", f"SELECT * FROM guard.{table}", DENIED)


def guard() -> Iterator[Attack]:
    yield Attack("g_dt", "INSERT INTO guard.person VALUES ('g_dt2', 'x@cern.ch')", DENIED)
    yield Attack("g_dt", "UPDATE guard.person SET email = 'expert@cern.ch'", DENIED)
    yield Attack("g_dt", "INSERT INTO guard.service VALUES ('g_dt', 'web')", DENIED)
    yield Attack("g_dt", "INSERT INTO guard.authentic VALUES (1, '1', now(), 'g_dt', 'x')", DENIED)
    yield Attack("g_dt", "DELETE FROM guard.unconfirmed", DENIED)
    yield Attack("g_dt", "SELECT guard.fold_runs(ARRAY[1])", DENIED)
    yield Attack("g_dt", "SELECT guard.judge_columns(ARRAY[1], 'g_dt')", DENIED)
    yield Attack("g_dt", "DROP SCHEMA guard CASCADE", "must be owner")
    yield Attack("g_dt", 'DROP TRIGGER guard_after_insert_on_version ON "Version"', "must be owner")
    yield Attack("g_dt", 'ALTER TABLE "Version" DISABLE TRIGGER ALL', "must be owner")
    yield Attack("g_dt", "ALTER TABLE desk.draft DISABLE ROW LEVEL SECURITY", "must be owner")
    yield Attack("g_dt", "SET session_replication_role = replica", DENIED)
    yield Attack("g_dt", "SET ROLE run_registry_guard", DENIED)
    yield Attack("g_dt", "SET ROLE g_expert", DENIED)
    yield Attack("g_dt", "SET SESSION AUTHORIZATION g_expert", DENIED)
    yield Attack("g_dt", 'GRANT "cms-dqm-runregistry-experts" TO g_dt', DENIED)
    yield Attack("g_dt", "GRANT run_registry_web TO g_dt", DENIED)
    yield Attack("g_dt", "CREATE ROLE mine", DENIED)
    yield Attack("g_dt", "ALTER ROLE g_dt RENAME TO g_other", "cannot be renamed")
    yield Attack(
        "g_dt", "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", DENIED
    )
    yield Attack("g_dt", "CREATE TABLE public.mine (id int)", DENIED)
    yield Attack("g_dt", "CREATE SCHEMA mine", DENIED)
    yield Attack(
        "g_dt", 'CREATE RULE mine AS ON INSERT TO "Version" DO INSTEAD NOTHING', "must be owner"
    )
    yield Attack(
        "g_dt",
        'CREATE TRIGGER mine BEFORE INSERT ON "Version" FOR EACH ROW'
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        DENIED,
    )
    yield Attack("g_dt", 'ALTER TABLE "Run" OWNER TO g_dt', "must be owner")
    yield Attack("g_dt", "CREATE EXTENSION pgcrypto", "")
    yield Attack("g_dt", "SELECT pg_notify('desk_changes', '1')", NOTHING)
    yield Attack(
        "g_dt",
        said(cells(CSC)) + "PREPARE TRANSACTION 'mine'",
        "may not do this",
    )
    # Own things that are called as ours are.
    yield Attack(
        "g_dt",
        'CREATE TEMP TABLE "Permission" (id int, egroup text, routes jsonb);'
        'CREATE TEMP TABLE "PermissionEntries" (id int, "PL_id" int);'
        "INSERT INTO \"Permission\" VALUES (1, 'dt-experts', '[\".*\"]');"
        'INSERT INTO "PermissionEntries" VALUES (1, 1);' + said(cells(CSC)) + covers(1),
        "may not do this",
    )
    yield Attack(
        "g_dt",
        "CREATE FUNCTION pg_temp.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql"
        " AS 'SELECT true'; SET search_path = pg_temp, public;" + said(cells(CSC)) + covers(1),
        "may not do this",
    )
    yield Attack(
        "g_dt",
        "CREATE TEMP TABLE added (version int, run_number int, name text);"
        + said(cells(CSC))
        + covers(1),
        "may not do this",
    )
    yield Attack(
        "g_dt",
        "SET search_path = pg_temp;"
        + said(cells(CSC)).replace('INTO "', 'INTO public."').replace("'\"", "'public.\""),
        "may not do this",
    )


def objects() -> Iterator[Attack]:
    good = '{"dt-dt":' + triplet("GOOD", "") + "}"
    yield Attack(
        "g_dt",
        f"INSERT INTO \"JSONBDeduplication\" (jsonb, unique_hash) VALUES ('{good}', 'x')",
        DENIED,
    )
    for text in (
        '{"dt-dt": ' + triplet() + "}",
        '{"b":true,"a":true}',
        '{"a":true,"a":false}',
        "[1]",
        '{"a":[1]}',
        '{"1":true}',
        '{"":true}',
        '{"dt-dt":{"comment":"","status":"GOOD","cause":""}}',
        '{"dt-dt":{"status":"GOOD","comment":""}}',
        '{"dt-dt":{"status":"GOOD","comment":"","cause":"","more":1}}',
        '"x"',
    ):
        yield Attack("g_dt", f"SELECT guard.json_id('{text}')", "keys in order")
    yield Attack("g_dt", "SELECT guard.json_id(NULL)", "keys in order")
    yield Attack("g_dt", "SELECT guard.json_id('{')", "invalid input syntax")
    yield Attack("g_dt", "SELECT guard.json_id(repeat('x', 100000))", "keys in order")
    yield Attack("g_stranger", "SELECT guard.json_id('{}')", DENIED)
