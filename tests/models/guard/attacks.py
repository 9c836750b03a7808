"""Attacks on a guarded database in plain SQL: who tries what, and what the refusal says."""

from collections.abc import Iterator
from typing import NamedTuple

from app.models.configuration.lists import VERSIONED
from app.models.database import desk, record, seal, tables
from tests.models.guard.guarded import EXPRESS, FIRST, OPEN_RUN, PROMPT, SECOND


class Attack(NamedTuple):
    """A login, what it says, and what it is told; `nothing`: it isn't refused, changes nothing."""

    login: str
    sql: str
    told: str

    @property
    def name(self) -> str:
        """A short name for a report."""
        return f"{self.login}: {self.sql[-70:]}"


NOTHING = "nothing"
DENIED = "permission denied|must have admin option|must be superuser|must be member"
NEVER = "is never changed or deleted"
NOT_OF_NOW = "is not one of this transaction"

V = "currval('\"Version_atomic_version_seq\"')"
E = "currval('\"Event_version_seq\"')"


def version(by: str = "dt@cern.ch", comment: str = "an attack") -> str:
    return (
        'INSERT INTO "Version" ("by", comment, "createdAt")'
        f" VALUES ('{by}', '{comment}', '1999-01-01');"
    )


def event(number: str = V) -> str:
    return f'INSERT INTO "Event" (atomic_version) VALUES ({number});'


def run_event(rr: str, run: int = OPEN_RUN, *, manual: str = "true", **more: str) -> str:
    oms, deleted = more.get("oms", "{}"), more.get("deleted", "false")
    return (
        'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
        f" manual_change) VALUES ({E}, {run}, '{oms}', '{rr}', {deleted}, {manual});"
    )


def dataset_event(
    said: str, name: str = PROMPT, run: int = FIRST, *, gui: str = "[]", deleted: str = "false"
) -> str:
    return (
        'INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata, datasets_in_gui,'
        f" deleted) VALUES ({E}, {run}, '{name}', '{said}', '{gui}', {deleted});"
    )


def triplet(status: str = "BAD", comment: str = "HV trip", cause: str = "") -> str:
    return f'{{"status":"{status}","comment":"{comment}","cause":"{cause}"}}'


def cells(
    said: str, name: str = PROMPT, run: int = FIRST, *, manual: str = "true", at: str = E
) -> str:
    return (
        'INSERT INTO "LumisectionEvent" (version, run_number, name, lumisection_metadata_id,'
        f" manual_change) VALUES ({at}, {run}, '{name}', guard.json_id('{said}'), {manual});"
    )


def bits(said: str, name: str = "online", run: int = OPEN_RUN) -> str:
    return (
        'INSERT INTO "OMSLumisectionEvent" (version, run_number, name, lumisection_metadata_id)'
        f" VALUES ({E}, {run}, '{name}', guard.json_id('{said}'));"
    )


def covers(*numbers: int, kind: str = "", at: str = E) -> str:
    rows = ", ".join(f"({at}, {number})" for number in numbers)
    return f'INSERT INTO "{kind}LumisectionEventAssignation" VALUES {rows};'


def said(content: str, by: str = "dt@cern.ch", comment: str = "an attack") -> str:
    """A version with one event that has this content."""
    return version(by, comment) + event() + content


DT = '{"dt-dt":' + triplet() + "}"
CSC = '{"csc-csc":' + triplet() + "}"


