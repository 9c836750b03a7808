"""Drafts of edits that aren't written yet, and who has which dataset open."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE desk.draft (
        person text,
        run_number integer,
        name text,
        content jsonb NOT NULL,
        seen integer NOT NULL,
        saved timestamptz NOT NULL,
        PRIMARY KEY (person, run_number, name)
    )
    """,
    """
    CREATE TABLE desk.presence (
        client text,
        run_number integer,
        name text,
        person text NOT NULL,
        editing boolean NOT NULL,
        since timestamptz NOT NULL,
        heartbeat timestamptz NOT NULL,
        PRIMARY KEY (client, run_number, name)
    )
    """,
    "CREATE INDEX presence_dataset ON desk.presence (run_number, name)",
)


def upgrade() -> None:
    """From the first tables to these as well."""
    for statement in _STATEMENTS:
        op.execute(statement)
