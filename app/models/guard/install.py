"""Putting the guard on a database, looking whether all of it is there, and taking it away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection

from app.domain.certification.datasets import DATASET_STATES, EDITABLE_STATES, moves_from
from app.domain.certification.runs import EDITABLE_ATTRIBUTES, RUN_STATES
from app.domain.configuration.in_force import CERTIFIABLE_ONLINE_COLUMNS
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import Refused
from app.domain.rights.actions import ACTIONS, Need
from app.domain.sources.oms import DCS_BITS, LUMINOSITY
from app.domain.triplets import SETTABLE_STATUSES
from app.models.guard.declared import (
    DESK_FUNCTIONS,
    FUNCTIONS,
    GRANTS,
    GROUPS,
    OWNER,
    POLICIES,
    PULLERS,
    TRIGGERS,
    WEB,
)
from app.models.guard.owner import as_owner, execute, may_create_roles
from app.models.schemas import desk, record, seal
from app.models.statements import text

VERSION = 9
"""What this program installs. Greater ones belong to newer programs."""

_SQL = Path(__file__).parent / "sql"
_TABLES = "01_tables.sql"
_SCHEMAS = ("public", desk.SCHEMA, record.SCHEMA, seal.SCHEMA, "guard")

_ROLES = "".join(
    f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;"""
    for role in (OWNER, *GROUPS.values())
)
_SIGNALS = f"""
DO $$ BEGIN
    GRANT pg_signal_backend TO {PULLERS};
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
"""
"""Pullers end sessions that hold others up; from PostgreSQL 16 on a superuser has to give that."""
_EXTENSION = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto') THEN
        CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
"""
_HASHED = """
DO $$
DECLARE
    place text := (
        SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON
            pg_namespace.oid = extnamespace WHERE extname = 'pgcrypto'
    );
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION guard.hashed(content text) RETURNS text LANGUAGE sql'
        ' STABLE AS %L',
        CASE WHEN place IS NULL THEN 'SELECT guard.sha1(convert_to(content, ''UTF8''))'
        ELSE format('SELECT encode(%s.digest(convert_to(content, ''UTF8''), ''sha1''), ''hex'')',
            place) END
    );
END $$;
"""
_ONE_OWNER = """
DO $$
DECLARE
    owner name := (SELECT pg_get_userbyid(relowner) FROM pg_class
        WHERE oid = 'public."Version"'::regclass);
    each record;
BEGIN
    FOR each IN
        SELECT format('SCHEMA %I', nspname) AS thing, nspowner AS was FROM pg_namespace
            WHERE nspname IN ('desk', 'record', 'seal')
        UNION ALL SELECT format('TABLE %I.%I', nspname, relname), relowner FROM pg_class
            JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN ('desk', 'record', 'seal') AND relkind IN ('r', 'v')
        UNION ALL SELECT format('FUNCTION %s', pg_proc.oid::regprocedure), proowner FROM pg_proc
            JOIN pg_namespace ON pg_namespace.oid = pronamespace
            WHERE nspname IN ('desk', 'record', 'seal')
    LOOP
        IF pg_get_userbyid(each.was) <> owner THEN
            EXECUTE format('ALTER %s OWNER TO %I', each.thing, owner);
        END IF;
    END LOOP;
END $$;
"""
"""Our schemas belong to whoever the shared tables belong to."""
_FROM_ALL_OTHERS = f"""
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT DISTINCT format('%I.%I', nspname, relname) AS thing, given.grantee
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        CROSS JOIN LATERAL (
            SELECT acl.grantee, acl.privilege_type FROM aclexplode(relacl) AS acl
            UNION ALL SELECT acl.grantee, acl.privilege_type
            FROM pg_attribute, aclexplode(attacl) AS acl WHERE attrelid = pg_class.oid
        ) AS given
        WHERE nspname IN ('public', 'desk', 'record', 'seal')
          AND (relkind = 'r' OR (relkind = 'v' AND nspname = 'public'))
          AND given.privilege_type <> 'SELECT' AND given.grantee <> relowner
          AND given.grantee <> '{OWNER}'::regrole
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %s FROM %s',
            each.thing,
            CASE WHEN each.grantee = 0 THEN 'PUBLIC' ELSE each.grantee::regrole::text END);
    END LOOP;