def _versions() -> Iterator[Attack]:
    for author in ("auto@auto", "auto@auto - dt@cern.ch", "auto@auto - dt-ml"):
        yield Attack("g_dt", version(author), "automatic versions are written by the puller alone")
    for author in ("expert@cern.ch", "", "DT@CERN.CH", "dt@cern.ch "):
        yield Attack("g_dt", version(author), "may not write a version in the name of")
    yield Attack("g_nobody", version("dt@cern.ch"), "may not write a version in the name of")
    yield Attack("g_puller", version("dt@cern.ch"), "may not write a version in the name of")
    yield Attack("g_puller", version("auto@autobahn.de"), "in the name of")
    yield Attack("g_agent", version("auto@auto"), "in the name of auto@auto")
    yield Attack("g_agent", version("auto@auto - other"), "in the name of auto@auto - other")
    yield Attack("g_agent", version("a@cern.ch"), "in the name of a@cern.ch")
    yield Attack("g_gone", version("gone@cern.ch"), "stands for no person")
    yield Attack("g_stranger", version("stranger@cern.ch"), DENIED)
    yield Attack("g_door", version("expert@cern.ch"), "names no person")
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'gone@cern.ch', true);" + version("gone@cern.ch"),
        "names no person",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);" + version("expert@cern.ch"),
        "in the name of expert@cern.ch",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);" + version("auto@auto"),
        "automatic versions are written by the puller alone",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);"
        + version("dt@cern.ch")
        + "SELECT set_config('guard.person', 'expert@cern.ch', true);"
        + event(),
        NOT_OF_NOW,
    )
    # A person who names another one is who the login says.
    yield Attack(
        "g_dt",
        "SELECT set_config('guard.person', 'expert@cern.ch', true);" + version("expert@cern.ch"),
        "in the name of expert@cern.ch",
    )
    yield Attack(
        "g_dt",
        'COPY "Version" ("by", "createdAt") FROM PROGRAM \'echo x\'',
        DENIED,
    )
    yield Attack("g_dt", "SELECT setval('\"Version_atomic_version_seq\"', 1)", DENIED)
    yield Attack("g_dt", "SELECT setval('\"Event_version_seq\"', 2000000000)", DENIED)
    yield Attack("g_dt", 'ALTER SEQUENCE "Event_version_seq" RESTART WITH 1', "must be owner")


def _events() -> Iterator[Attack]:
    yield Attack("g_dt", event("1"), NOT_OF_NOW)
    yield Attack("g_dt", event('(SELECT max(atomic_version) FROM "Version")'), NOT_OF_NOW)
    yield Attack("g_puller", event("1"), NOT_OF_NOW)
    yield Attack("g_agent", event("1"), NOT_OF_NOW)
    for table, columns, values in (
        (
            "RunEvent",
            "version, run_number, oms_metadata, rr_metadata, deleted, manual_change",
            f"{OPEN_RUN}, '{{}}', '{{\"class\": \"Cosmics\"}}', false, true",
        ),
        (
            "DatasetEvent",
            "version, run_number, name, dataset_metadata, datasets_in_gui, deleted",
            f"{FIRST}, '{PROMPT}', '{{}}', '[]', false",
        ),
        (
            "LumisectionEvent",
            "version, run_number, name, lumisection_metadata_id, manual_change",
            f"{FIRST}, '{PROMPT}', 1, true",
        ),
        (
            "OMSLumisectionEvent",
            "version, run_number, name, lumisection_metadata_id",
            f"{FIRST}, '{PROMPT}', 1",
        ),
    ):
        old = (
            f'SELECT min(version) FROM "Event" WHERE version NOT IN (SELECT version FROM "{table}")'
        )
        yield Attack(
            "g_expert",
            f'INSERT INTO "{table}" ({columns}) SELECT ({old}), {values}',
            NOT_OF_NOW,
        )
    for kind in ("", "OMS"):
        yield Attack(
            "g_expert",
            f'INSERT INTO "{kind}LumisectionEventAssignation" SELECT min(version), 900'
            f' FROM "{kind}LumisectionEvent"',
            NOT_OF_NOW,
        )
    yield Attack("g_dt", version() + event() + "SET CONSTRAINTS ALL IMMEDIATE;", "says nothing")
    yield Attack("g_dt", version() + event(), "says nothing")
    yield Attack("g_dt", version() + "SET CONSTRAINTS ALL IMMEDIATE;" + event(), NOT_OF_NOW)
    yield Attack(
        "g_dt",
        version() + "SET CONSTRAINTS ALL IMMEDIATE;" + event() + cells(DT) + covers(1),
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        said(cells(DT)) + dataset_event("{}"),
        "says something already",
    )
    yield Attack(
        "g_expert",
        said(run_event('{"class": "X"}'), "expert@cern.ch") + cells(DT, "online", OPEN_RUN),
        "says something already",
    )
    yield Attack("g_dt", said(dataset_event("{}")), "changes nothing of its dataset")
    yield Attack(
        "g_dt",
        said(dataset_event("{}")) + event() + cells(DT, EXPRESS),
        "changes nothing of its dataset",
    )
    yield Attack("g_dt", said(cells("{}")), "says nothing")
    # Two transactions: what the first one made is past for the second.
    yield Attack(
        "g_dt",
        said(cells(DT)) + covers(1) + "COMMIT; BEGIN;" + covers(2),
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        said(cells(DT)) + covers(1) + "COMMIT; BEGIN;" + event(),
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        "SAVEPOINT one;"
        + version()
        + "RELEASE one; SAVEPOINT two;"
        + event()
        + cells(CSC)
        + covers(1),
        "may not do this",
    )


