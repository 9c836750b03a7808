"""Which official lists were published, under which name, after which one, and why."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Two who publish at once: the keys let one of them be first.
    """
    CREATE TABLE record.publication (
        generated_json_id integer PRIMARY KEY,
        name text NOT NULL UNIQUE,
        era text NOT NULL,
        kind text NOT NULL,
        number integer NOT NULL,
        parent integer,
        why text NOT NULL,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now(),
        UNIQUE (era, kind, number)
    )
    """,
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.publication"
    " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()",
)


def upgrade() -> None:
    """From checks of lists to publications, too."""
    for statement in _STATEMENTS:
        op.execute(statement)