END $$;
"""
"""Who wrote by privileges of its own writes by those of its kind from now on, or not at all."""
_DROP_TRIGGERS = """
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT tgname, tgrelid::regclass AS thing FROM pg_trigger
        WHERE tgname LIKE 'guard\\_%' AND NOT tgisinternal
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', each.tgname, each.thing);
    END LOOP;
END $$;
"""
"""Those of older programs too."""
_FOR_THE_OWNER = f"""
GRANT USAGE ON SCHEMA public, {desk.SCHEMA}, {record.SCHEMA}, {seal.SCHEMA} TO {OWNER};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {OWNER};
GRANT SELECT ON ALL TABLES IN SCHEMA {record.SCHEMA} TO {OWNER};
GRANT SELECT ON ALL TABLES IN SCHEMA {seal.SCHEMA} TO {OWNER};
GRANT INSERT, UPDATE ON public."Run", public."Dataset" TO {OWNER};
GRANT INSERT ON public."JSONBDeduplication" TO {OWNER};
GRANT INSERT ON {record.SCHEMA}.verification TO {OWNER};
GRANT UPDATE ("updatedAt") ON public."Cycle" TO {OWNER};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {OWNER};
"""


@dataclass(frozen=True)
class Checked:
    """What a look at the guard found: all privileges it gives, those missing, those that are too
    many, and what else is wrong; `version` 0 is no guard at all."""

    version: int
    granted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the guard is there as this program installs it."""
        return self.version == VERSION and not (self.missing or self.extra or self.problems)


def installed(connection: Connection) -> int:
    """The version of the guard on the database; 0 when there is none."""
    readable = connection.execute(
        text(
            "SELECT CASE WHEN has_schema_privilege(relnamespace, 'USAGE')"
            " THEN has_table_privilege(pg_class.oid, 'SELECT') ELSE false END FROM pg_class"
            " WHERE relname = 'version' AND relnamespace = to_regnamespace('guard')"
        )
    ).scalar_one_or_none()
    if readable is None:
        return 0
    newest = text("SELECT coalesce(max(number), 0) FROM guard.version")
    if readable:
        return int(connection.execute(newest).scalar_one())
    with as_owner(connection):
        return int(connection.execute(newest).scalar_one())


def script(*, fresh: bool) -> str:
    """The whole guard as SQL, for `psql` too; not `fresh` leaves its tables as they are."""
    parts = [
        "SET LOCAL lock_timeout = '10s';\nSET LOCAL check_function_bodies = off;",
        _ROLES,
        _SIGNALS,
        _EXTENSION,
        # Who creates roles isn't a member of them: it takes the owner's part for this transaction.
        f"GRANT {OWNER} TO CURRENT_USER;",
    ]
    if fresh:
        parts.append(f"CREATE SCHEMA guard AUTHORIZATION {OWNER};")
    parts += [f"SET LOCAL ROLE {OWNER};", *_own_objects(fresh=fresh), "RESET ROLE;"]
    parts += [_ONE_OWNER, _FOR_THE_OWNER, *_on_tables(), *_privileges()]
    parts += [f"REVOKE {OWNER} FROM CURRENT_USER;"]
    return "\n".join(parts) + "\n"


def install(connection: Connection, *, fresh: bool) -> None:
    """Installs the guard, or brings it up to date, in the transaction of the caller."""
    _check_may_change(connection)
    if fresh:
        _check_may_make_schemas(connection)
    execute(connection, script(fresh=fresh))