def _history() -> Iterator[Attack]:
    columns = {
        "Version": "\"by\" = 'dt@cern.ch'",
        "Event": "atomic_version = 1",
        "RunEvent": "rr_metadata = '{}'",
        "DatasetEvent": "dataset_metadata = '{}'",
        "LumisectionEvent": "manual_change = true",
        "OMSLumisectionEvent": "name = 'online'",
        "LumisectionEventAssignation": "lumisection_number = 1",
        "OMSLumisectionEventAssignation": "lumisection_number = 1",
        "JSONBDeduplication": "unique_hash = 'x'",
    }
    for table, change in columns.items():
        yield Attack("g_expert", f'UPDATE "{table}" SET {change}', DENIED)
        yield Attack("g_expert", f'DELETE FROM "{table}"', DENIED)
        yield Attack("g_puller", f'DELETE FROM "{table}"', DENIED)
        yield Attack("g_web", f'DELETE FROM "{table}"', NEVER)
        yield Attack("g_web", f'UPDATE "{table}" SET {change}', NEVER)


def _every_table() -> Iterator[Attack]:
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


def _guard() -> Iterator[Attack]:
    yield Attack("g_dt", "INSERT INTO guard.person VALUES ('g_dt2', 'x@cern.ch')", DENIED)
    yield Attack("g_dt", "UPDATE guard.person SET email = 'expert@cern.ch'", DENIED)
    yield Attack("g_dt", "INSERT INTO guard.service VALUES ('g_dt', 'web')", DENIED)
    yield Attack("g_dt", "INSERT INTO guard.authentic VALUES (1, '1', now(), 'g_dt', 'x')", DENIED)
    yield Attack("g_dt", "DELETE FROM guard.unconfirmed", DENIED)
    yield Attack("g_expert", "INSERT INTO guard.confirmed_json VALUES (9000)", DENIED)
    yield Attack("g_dt", "SELECT guard.fold_runs(ARRAY[1])", DENIED)
    yield Attack("g_dt", "SELECT guard.judge_columns(ARRAY[1])", DENIED)
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


def _objects() -> Iterator[Attack]:
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


