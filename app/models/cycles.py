"""Cycles and the datasets in them."""

from collections.abc import Collection

from sqlalchemy import Connection, text

from app.models.rows import Key


def in_pending_cycle(connection: Connection, keys: Collection[Key], workspace: str) -> set[Key]:
    """Those of the datasets that are in a cycle which is pending in the workspace."""
    rows = connection.execute(
        text(
            'SELECT DISTINCT run_number, name FROM "CycleDataset" JOIN "Cycle" USING (id_cycle)'
            " WHERE NOT deleted AND cycle_attributes ->> :state = 'pending'"
            " AND (run_number, name) IN"
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        {
            "state": f"{workspace}_state",
            "runs": [run_number for run_number, _ in keys],
            "names": [name for _, name in keys],
        },
    )
    return {(run_number, name) for run_number, name in rows}