def remove(connection: Connection) -> None:
    """Takes the guard away with what it knows; roles and logins stay."""
    _check_may_change(connection)
    roles = ", ".join((OWNER, *GROUPS.values()))
    parts = [
        f"GRANT {OWNER} TO CURRENT_USER;",
        _DROP_TRIGGERS,
        "ALTER TABLE desk.draft DISABLE ROW LEVEL SECURITY;",
        "ALTER TABLE desk.presence DISABLE ROW LEVEL SECURITY;",
        "DROP POLICY IF EXISTS guard_own ON desk.draft;",
        "DROP POLICY IF EXISTS guard_own ON desk.presence;",
        "DROP POLICY IF EXISTS guard_all_see ON desk.presence;",
        "DROP SCHEMA guard CASCADE;",
        *(
            f"REVOKE ALL ON ALL {what} IN SCHEMA {schema} FROM {roles};"
            for schema in _SCHEMAS[:-1]
            for what in ("TABLES", "SEQUENCES")
        ),
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {desk.SCHEMA} FROM {roles};",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {desk.SCHEMA} TO PUBLIC;",
        *(f"REVOKE ALL ON SCHEMA {schema} FROM {roles};" for schema in _SCHEMAS[:-1]),
        f"REVOKE {OWNER} FROM CURRENT_USER;",
    ]
    execute(connection, "\n".join(parts))


def check(connection: Connection) -> Checked:
    """Compares what is there with what is declared."""
    version = installed(connection)
    if version == 0:
        return Checked(0, problems=("there is no guard on this database",))
    wanted = {
        (grant.schema, grant.table, grant.group, grant.privilege, column)
        for grant in GRANTS
        for column in (grant.columns.replace('"', "").split(", ") if grant.columns else ("",))
    }
    found = {
        (schema, table, group, privilege, column)
        for schema, table, group, privilege, column in connection.execute(
            text(
                "SELECT nspname::text, relname::text, coalesce(rolname::text, 'PUBLIC'),"
                " privilege_type, col FROM ("
                " SELECT c.relnamespace, c.relname, c.relowner, acl.grantee, acl.privilege_type,"
                "  '' AS col FROM pg_class c, aclexplode(c.relacl) acl"
                "  WHERE c.relkind IN ('r', 'v', 'p')"
                " UNION ALL SELECT c.relnamespace, c.relname, c.relowner, acl.grantee,"
                "  acl.privilege_type, a.attname::text FROM pg_class c"
                "  JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl) AS given"
                " JOIN pg_namespace n ON n.oid = relnamespace"
                " LEFT JOIN pg_roles r ON r.oid = grantee"
                " WHERE nspname = ANY(:schemas) AND grantee <> relowner"
                "  AND rolname IS DISTINCT FROM :owner"
                # What moved to the record left views that hold nothing.
                "  AND NOT (nspname = 'desk' AND relname IN ('agent', 'proposal',"
                "   'cycle_history', 'generated_json_provenance'))"
            ),
            {"schemas": list(_SCHEMAS), "owner": OWNER},
        )
    }
    calls = {
        _call(group, function) for function, groups in DESK_FUNCTIONS.items() for group in groups
    }
    open_calls = set(_open_calls(connection))
    return Checked(
        version,
        tuple(sorted([*(grant.words for grant in GRANTS), *calls])),
        (*_words(wanted - found), *sorted(calls - open_calls)),
        (
            *_words(
                {each for each in found - wanted if each[3] in _WRITING or each[2] == "PUBLIC"}
            ),
            *sorted(open_calls - calls),
        ),
        tuple(_problems(connection, version)),
    )


def _call(group: str, function: str) -> str:
    return f"{group}: EXECUTE on {desk.SCHEMA}.{function}"


def _open_calls(connection: Connection) -> Iterator[str]:
    """Who may call which function of the schema, besides its owner."""
    rows = connection.execute(
        text(
            "SELECT coalesce(rolname::text, 'PUBLIC'),"
            " format('%s(%s)', proname, oidvectortypes(proargtypes)) FROM pg_proc"
            " CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl"
            " LEFT JOIN pg_roles ON pg_roles.oid = grantee"
            " WHERE pronamespace = to_regnamespace(:schema) AND grantee <> proowner"
        ),
        {"schema": desk.SCHEMA},
    )
    for group, function in rows:
        yield _call(group, function)


_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"})