def _runs() -> Iterator[Attack]:
    cannot = "may not do this"
    yield Attack("g_dt", said(run_event('{"state": "SIGNOFF"}')), cannot)
    yield Attack("g_shifter", said(run_event('{"state": "COMPLETED"}'), "shifter@cern.ch"), cannot)
    yield Attack(
        "g_shifter", said(run_event('{"state": "OPEN"}', FIRST), "shifter@cern.ch"), cannot
    )
    yield Attack("g_dt", said(run_event('{"class": "Cosmics25"}')), cannot)
    yield Attack("g_dt", said(run_event('{"significant": true}')), cannot)
    expert = "expert@cern.ch"
    yield Attack("g_expert", said(run_event('{"class": "C"}', FIRST), expert), "must be OPEN")
    yield Attack(
        "g_expert", said(run_event('{"state": "SIGNOFF"}', FIRST), expert), "can't be moved"
    )
    yield Attack("g_expert", said(run_event('{"state": "GOLDEN"}'), expert), "can't be moved")
    yield Attack("g_expert", said(run_event('{"state": null}'), expert), "can't be moved")
    yield Attack("g_expert", said(run_event('{"class": 5}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event('{"significant": "yes"}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event('{"beamline": "x"}'), expert), "can't be set")
    yield Attack("g_expert", said(run_event("{}"), expert), "not set by hand")
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', deleted="true"), expert), "not set by hand"
    )
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', oms='{"a": 1}'), expert), "not set by hand"
    )
    yield Attack(
        "g_expert",
        said(run_event('{"class": "C"}', manual="false"), expert),
        "doesn't fit the author",
    )
    yield Attack(
        "g_expert", said(run_event('{"class": "C"}', 999999), expert), "made by the puller"
    )
    # The state before an event is that of the events before it, also within one statement.
    yield Attack(
        "g_expert",
        version(expert)
        + event()
        + event()
        + 'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
        f" manual_change) VALUES ({E} - 1, {OPEN_RUN}, '{{}}', '{{\"state\": \"SIGNOFF\"}}', false,"
        f" true), ({E}, {OPEN_RUN}, '{{}}', '{{\"class\": \"C\"}}', false, true)",
        "",
    )
    yield Attack(
        "g_agent", said(run_event('{"class": "C"}', manual="false"), "auto@auto - dt-ml"), DENIED
    )
    for login in ("g_dt", "g_expert"):
        yield Attack(
            login,
            f'UPDATE "Run" SET rr_attributes = \'{{"state": "OPEN"}}\', version = 1,'
            f" deleted = true WHERE run_number = {FIRST}",
            NOTHING,
        )
    yield Attack(
        "g_expert", "INSERT INTO \"Run\" VALUES (999999, '{}', '{}', 1, false)", "has no events"
    )
    yield Attack("g_expert", f'UPDATE "Run" SET run_number = 5 WHERE run_number = {FIRST}', DENIED)


def _datasets() -> Iterator[Attack]:
    cannot, expert = "may not do this", "expert@cern.ch"
    yield Attack("g_dt", said(dataset_event('{"dt_state": "SIGNOFF"}')), cannot)
    yield Attack("g_dt", said(dataset_event('{"global_state": "COMPLETED"}')), cannot)
    yield Attack("g_dt", said(dataset_event("{}", deleted="true")), cannot)
    yield Attack("g_dt", said(dataset_event('{"dt_state": "OPEN"}', "/New/One/DQM")), "a copy")
    yield Attack("g_expert", said(dataset_event('{"x": 1}', "/New/One/DQM"), expert), "a copy")
    yield Attack(
        "g_cycler", said(dataset_event('{"csc_state": "SIGNOFF"}'), "cycler@cern.ch"), cannot
    )
    yield Attack("g_expert", said(dataset_event('{"appeared_in": ["x"]}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"dt_state": "FINE"}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"dt_state": null}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"xx_state": "OPEN"}'), expert), "can't be set")
    yield Attack("g_expert", said(dataset_event('{"hcal_state": "OPEN"}'), expert), "can't be set")
    yield Attack(
        "g_expert",
        said(dataset_event('{"dt_state": "OPEN"}', "online"), expert),
        "online of run",
    )
    yield Attack(
        "g_expert", said(dataset_event("{}", gui='["/a/b/c"]'), expert), "by the puller alone"
    )
    yield Attack(
        "g_tools", said(dataset_event("{}", "online", deleted="true"), "tools@cern.ch"), "online"
    )
    yield Attack(
        "g_agent",
        said(dataset_event('{"dt_state": "OPEN"}'), "auto@auto - dt-ml"),
        "only columns that it is registered for",
    )
    yield Attack(
        "g_expert",
        f'UPDATE "Dataset" SET dataset_attributes = \'{{"dt_state": "COMPLETED"}}\','
        f" deleted = true, datasets_in_gui = '[\"x\"]' WHERE run_number = {FIRST}",
        NOTHING,
    )
    yield Attack(
        "g_expert",
        f"INSERT INTO \"Dataset\" VALUES ({FIRST}, '/A/B/C', '{{}}', '[]', false, 1)",
        "has no events",
    )
    yield Attack(
        "g_expert", f"UPDATE \"Dataset\" SET name = '/A/B/C' WHERE run_number = {FIRST}", DENIED
    )


