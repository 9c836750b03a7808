"""Derived rows changed as somebody would who wants another golden JSON."""

from sqlalchemy import text

from app.domain.keys import DatasetKey
from app.domain.state.compact import compact
from app.domain.state.grid import Grid
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import states
from tests.services.offline_runs import FIRST, PROMPT

KEY = (FIRST, PROMPT)


def execute(db: Database, statement: str, **given: object) -> None:
    with db.transaction() as connection:
        connection.execute(text(statement), given)


def forge_state(db: Database, key: DatasetKey = KEY, *, fitting: bool) -> None:
    """Says by one UPDATE that `dt-dt` is GOOD everywhere; `fitting`: with a checksum that fits."""
    with db.transaction() as connection:
        loaded = states.load(connection, [key], desk=False)[key]
        before = loaded.state.rr
        codes = before.codes.copy()
        codes[before.row_of["dt-dt"], :] = len(before.values)
        values = (*before.values, Triplet("GOOD", "forged"))
        rr = Grid(before.length, before.keys, values, codes, before.covered)
        content = compact(loaded.state.with_columns(rr)).to_bytes()
        kept = ", checksum = :checksum" if fitting else ""
        connection.execute(
            text(
                f"UPDATE desk.lumisection_state SET state = :state{kept}"
                " WHERE run_number = :run AND name = :name"
            ),
            {
                "state": content,
                "run": key[0],
                "name": key[1],
                **({"checksum": states.checksum(key, loaded.counts, content)} if fitting else {}),
            },
        )