def _words(grants: set[tuple[str, str, str, str, str]]) -> tuple[str, ...]:
    return tuple(
        sorted(
            f'{group}: {privilege}{f" ({column})" if column else ""} on {schema}."{table}"'
            for schema, table, group, privilege, column in grants
        )
    )


def _problems(connection: Connection, version: int) -> Iterator[str]:
    if version != VERSION:
        yield (
            f"the guard has version {version}, this program knows version {VERSION}:"
            f" {'update the program' if version > VERSION else 'run db upgrade'}"
        )
    enabled = {
        (schema, table, name)
        for schema, table, name in connection.execute(
            text(
                "SELECT nspname::text, relname::text, tgname::text FROM pg_trigger"
                " JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE tgname LIKE 'guard\\_%' AND tgenabled IN ('O', 'A')"
            )
        )
    }
    for trigger in TRIGGERS:
        if (trigger.schema, trigger.table, trigger.name) not in enabled:
            yield f"the trigger {trigger.name} on {trigger.on} is missing or switched off"
    for (table,) in connection.execute(
        text(
            "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('desk')"
            " AND relname IN ('draft', 'presence') AND NOT relrowsecurity ORDER BY 1"
        )
    ):
        yield f"row-level security of desk.{table} is switched off"
    for login, what in connection.execute(
        text(
            "SELECT DISTINCT rolname::text, 'owns tables' FROM pg_class c"
            " JOIN pg_roles r ON r.oid = relowner"
            " WHERE relkind = 'r' AND rolcanlogin AND NOT rolsuper"
            "  AND relnamespace IN (SELECT oid FROM pg_namespace"
            "   WHERE nspname IN ('public', 'desk', 'record', 'seal', 'guard'))"
            " UNION SELECT r.rolname::text, 'is a member of the owner of the guard' FROM pg_roles r"
            " JOIN pg_auth_members m ON m.member = r.oid"
            " JOIN pg_roles o ON o.oid = m.roleid AND o.rolname = :owner"
            # The creator of a role may give it away, from PostgreSQL 16 on without having it.
            " WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'USAGE')"
        ),
        {"owner": OWNER},
    ):
        yield f"the login {login} {what}: it could take the guard away"
    prepared = connection.execute(
        text("SELECT current_setting('max_prepared_transactions')")
    ).scalar_one()
    if prepared != "0":
        yield (
            f"the server's max_prepared_transactions is {prepared}: a login could leave a prepared"
            " transaction that holds others up, and no puller can end that; set it to 0"
        )
    if not connection.execute(
        text("SELECT pg_has_role(:pullers, 'pg_signal_backend', 'USAGE')"), {"pullers": PULLERS}
    ).scalar_one():
        yield (
            "pullers can't end sessions that hold others up: a superuser has to say"
            f" GRANT pg_signal_backend TO {PULLERS}"
        )


def _check_may_change(connection: Connection) -> None:
    wrong = connection.execute(
        text(
            "SELECT relname::text, pg_get_userbyid(relowner)::text FROM pg_class"
            " WHERE relkind = 'r' AND NOT pg_has_role(relowner, 'USAGE') AND relnamespace ="
            " ANY(ARRAY(SELECT oid FROM pg_namespace"
            "  WHERE nspname IN ('public', 'desk', 'record', 'seal'))) ORDER BY 1 LIMIT 1"
        )
    ).one_or_none()
    if wrong is not None:
        raise Refused(
            f"The table {wrong[0]} belongs to {wrong[1]}. The guard is installed and removed by the"
            " owner of the tables, or by a member of that role."
        )
    if not may_create_roles(connection):
        raise Refused("Installing or removing the guard takes a login that may create roles.")


def _check_may_make_schemas(connection: Connection) -> None:
    name, may = connection.execute(
        text(
            "SELECT current_database()::text, has_database_privilege(current_database(), 'CREATE')"
        )
    ).one()
    if not may:
        raise Refused(
            f"Installing the guard takes a login that may make schemas in the database {name}. Its"
            f" owner or a superuser says GRANT CREATE ON DATABASE {name} to that login, also after"
            " a restore without the privileges of the database."
        )