def _lumisections() -> Iterator[Attack]:
    cannot, expert = "may not do this", "expert@cern.ch"
    both = '{"csc-csc":' + triplet() + ',"dt-dt":' + triplet() + "}"
    yield Attack("g_dt", said(cells(CSC)) + covers(1), cannot)
    yield Attack("g_dt", said(cells(both)) + covers(1), cannot)
    yield Attack("g_dt", said(cells(DT, "online", OPEN_RUN)) + covers(1), cannot)
    yield Attack("g_nobody", said(cells(DT), "nobody@cern.ch") + covers(1), cannot)
    yield Attack("g_dt", said(cells(DT, PROMPT, SECOND)) + covers(1), "must be OPEN in")
    yield Attack("g_shifter", said(cells(DT, "online", FIRST), "shifter@cern.ch"), "must be OPEN")
    yield Attack("g_dt", said(cells(DT, manual="false")), "doesn't fit the author")
    yield Attack("g_expert", said(cells(CSC.replace("csc-csc", "xxx-yyy")), expert), "one of a")
    yield Attack("g_expert", said(cells(CSC.replace("csc-csc", "hcal-hcal")), expert), "one of a")
    for value in (
        triplet("BAD", ""),
        triplet("BAD", "  x "),
        triplet("FINE"),
        triplet("NO VALUE FOUND", ""),
        triplet("EMPTY", "because"),
        triplet("good"),
    ):
        yield Attack("g_dt", said(cells('{"dt-dt":' + value + "}")) + covers(1), "")
    for value in ("true", "1", "null", '"GOOD"'):
        yield Attack("g_dt", said(cells('{"dt-dt":' + value + "}")), "status, comment and cause")
    for number in (0, -1, 11, 4000):
        yield Attack("g_dt", said(cells(DT)) + covers(1, number), "is outside")
    # Widening by a first event what a second one may cover.
    yield Attack("g_dt", said(cells(DT)) + covers(1, 11), "is outside")
    yield Attack("g_puller", said(cells(DT, manual="true"), "auto@auto"), "doesn't fit the author")
    agent = "auto@auto - dt-ml"
    yield Attack("g_agent", said(cells(DT, manual="false"), agent), "is not registered to write")
    yield Attack("g_agent", said(cells(CSC, manual="false"), agent), "is not registered to write")
    lumi = '{"lumi-lumi":' + triplet() + "}"
    yield Attack("g_agent", said(cells(lumi, manual="true"), agent), "doesn't fit the author")
    yield Attack("g_agent", said(cells(lumi, PROMPT, SECOND, manual="false"), agent), "is not open")
    yield Attack("g_agent", said(bits('{"bpix_ready":false}'), agent), DENIED)
    bit = '{"bpix_ready":false}'
    yield Attack("g_dt", said(bits(bit)), cannot)
    yield Attack("g_expert", said(bits(bit, run=FIRST), expert), "must be OPEN")
    yield Attack("g_expert", said(bits(bit), expert, "ab"), "at least 3 characters")
    yield Attack("g_expert", said(bits('{"my_bit":false}'), expert), "must be true, false")
    yield Attack("g_expert", said(bits('{"bpix_ready":7}'), expert), "must be true, false")
    yield Attack("g_expert", said(bits("{}"), expert), "says nothing")
    yield Attack("g_dt", said(bits('{"recorded":99.5}')), cannot)
    yield Attack("g_expert", said(bits(bit), expert) + covers(11, kind="OMS"), "is outside")
    # A tool keeps what isn't set by it.
    yield Attack(
        "g_tools",
        said(cells('{"dt-dt":' + triplet("GOOD", "mine") + "}"), "tools@cern.ch"),
        "may not do this",
    )


