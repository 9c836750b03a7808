"""Read model of lumisections, the puller's notes, fills, provenance of golden JSONs, news."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE desk.lumisection_state (
        run_number integer,
        name text,
        rr_events integer NOT NULL,
        oms_events integer NOT NULL,
        online_oms_events integer NOT NULL,
        state bytea NOT NULL,
        PRIMARY KEY (run_number, name)
    )
    """,
    # Already packed by us: the server shall neither try to compress it nor unpack it to read it.
    "ALTER TABLE desk.lumisection_state ALTER COLUMN state SET STORAGE EXTERNAL",
    """
    CREATE TABLE desk.puller (
        id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        client text,
        host text,
        pid integer,
        since timestamptz,
        heartbeat timestamptz,
        last_success timestamptz,
        last_error text,
        next_try timestamptz,
        activity text
    )
    """,
    """
    CREATE TABLE desk.failed_pull (
        run_number integer PRIMARY KEY,
        reason text NOT NULL,
        first_failed timestamptz NOT NULL,
        last_failed timestamptz NOT NULL,
        attempts integer NOT NULL
    )
    """,
    """
    CREATE TABLE desk.fill (
        fill_number integer PRIMARY KEY,
        attributes jsonb NOT NULL,
        fetched timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE desk.generated_json_provenance (
        generated_json_id integer PRIMARY KEY,
        program_version text NOT NULL,
        sha256 text NOT NULL,
        datasets jsonb NOT NULL
    )
    """,
    """
    CREATE FUNCTION desk.announce_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_catalog.pg_notify('desk_changes', added.newest::text)
        FROM (SELECT max(atomic_version) AS newest FROM added_versions) AS added
        WHERE added.newest IS NOT NULL;
        RETURN NULL;
    END
    $$
    """,
)


def upgrade() -> None:
    """From nothing to the first tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
