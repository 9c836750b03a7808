"""An index that holds of the counts all but their arrays.

A whole table is gone through for many a filter and order. What asks for no column and no bit reads
this index instead, a tenth as much.
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CHANGED = 0.02
"""The share of the rows after whose change the server marks what everybody sees; of what isn't
marked so the row is read."""

_ATTEMPT = "2s"
_PAUSE_S = 0.5
_PATIENCE_S = 30.0
_IN_USE = frozenset({"55P03", "40P01"})


def upgrade() -> None:
    """One index; no row changes."""
    _hold()
    op.execute(
        """
        CREATE INDEX counts_without_arrays ON desk.counts (run_number, name)
            INCLUDE (deleted, version, summary_version, recorded, delivered)
        """
    )
    op.execute(
        f"""
        ALTER TABLE desk.counts SET (autovacuum_vacuum_scale_factor = {_CHANGED},
            autovacuum_vacuum_insert_scale_factor = {_CHANGED})
        """
    )


def _hold() -> None:
    """Nobody else writes counts until the transaction ends. Whoever wants to waits behind us as
    long as we wait for somebody who does: so each attempt is short."""
    connection = op.get_bind()
    ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with connection.begin_nested():
                connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_ATTEMPT}'"))
                connection.execute(sa.text("LOCK TABLE desk.counts IN SHARE ROW EXCLUSIVE MODE"))
        except sa.exc.DBAPIError as error:
            in_use = getattr(error.orig, "sqlstate", None) in _IN_USE
            if not in_use or time.monotonic() > ends:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def downgrade() -> None:
    """Takes it away."""
    op.execute("DROP INDEX desk.counts_without_arrays")
    op.execute(
        "ALTER TABLE desk.counts RESET"
        " (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)"
    )