def _derived() -> Iterator[Attack]:
    yield Attack(
        "g_expert",
        f"UPDATE \"DatasetTripletCache\" SET triplet_summary = '{{}}' WHERE run_number = {FIRST}",
        "was not changed here",
    )
    yield Attack("g_expert", "UPDATE desk.lumisection_state SET state = ''", "was not changed here")
    yield Attack(
        "g_dt",
        said(cells(DT))
        + covers(1)
        + event()
        + dataset_event("{}")
        + f'UPDATE "DatasetTripletCache" SET version = 1 WHERE run_number = {SECOND}',
        "was not changed here",
    )
    for table in desk.PULLERS_NOTES:
        yield Attack("g_expert", f"INSERT INTO desk.{table} DEFAULT VALUES", DENIED)
        yield Attack("g_expert", f"DELETE FROM desk.{table}", DENIED)


def _desk() -> Iterator[Attack]:
    yield Attack("g_expert", "DELETE FROM desk.draft", NOTHING)
    yield Attack("g_expert", "UPDATE desk.draft SET content = '[]'", NOTHING)
    yield Attack(
        "g_expert",
        "INSERT INTO desk.draft VALUES ('dt@cern.ch', 7, 'online', '{}', 1, now())",
        "row-level security",
    )
    yield Attack("g_expert", "DELETE FROM desk.presence", NOTHING)
    yield Attack("g_expert", "UPDATE desk.presence SET editing = false", NOTHING)


def _records() -> Iterator[Attack]:
    yield Attack(
        "g_dt",
        "INSERT INTO record.agent (name, version, owner, columns) VALUES"
        " ('mine', '1', 'dt@cern.ch', '{}')",
        "may not do this",
    )
    yield Attack(
        "g_dt", "INSERT INTO record.agent_retirement (agent) VALUES (1)", "may not do this"
    )
    yield Attack(
        "g_dt",
        'INSERT INTO record.proposal (agent, run_number, name, "column", ranges,'
        " status, comment, cause) VALUES (1, 390003, 'online', 'csc-csc', '[[1, 2]]',"
        " 'BAD', '', '')",
        "may not do this",
    )
    yield Attack(
        "g_agent",
        'INSERT INTO record.proposal (agent, run_number, name, "column",'
        " ranges, status, comment, cause) VALUES (1, 390003, 'online', 'dt-dt',"
        " '[[1, 2]]', 'BAD', '', '')",
        "not registered for dt-dt",
    )
    for state in ("accepted", "edited", "rejected"):
        yield Attack(
            "g_dt",
            f"INSERT INTO record.proposal_decision (proposal, state) VALUES (1, '{state}')",
            "may not decide",
        )
    yield Attack(
        "g_dt",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'superseded')",
        "may not do this",
    )
    yield Attack(
        "g_expert",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'perhaps')",
        "may not call",
    )
    yield Attack(
        "g_expert",
        "INSERT INTO record.proposal_decision (proposal, state, version) VALUES (1, 'accepted', 1)",
        NOT_OF_NOW,
    )
    yield Attack(
        "g_agent",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'accepted')",
        "may not call",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO record.cycle_history (id_cycle, "by", what, details) VALUES'
        " (1, 'cycler@cern.ch', 'completed', '{}')",
        "may not say",
    )
    yield Attack(
        "g_expert",
        'INSERT INTO record.cycle_history (id_cycle, "by", what, details)'
        " VALUES (999, 'x', 'completed', '{}')",
        "may not say",
    )
    yield Attack(
        "g_dt",
        "INSERT INTO record.generated_json_provenance (generated_json_id,"
        " program_version, sha256, datasets) VALUES (9000, '1', 'x', '[]')",
        "is stored",
    )
    yield Attack("g_expert", "UPDATE record.proposal SET status = 'GOOD'", DENIED)
    yield Attack("g_expert", "UPDATE record.agent SET owner = 'expert@cern.ch'", DENIED)


def _settings(by: str = "dt@cern.ch", **lists: str) -> str:
    columns = ("CCL_id", "CPCL_id", "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id")
    values = ", ".join(lists.get(name, f'old."{name}"') for name in columns)
    named = ", ".join(f'"{name}"' for name in columns)
    return (
        f'INSERT INTO "Settings" (metadata, "createdAt", {named}) SELECT \'{{"by": "{by}"}}\','
        f' now(), {values} FROM "Settings" AS old ORDER BY old.id DESC LIMIT 1;'
    )


