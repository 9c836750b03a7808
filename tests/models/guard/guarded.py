"""A guarded database with something in it, and the logins that come to it."""

from datetime import date

import psycopg
from sqlalchemy import text

from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.guard import install, logins
from app.services.acting import Acting
from app.services.agents import registry
from app.services.certification import cycles, datasets
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, open_all, sign_off_runs

__all__ = ["EXPRESS", "FIRST", "LOGINS", "OPEN_RUN", "PROMPT", "SECOND", "address", "build"]

OPEN_RUN = 390003
"""A run that is OPEN, beside two that are signed off: FIRST has OPEN datasets, SECOND waiting."""

DBA = "g_dba"
LOGINS = {
    "g_expert": ("expert@cern.ch", ("cms-dqm-runregistry-experts",)),
    "g_dt": ("dt@cern.ch", ("dt-experts",)),
    "g_shifter": ("shifter@cern.ch", ("shifters",)),
    "g_cycler": ("cycler@cern.ch", ("cyclers",)),
    "g_tools": ("tools@cern.ch", ("tools",)),
    "g_nobody": ("nobody@cern.ch", ()),
    "g_gone": ("gone@cern.ch", ("cms-dqm-runregistry-experts",)),
}
SERVICES = {"g_web": "web", "g_puller": "puller", "g_door": "door"}
AGENT = "dt-ml"
_DAY = date(2026, 6, 1)

_OWN = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT relname, relkind, nspname FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname IN ('public', 'desk', 'record', 'seal') AND relkind IN ('r', 'v')
    LOOP
        EXECUTE format('ALTER TABLE %I.%I OWNER TO g_owner', found.nspname, found.relname);
    END LOOP;
    FOR found IN SELECT oid::regprocedure AS name, prokind FROM pg_proc
        WHERE pronamespace IN ('public'::regnamespace, 'desk'::regnamespace,
            'record'::regnamespace, 'seal'::regnamespace)
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO g_owner', found.name);
    END LOOP;
    ALTER SCHEMA desk OWNER TO g_owner;
    ALTER SCHEMA record OWNER TO g_owner;
    ALTER SCHEMA seal OWNER TO g_owner;
    EXECUTE format('ALTER DATABASE %I OWNER TO g_owner', current_database());
END
$$
"""


def address(dsn: str, login: str) -> str:
    """Where a login comes in."""
    scheme, _, rest = dsn.partition("://")
    return f"{scheme}://{login}:p@{rest.partition('@')[2]}"


def build(database: Database, dsn: str) -> None:
    """Fills a database, hands it to an owner who is no superuser, and has that one guard it."""
    fill(database)
    hand_over(dsn)
    dba = Database(address(dsn, DBA))
    try:
        guard(dba)
    finally:
        dba.close()


def hand_over(dsn: str) -> None:
    """Makes the logins, and gives the tables to a role that the administrator is a member of."""
    with psycopg.connect(dsn, autocommit=True) as control:
        for role in (DBA, *LOGINS, *SERVICES, "g_agent", "g_stranger"):
            rights = " CREATEROLE" if role == DBA else ""
            control.execute(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD 'p'{rights};"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
            if role != DBA and control.info.server_version >= 160000:
                control.execute(f"GRANT {role} TO {DBA} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        control.execute(
            "DO $$ BEGIN CREATE ROLE g_owner NOLOGIN;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        control.execute(f"GRANT g_owner TO {DBA}")
        control.execute(_OWN)


def guard(dba: Database) -> None:
    """What an administrator does."""
    with dba.transaction() as connection:
        install.install(connection, fresh=True)
    with dba.transaction() as connection:
        for login, (email, _) in LOGINS.items():
            logins.add_person(connection, login, email, login)
        for login, kind in SERVICES.items():
            logins.add_service(connection, login, kind)
        logins.add_service(connection, "g_agent", "agent", AGENT)
        wanted: dict[str, set[str]] = {}
        for login, (_, egroups) in LOGINS.items():
            for egroup in egroups:
                wanted.setdefault(egroup, set()).add(login)
        changes = logins.plan_egroups(connection, wanted)
        logins.apply_egroups(connection, wanted, changes, "test")
        logins.disable(connection, "g_gone")


def fill(database: Database) -> None:
    """Two signed-off runs, an OPEN one, a cycle, a golden JSON, an agent with a proposal."""
    acting = Acting(database, EXPERT)
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    pull.apply(Acting(database), a_run(OPEN_RUN, 10))
    with database.transaction() as connection:
        for egroup, routes in (
            ("cyclers", '["/cycles", "/datasets/dt/.*"]'),
            ("tools", '["/dc_tools/.*"]'),
            # A login is no e-group, whatever a permission names.
            ("g_dt", '[".*"]'),
        ):
            connection.execute(
                text(
                    'WITH item AS (INSERT INTO "Permission" (egroup, routes, "createdAt")'
                    " VALUES (:egroup, CAST(:routes AS jsonb), now()) RETURNING id)"
                    ' INSERT INTO "PermissionEntries" (id, "PL_id") SELECT id, 1 FROM item'
                ),
                {"egroup": egroup, "routes": routes},
            )
    edit = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(2, 3),), Triplet("BAD", "HV trip", "hv"))
    lumisections.edit_columns(acting, [edit])
    datasets.move(acting, [(FIRST, EXPRESS)], "csc", "SIGNOFF")
    cycles.create(acting, "May", _DAY, ["dt"], [(FIRST, PROMPT)])
    registry.register(
        acting,
        AGENT,
        "1",
        [
            AgentColumn("csc-csc", Mode.PROPOSES, "csc-csc"),
            AgentColumn("lumi-lumi", Mode.WRITES, "lumi-lumi"),
        ],
    )
    registry.propose(
        acting,
        AGENT,
        "run,dataset,column,first,last,status,comment,cause\n"
        f"{OPEN_RUN},online,csc-csc,1,3,BAD,looks bad,\n",
    )
    with database.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "GeneratedJson" SELECT (jsonb_populate_record(NULL::"GeneratedJson",'
                " (SELECT jsonb_object_agg(attname, CASE WHEN typname = 'jsonb' THEN '{}'"
                "   WHEN typname = 'bool' THEN 'false' WHEN typname = 'timestamptz' THEN"
                "   to_jsonb(now()) WHEN typname = 'text' THEN to_jsonb(''::text) ELSE '1' END)"
                "  FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
                "  WHERE attrelid = '\"GeneratedJson\"'::regclass AND attnum > 0))).*"
            )
        )
        connection.execute(
            text("UPDATE \"GeneratedJson\" SET created_by = 'dt@cern.ch', id = 9000")
        )
        connection.execute(
            text("INSERT INTO desk.draft VALUES ('dt@cern.ch', :run, 'online', '{}', 1, now())"),
            {"run": OPEN_RUN},
        )
        connection.execute(
            text(
                "INSERT INTO desk.presence VALUES"
                " ('pc-dt', :run, 'online', 'dt@cern.ch', true, now(), now())"
            ),
            {"run": OPEN_RUN},
        )
