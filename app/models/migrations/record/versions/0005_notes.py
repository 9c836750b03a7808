"""What people note on runs, datasets and lumisections."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # A note is corrected, answered and taken back by a further row that is about it.
    """
    CREATE TABLE record.note (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        about bigint REFERENCES record.note,
        run_number integer NOT NULL,
        name text NOT NULL,
        ranges jsonb NOT NULL,
        text text NOT NULL,
        "by" text NOT NULL,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX note_run ON record.note (run_number, id)",
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.note"
    " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()",
)


def upgrade() -> None:
    """From publications to notes, too."""
    for statement in _STATEMENTS:
        op.execute(statement)