def _configuration() -> Iterator[Attack]:
    cannot = "may not do this"
    mine = (
        'INSERT INTO "Permission" (egroup, routes, "createdAt") VALUES (\'dt-experts\','
        " '[\".*\"]', now());"
    )
    item = "currval('\"Permission_id_seq\"')"
    new = 'INSERT INTO "PermissionList" DEFAULT VALUES;'
    list_ = "currval('\"PermissionList_id_seq\"')"
    entry = f'INSERT INTO "PermissionEntries" VALUES ({item}, {list_});'
    yield Attack("g_dt", mine + f'INSERT INTO "PermissionEntries" VALUES ({item}, 1);', NOT_OF_NOW)
    yield Attack("g_dt", mine + new + entry + _settings(PL_id=list_), cannot)
    yield Attack("g_dt", _settings("expert@cern.ch"), "in the name of")
    yield Attack(
        "g_expert",
        mine + new + _settings("expert@cern.ch", PL_id=list_),
        "Nobody could change permissions",
    )
    yield Attack(
        "g_expert",
        mine + new + entry + _settings("expert@cern.ch", PL_id=list_) + entry,
        "",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO "Permission" (egroup, routes, "createdAt") VALUES (\'x\', \'["("]\', now())',
        "can't be read",
    )
    yield Attack(
        "g_dt",
        new + "COMMIT; BEGIN;" + f'INSERT INTO "PermissionEntries" VALUES (1, {list_})',
        NOT_OF_NOW,
    )
    for kind in VERSIONED.values():
        made = f'INSERT INTO "{kind.lists.name}" DEFAULT VALUES;'
        number = f"currval('\"{kind.lists.name}_id_seq\"')"
        if kind.list_id not in {"JCL_id", "ODCL_id"}:
            yield Attack("g_dt", made + _settings(**{kind.list_id: number}), cannot)
        yield Attack("g_dt", f'INSERT INTO "{kind.entries.name}" VALUES (1, 1)', "")
    yield Attack("g_dt", _settings(PL_id="999"), "")
    yield Attack(
        "g_dt",
        'INSERT INTO "JsonClassifier" (name, classifier, created_by, "createdAt")'
        " VALUES ('golden', '{}', 'expert@cern.ch', now())",
        "in the name of",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO "Workspace" (workspace, online_or_offline, "createdAt",'
        " \"updatedAt\") VALUES ('mine', 'offline', now(), now())",
        cannot,
    )
    yield Attack(
        "g_expert",
        'INSERT INTO "Workspace" (workspace, online_or_offline, "createdAt",'
        " \"updatedAt\") VALUES ('mine', 'nowhere', now(), now())",
        "administrator",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO "WorkspaceColumn" (id_workspace, name, "createdAt",'
        " \"updatedAt\") VALUES (1, 'mine', now(), now())",
        cannot,
    )
    for login in ("g_puller", "g_agent"):
        yield Attack(login, mine, "" if login == "g_agent" else "by people")


def _cycles() -> Iterator[Attack]:
    cannot = "may not do this"
    cycle = (
        'INSERT INTO "Cycle" (cycle_name, cycle_attributes, deadline, deleted, "createdAt",'
        " \"updatedAt\") VALUES ('%s', '%s', now(), %s, now(), now());"
    )
    pending = '{"global_state": "pending"}'
    yield Attack("g_dt", cycle % ("mine", pending, "false"), cannot)
    done = '{"global_state": "completed"}'
    yield Attack("g_cycler", cycle % ("x", done, "false"), "is pending")
    yield Attack("g_cycler", cycle % ("x", "{}", "false"), "is pending")
    yield Attack("g_cycler", cycle % ("x", pending, "true"), "is pending")
    yield Attack("g_dt", 'UPDATE "Cycle" SET deleted = true', cannot)
    yield Attack("g_dt", "UPDATE \"Cycle\" SET cycle_name = 'x'", cannot)
    complete = "UPDATE \"Cycle\" SET cycle_attributes = cycle_attributes || '%s'"
    yield Attack("g_dt", complete % '{"dt_state": "completed"}', cannot)
    yield Attack("g_cycler", complete % '{"dt_state": "completed"}', "is not COMPLETED")
    yield Attack("g_cycler", complete % '{"global_state": "completed"}', "Every other workspace")
    yield Attack("g_cycler", complete % '{"dt_state": "perhaps"}', "pending or completed")
    yield Attack("g_cycler", complete % '{"csc_state": "completed"}', "")
    yield Attack("g_cycler", 'UPDATE "Cycle" SET id_cycle = 99', DENIED)
    yield Attack("g_cycler", 'UPDATE "Cycle" SET "createdAt" = now()', DENIED)
    add = "INSERT INTO \"CycleDataset\" VALUES (1, %d, '%s', now(), now())"
    yield Attack("g_dt", add % (FIRST, EXPRESS), cannot)
    yield Attack("g_cycler", add % (FIRST, "online"), "Only offline datasets")
    yield Attack("g_dt", 'DELETE FROM "CycleDataset"', cannot)
    yield Attack("g_puller", 'DELETE FROM "CycleDataset"', "by people")


def _golden() -> Iterator[Attack]:
    made = (
        "INSERT INTO \"GeneratedJson\" SELECT (jsonb_populate_record(known, '%s')).*"
        ' FROM "GeneratedJson" AS known WHERE id = 9000'
    )
    yield Attack("g_dt", made % '{"id": 1, "created_by": "dt@cern.ch"}', "may not do this")
    yield Attack("g_expert", made % '{"id": 1}', "in the name of somebody else")
    yield Attack(
        "g_expert",
        made % '{"id": 1, "created_by": "expert@cern.ch", "official": true}',
        "becomes official when a puller",
    )
    change = 'UPDATE "GeneratedJson" SET %s WHERE id = 9000'
    yield Attack("g_expert", change % "official = true", "becomes official when a puller")
    yield Attack("g_dt", change % "official = true", "Only an expert may")
    yield Attack("g_shifter", change % "deleted = true", "may not change golden JSON 9000")
    yield Attack("g_expert", change % "generated_json = '{\"1\": [[1, 9]]}'", DENIED)
    yield Attack("g_expert", change % "created_by = 'expert@cern.ch'", DENIED)
    yield Attack("g_dt", change % "id = 5", DENIED)


def _roots() -> Iterator[Attack]:
    """Only beside one's own list, in the transaction that makes it; what was kept stays."""
    keep = (
        "INSERT INTO seal.list_root (generated_json_id, size, root)"
        " VALUES (%s, 1, sha256('chosen'))"
    )
    theirs = "is stored with it, by who made it"
    yield Attack("g_dt", keep % 9000, theirs)
    yield Attack("g_expert", keep % 9000, theirs)
    yield Attack("g_expert", keep % 9001, theirs)
    yield Attack("g_puller", keep % 9000, theirs)
    yield Attack("g_door", keep % 9000, "names no person|has to name")
    yield Attack(
        "g_door", "SELECT set_config('guard.person', 'dt@cern.ch', true); " + keep % 9000, theirs
    )
    yield Attack("g_expert", "SET CONSTRAINTS ALL DEFERRED; " + keep % 9000, theirs)
    yield Attack(
        "g_dt",
        'CREATE TEMP TABLE "GeneratedJson" (id int, created_by text, "createdAt" timestamptz);'
        " INSERT INTO \"GeneratedJson\" VALUES (9000, 'dt@cern.ch', now()); SET search_path ="
        " pg_temp, public; " + keep % 9000,
        theirs,
    )
    yield Attack("g_expert", "UPDATE seal.list_root SET size = 1", DENIED)
    yield Attack("g_puller", "UPDATE seal.list_root SET size = 1", DENIED)
    yield Attack("g_nobody", keep % 9000, theirs)
    yield Attack("g_gone", keep % 9000, "stands for no person")
    yield Attack("g_stranger", keep % 9000, DENIED)


ATTACKS: tuple[Attack, ...] = tuple(
    attack
    for part in (
        _versions,
        _events,
        _history,
        _every_table,
        _guard,
        _objects,
        _runs,
        _datasets,
        _lumisections,
        _derived,
        _desk,
        _roots,
        _records,
        _configuration,
        _cycles,
        _golden,
    )
    for attack in part()
)
