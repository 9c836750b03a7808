"""What people ask pullers for, and what became of it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE record.wish (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        arguments jsonb NOT NULL,
        "by" text NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    # The key lets one outcome stand: whatever writes it, with its effect, does it once.
    """
    CREATE TABLE record.wish_outcome (
        wish bigint PRIMARY KEY REFERENCES record.wish,
        state text NOT NULL,
        text text NOT NULL,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()"
        for table in ("wish", "wish_outcome")
    ),
)


def upgrade() -> None:
    """From agents, proposals, cycles and provenance to wishes, too."""
    for statement in _STATEMENTS:
        op.execute(statement)
