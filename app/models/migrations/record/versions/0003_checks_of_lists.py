"""What pullers found when they made a golden JSON again from the events."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE record.golden_json_check (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        generated_json_id integer NOT NULL,
        equal boolean NOT NULL,
        differing text NOT NULL,
        program_version text NOT NULL,
        "by" text,
        "at" timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX golden_json_check_list ON record.golden_json_check (generated_json_id)",
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record.golden_json_check"
    " FOR EACH STATEMENT EXECUTE FUNCTION record.append_only()",
)


def upgrade() -> None:
    """From wishes to checks of lists, too."""
    for statement in _STATEMENTS:
        op.execute(statement)
