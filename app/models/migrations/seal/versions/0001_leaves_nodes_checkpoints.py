"""Leaves and stored nodes of the tree, its checkpoints, and the root that each list saw."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE FUNCTION seal.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what is in %.% is never changed or deleted',
            TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TABLE seal.leaf (
        position bigint PRIMARY KEY CHECK (position >= 0),
        number bigint NOT NULL,
        state bigint NOT NULL,
        kind text NOT NULL,
        author text,
        hash bytea NOT NULL CHECK (length(hash) = 32),
        marks bytea,
        content text
    )
    """,
    # A row is sealed once, whoever else seals at the same moment.
    "CREATE UNIQUE INDEX leaf_row ON seal.leaf (kind, number, state)",
    """
    CREATE TABLE seal.node (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hash bytea NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (level, index)
    )
    """,
    """
    CREATE TABLE seal.checkpoint (
        size bigint PRIMARY KEY,
        root bytea NOT NULL CHECK (length(root) = 32),
        "at" timestamptz NOT NULL,
        "by" text NOT NULL,
        note text NOT NULL
    )
    """,
    """
    CREATE TABLE seal.list_root (
        generated_json_id integer PRIMARY KEY,
        size bigint NOT NULL,
        root bytea NOT NULL CHECK (length(root) = 32),
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION seal.append_only()"
        for table in ("leaf", "node", "checkpoint", "list_root")
    ),
)


def upgrade() -> None:
    """From nothing to the first tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
