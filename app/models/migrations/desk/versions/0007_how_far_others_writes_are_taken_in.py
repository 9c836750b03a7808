"""How far the read model holds what other programs have written."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row: the newest event taken in, and the run that the first look back has come to."""
    op.execute(
        """
        CREATE TABLE desk.taken_in (
            id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
            event integer NOT NULL,
            below_run integer
        )
        """
    )