def _own_objects(*, fresh: bool) -> Iterator[str]:
    """What belongs to the owner of the guard: tables, words, functions."""
    for path in sorted(_SQL.glob("*.sql")):
        if fresh or path.name != _TABLES:
            yield path.read_text("utf-8")
    yield _HASHED
    yield "DELETE FROM guard.action; DELETE FROM guard.need; DELETE FROM guard.word;"
    for id_, action in enumerate(ACTIONS, start=1):
        needs = "{" + ",".join(need.name for need in action.needs) + "}"
        yield _row("action", id_, action.words, action.content.name, action.path.template, needs)
    for need in Need:
        yield _row("need", need.name, need.value)
    for kind, word in _known_words():
        yield _row("word", kind, word)
    yield f"INSERT INTO guard.version (number) VALUES ({VERSION}) ON CONFLICT DO NOTHING;"
    yield "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA guard FROM PUBLIC;"
    triggers = {f"{trigger.call.partition('(')[0]}()" for trigger in TRIGGERS}
    for name in sorted(triggers | set(FUNCTIONS)):
        # Whatever they ask goes by keys, so one plan serves every call: making it costs more than
        # an edit may take longer than without a guard. Compiling it costs more still, and a server
        # does so where it expects many rows, as of each function that gives some.
        yield (
            f"ALTER FUNCTION guard.{name} SET plan_cache_mode = force_generic_plan SET jit = off;"
        )
    groups = ", ".join(GROUPS.values())
    yield f"GRANT USAGE ON SCHEMA guard TO {groups};"
    for function in FUNCTIONS:
        yield f"GRANT EXECUTE ON FUNCTION guard.{function} TO {groups};"


def _known_words() -> Iterator[tuple[str, str]]:
    yield "experts", EXPERTS
    for status in SETTABLE_STATUSES:
        yield "status", status
    for state in RUN_STATES:
        yield "run state", state
    for attribute, kind in EDITABLE_ATTRIBUTES.items():
        yield f"run attribute {'boolean' if kind is bool else 'string'}", attribute
    for state in DATASET_STATES:
        yield "dataset state", state
    for state in EDITABLE_STATES:
        yield "editable state", state
    for from_ in DATASET_STATES:
        for to in moves_from(from_):
            yield f"move from {from_}", to
    for place, column in enumerate(CERTIFIABLE_ONLINE_COLUMNS, start=1):
        yield f"certifiable {place}", column
    for bit in sorted(DCS_BITS):
        yield "bit", bit
    for name in sorted(LUMINOSITY):
        yield "luminosity", name


def _row(table: str, *values: object) -> str:
    given = sql.SQL(", ").join(sql.Literal(value) for value in values).as_string()
    return f"INSERT INTO guard.{table} VALUES ({given});"


def _on_tables() -> Iterator[str]:
    """What is put on the tables of others."""
    # The owner of the tables calls the functions of the guard once, to name them in triggers.
    yield _DROP_TRIGGERS
    for trigger in TRIGGERS:
        yield trigger.sql
    yield from POLICIES


def _privileges() -> Iterator[str]:
    groups = ", ".join(GROUPS.values())
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    yield _FROM_ALL_OTHERS
    for schema in _SCHEMAS[:-1]:
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {groups};"
    for schema in _SCHEMAS[:-1]:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {groups};"
    for grant in GRANTS:
        if grant.schema != "guard":
            yield grant.sql
    yield f"SET LOCAL ROLE {OWNER};"
    for grant in GRANTS:
        if grant.schema == "guard":
            yield grant.sql
    yield "RESET ROLE;"
    yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {desk.SCHEMA} FROM PUBLIC, {groups};"
    for function, callers in DESK_FUNCTIONS.items():
        yield f"GRANT EXECUTE ON FUNCTION {desk.SCHEMA}.{function} TO {', '.join(callers)};"
    people = ", ".join(role for role in GROUPS.values() if role != WEB)
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {groups};"
    # Numbers are handed out by the server; nobody but the web service can set a sequence.
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {people};"
    yield f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {WEB};"
