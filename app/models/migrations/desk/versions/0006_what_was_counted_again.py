"""A checksum beside each state; what was counted again, and what was false."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE desk.lumisection_state ADD COLUMN checksum bytea",
    # Not an UPDATE: on a guarded database that asks who acts, and whoever upgrades is nobody.
    """
    ALTER TABLE desk.lumisection_state ALTER COLUMN checksum TYPE bytea USING sha256(
        state || convert_to(
            format('%s %s %s %s %s', run_number, rr_events, oms_events, online_oms_events, name),
            'UTF8'
        )
    )
    """,
    # A run has an empty name. `newest_event` is the newest that was there when it was counted.
    """
    CREATE TABLE desk.recount (
        run_number integer,
        name text,
        version integer NOT NULL,
        newest_event integer NOT NULL,
        checksum bytea,
        recounted timestamptz NOT NULL,
        PRIMARY KEY (run_number, name)
    )
    """,
    "CREATE INDEX recount_oldest ON desk.recount (recounted)",
    "CREATE INDEX recount_newest ON desk.recount (newest_event)",
    """
    CREATE TABLE desk.recount_finding (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        "table" text NOT NULL,
        run_number integer NOT NULL,
        name text NOT NULL,
        part text NOT NULL,
        lumisections text NOT NULL,
        expected text NOT NULL,
        found text NOT NULL,
        noticed_by text NOT NULL,
        "at" timestamptz NOT NULL,
        repaired boolean NOT NULL
    )
    """,
    "CREATE INDEX recount_finding_dataset ON desk.recount_finding (run_number, name)",
)


def upgrade() -> None:
    """From states that are believed to such as are counted again."""
    for statement in _STATEMENTS:
        op.execute(statement)
