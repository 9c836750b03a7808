"""Our own tables, in schema `desk`: all of it may be dropped, and is made again at the next start.

Without the privilege to create it the program works too, only slower and with less to show.
"""

import logging
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from app.domain.errors import Refused
from app.models.database import indexes
from app.models.database.schema import CREATION_LOCK

logger = logging.getLogger(__name__)

SCHEMA = "desk"
VERSION_TABLE = "alembic_version"
ANNOUNCING_TRIGGER = "desk_announce_version"
_MIGRATIONS = Path(__file__).parents[1] / "migrations"

metadata = sa.MetaData(schema=SCHEMA)

_time = TIMESTAMP(timezone=True)

lumisection_state = sa.Table(
    "lumisection_state",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("rr_events", sa.Integer, nullable=False),
    sa.Column("oms_events", sa.Integer, nullable=False),
    sa.Column("online_oms_events", sa.Integer, nullable=False),
    sa.Column("state", BYTEA, nullable=False),
)
puller = sa.Table(
    "puller",
    metadata,
    sa.Column("client", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.Integer),
    sa.Column("since", _time),
    sa.Column("heartbeat", _time),
    sa.Column("last_success", _time),
    sa.Column("last_error", sa.Text),
    sa.Column("next_try", _time),
    sa.Column("activity", sa.Text),
    sa.Column("source", sa.Text, primary_key=True),
)
failed_pull = sa.Table(
    "failed_pull",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_failed", _time, nullable=False),
    sa.Column("last_failed", _time, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
)
fill = sa.Table(
    "fill",
    metadata,
    sa.Column("fill_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attributes", JSONB, nullable=False),
    sa.Column("fetched", _time, nullable=False),
)
generated_json_provenance = sa.Table(
    "generated_json_provenance",
    metadata,
    sa.Column("generated_json_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("program_version", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("datasets", JSONB, nullable=False),
)
cycle_history = sa.Table(
    "cycle_history",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("id_cycle", sa.Integer, nullable=False),
    sa.Column("at", _time, nullable=False, server_default=sa.func.now()),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
)
draft = sa.Table(
    "draft",
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", JSONB, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("saved", _time, nullable=False),
)
presence = sa.Table(
    "presence",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("editing", sa.Boolean, nullable=False),
    sa.Column("since", _time, nullable=False),
    sa.Column("heartbeat", _time, nullable=False),
)
agent = sa.Table(
    "agent",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("columns", JSONB, nullable=False),
    sa.Column("registered", _time, nullable=False, server_default=sa.func.now()),
    sa.Column("retired", _time),
)
proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("agent", sa.Integer, nullable=False),
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("ranges", JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("proposed", _time, nullable=False, server_default=sa.func.now()),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided", _time),
    sa.Column("version", sa.Integer),
    sa.Column("reason", sa.Text),
)


def prepare(connection: Connection) -> bool:
    """Creates or upgrades the schema if the login may; returns whether it can be used.

    Raises Refused when a newer program has already upgraded it.
    """
    with connection.begin():
        if _revision(connection) != _newest():
            if not _may_change(connection):
                logger.info("The schema %s isn't there, and this login can't make it", SCHEMA)
                return False
            # Two clients that start at once: the second waits, and finds everything done.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATION_LOCK)))
            if _revision(connection) != _newest():
                _upgrade(connection)
                _share(connection)
        if not _usable(connection):
            logger.info("This login may not write to the schema %s", SCHEMA)
            return False
        _announce_others(connection)
        indexes.add_small(connection)
    return True


def why_not(connection: Connection) -> str:
    """Why `prepare` found the schema unusable, for the person who looks after the database."""
    there = connection.execute(
        sa.text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)"),
        {"schema": SCHEMA},
    ).scalar()
    if not there:
        return f"the schema {SCHEMA} isn't there, and this login may not create it"
    if _revision(connection) != _newest():
        return f"the schema {SCHEMA} isn't up to date, and this login may not change it"
    return f"this login may not write to the tables of the schema {SCHEMA}"


def _known() -> list[str]:
    return sorted(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _newest() -> str:
    return _known()[-1]


def _revision(connection: Connection) -> str | None:
    """The revision of the schema, None when it isn't there or can't be looked into."""
    visible = connection.execute(
        sa.text(
            "SELECT has_table_privilege(table_.oid, 'SELECT') AND"
            " has_schema_privilege(schema_.oid, 'USAGE')"
            " FROM pg_class AS table_ JOIN pg_namespace AS schema_ ON schema_.oid = relnamespace"
            " WHERE nspname = :schema AND relname = :table"
        ),
        {"schema": SCHEMA, "table": VERSION_TABLE},
    ).scalar()
    if not visible:
        return None
    found = connection.execute(
        sa.text(f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE}")
    ).scalar_one_or_none()
    if found is not None and found not in _known():
        raise Refused(
            f"The schema {SCHEMA} of this database belongs to a newer version of this program"
            f" (its revision is {found}, this program knows up to {_newest()})."
            " Update the program."
        )
    return None if found is None else str(found)


def _may_change(connection: Connection) -> bool:
    """Whether the schema is missing and may be made, or is empty or ours and may be changed."""
    answer = connection.execute(
        sa.text(
            """
            SELECT CASE
                WHEN schema_.oid IS NULL
                THEN has_database_privilege(current_database(), 'CREATE')
                ELSE has_schema_privilege(schema_.oid, 'CREATE')
                    AND NOT EXISTS (
                        SELECT FROM pg_class WHERE relnamespace = schema_.oid
                        AND relkind IN ('r', 'v', 'm', 'p', 'f')
                        AND (NOT pg_has_role(relowner, 'USAGE') OR NOT EXISTS (
                            SELECT FROM pg_class AS table_
                            WHERE table_.relnamespace = schema_.oid AND table_.relname = :table
                        ))
                    )
                END
            FROM (VALUES (1)) AS one
            LEFT JOIN pg_namespace AS schema_ ON nspname = :schema
            """
        ),
        {"schema": SCHEMA, "table": VERSION_TABLE},
    ).scalar()
    return bool(answer)


def _upgrade(connection: Connection) -> None:
    # Alembic takes a tenth of a second to import, and is needed once per database.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    there = connection.execute(sa.select(sa.func.to_regnamespace(SCHEMA))).scalar()
    if there is None:
        # Not IF NOT EXISTS: that asks for the privilege even where nothing is to be done.
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    command.upgrade(config, "head")


def _share(connection: Connection) -> None:
    """Whoever may append events may use the schema."""
    grantees = connection.execute(
        sa.text(
            """
            SELECT DISTINCT CASE WHEN grantee = 0 THEN NULL ELSE grantee::regrole::text END
            FROM pg_class, aclexplode(relacl)
            WHERE oid = to_regclass('"Event"') AND privilege_type = 'INSERT'
              AND grantee <> relowner
            UNION SELECT relowner::regrole::text FROM pg_class WHERE oid = to_regclass('"Event"')
            """
        )
    ).scalars()
    for grantee in [name or "PUBLIC" for name in grantees]:
        for grant in (
            f"USAGE ON SCHEMA {SCHEMA}",
            f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA}",
        ):
            connection.exec_driver_sql(f"GRANT {grant} TO {grantee}")


def _usable(connection: Connection) -> bool:
    answer = connection.execute(
        sa.text(
            "SELECT coalesce(bool_and(has_table_privilege(to_regclass(name), privilege)), false)"
            " FROM unnest(CAST(:tables AS text[])) AS name,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege"
        ),
        {"tables": list(metadata.tables)},
    )
    return bool(answer.scalar())


def _announce_others(connection: Connection) -> None:
    """Has the server announce what the web service appends, where the login may ask for that.

    A trigger runs with the rights of whoever appends: so only a function is called that belongs to
    the owner of the table, not one that somebody else could replace.
    """
    missing = connection.execute(
        sa.text(
            """
            SELECT has_table_privilege(pg_class.oid, 'TRIGGER')
                AND NOT EXISTS (
                    SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = :trigger
                )
            FROM pg_class
            JOIN pg_proc ON proowner = relowner
                AND proname = 'announce_version' AND pronamespace = to_regnamespace(:schema)
            WHERE pg_class.oid = to_regclass('"Version"')
            """
        ),
        {"trigger": ANNOUNCING_TRIGGER, "schema": SCHEMA},
    ).scalar()
    if not missing:
        return
    try:
        with connection.begin_nested():
            # The lock would make everybody wait who appends behind a long transaction.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            connection.exec_driver_sql(
                f'CREATE TRIGGER {ANNOUNCING_TRIGGER} AFTER INSERT ON "Version"'
                " REFERENCING NEW TABLE AS added_versions"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.announce_version()"
            )
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        logger.info("Versions of other programs are looked for instead of announced: %s", error)
