"""Agents and what became of their proposals, what was done to cycles, provenance of lists."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE FUNCTION record.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what is in %.% is never changed or deleted',
            TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TABLE record.agent (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        version text NOT NULL,
        owner text NOT NULL,
        columns jsonb NOT NULL,
        registered timestamptz NOT NULL DEFAULT now(),
        UNIQUE (name, version)
    )
    """,
    # A newer version of an agent retires the one before without a row here.
    """
    CREATE TABLE record.agent_retirement (
        agent integer PRIMARY KEY REFERENCES record.agent,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE record.proposal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agent integer NOT NULL REFERENCES record.agent,
        run_number integer NOT NULL,
        name text NOT NULL,
        "column" text NOT NULL,
        ranges jsonb NOT NULL,
        status text NOT NULL,
        comment text NOT NULL,
        cause text NOT NULL,
        proposed timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX proposal_dataset ON record.proposal (run_number, name)",
    "CREATE INDEX proposal_agent ON record.proposal (agent, run_number)",
    # A proposal without a row here is open; the key lets one decision stand.
    """
    CREATE TABLE record.proposal_decision (
        proposal bigint PRIMARY KEY REFERENCES record.proposal,
        state text NOT NULL,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now(),
        version integer,
        reason text
    )
    """,
    """
    CREATE TABLE record.cycle_history (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id_cycle integer NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now(),
        "by" text NOT NULL,
        what text NOT NULL,
        details jsonb NOT NULL
    )
    """,
    "CREATE INDEX cycle_history_cycle ON record.cycle_history (id_cycle, id)",
    """
    CREATE TABLE record.generated_json_provenance (
        generated_json_id integer PRIMARY KEY,
        program_version text NOT NULL,
        sha256 text NOT NULL,
        datasets jsonb NOT NULL,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()"
        for table in (
            "agent",
            "agent_retirement",
            "proposal",
            "proposal_decision",
            "cycle_history",
            "generated_json_provenance",
        )
    ),
)


def upgrade() -> None:
    """From nothing to the first tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
