"""What was done to cycles, which the shared tables don't keep, and a puller for each source."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # A row of its own for OMS and for the DQM GUI; what is in it is a note that renews itself.
    "ALTER TABLE desk.puller DROP CONSTRAINT puller_pkey, DROP CONSTRAINT puller_id_check",
    "ALTER TABLE desk.puller ADD COLUMN source text PRIMARY KEY DEFAULT 'oms'",
    "ALTER TABLE desk.puller ALTER COLUMN source DROP DEFAULT, DROP COLUMN id",
    """
    CREATE TABLE desk.cycle_history (
        id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        id_cycle integer NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now(),
        "by" text NOT NULL,
        what text NOT NULL,
        details jsonb NOT NULL
    )
    """,
    "CREATE INDEX ON desk.cycle_history (id_cycle, id)",
)


def upgrade() -> None:
    """From the first tables to these."""
    for statement in _STATEMENTS:
        op.execute(statement)
