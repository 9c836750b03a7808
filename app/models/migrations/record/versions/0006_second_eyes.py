"""What a second person verified, and which cycles are frozen."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # The newest row of a place counts: a mark, or that it was taken away. `event` is the newest
    # event of the dataset that who verified it could see.
    """
    CREATE TABLE record.verification (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        run_number integer NOT NULL,
        name text NOT NULL,
        workspace text NOT NULL,
        verified boolean NOT NULL,
        event integer NOT NULL DEFAULT 0,
        why text NOT NULL,
        "by" text NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX verification_place ON record.verification (run_number, name, workspace, id)",
    # The newest row of a cycle counts here, too.
    """
    CREATE TABLE record.cycle_freeze (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id_cycle integer NOT NULL,
        frozen boolean NOT NULL,
        why text NOT NULL,
        "by" text NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX cycle_freeze_cycle ON record.cycle_freeze (id_cycle, id)",
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()"
        for table in ("verification", "cycle_freeze")
    ),
)


def upgrade() -> None:
    """From notes to marks of second eyes, too."""
    for statement in _STATEMENTS:
        op.execute(statement)
