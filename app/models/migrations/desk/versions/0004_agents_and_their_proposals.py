"""Agents that may speak for columns, and what they said."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE desk.agent (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        version text NOT NULL,
        owner text NOT NULL,
        columns jsonb NOT NULL,
        registered timestamptz NOT NULL DEFAULT now(),
        retired timestamptz,
        UNIQUE (name, version)
    )
    """,
    # One version of an agent speaks at a time.
    "CREATE UNIQUE INDEX agent_in_force ON desk.agent (name) WHERE retired IS NULL",
    """
    CREATE TABLE desk.proposal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agent integer NOT NULL REFERENCES desk.agent,
        run_number integer NOT NULL,
        name text NOT NULL,
        "column" text NOT NULL,
        ranges jsonb NOT NULL,
        status text NOT NULL,
        comment text NOT NULL,
        cause text NOT NULL,
        proposed timestamptz NOT NULL DEFAULT now(),
        state text NOT NULL,
        decided_by text,
        decided timestamptz,
        version integer,
        reason text
    )
    """,
    "CREATE INDEX proposal_dataset ON desk.proposal (run_number, name)",
    "CREATE INDEX proposal_agent ON desk.proposal (agent, run_number)",
    "CREATE INDEX proposal_open ON desk.proposal (id) WHERE state = 'open'",
)


def upgrade() -> None:
    """From drafts and presence to these as well."""
    for statement in _STATEMENTS:
        op.execute(statement)
