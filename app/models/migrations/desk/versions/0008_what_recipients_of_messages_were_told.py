"""How far each recipient of messages was told what happened."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each address and webhook."""
    op.execute(
        """
        CREATE TABLE desk.told (
            recipient text PRIMARY KEY,
            position text NOT NULL,
            "at" timestamptz NOT NULL DEFAULT now()
        )
        """
    )
