"""A database with thirty runs, newest first as the table shows them, and one with ten thousand.

Runs 396201 to 396230; counted from the newest, every seventh is not significant and every fifth
is signed off, with its two datasets waiting for the DQM GUI.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import text

from app.domain.certification.datasets import OPEN
from app.domain.json_value import JsonValue
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.services.offline_runs import EXPRESS, PROMPT

TEMPLATE, LARGE_TEMPLATE = "thirty_runs", "ten_thousand_runs"
COUNT, LARGE_COUNT = 30, 10_000
NEWEST = 396_230
OLDEST = NEWEST - COUNT + 1
SIGNED_OFF = tuple(NEWEST - place for place in range(4, COUNT, 5))
NOT_SIGNIFICANT = tuple(NEWEST - place for place in range(6, COUNT, 7))
NAMES = (EXPRESS, PROMPT)
LENGTH = 10
_TOO_SHORT = 4
"""LS of a run that the small configuration doesn't take for significant."""


def fill(db: Database) -> None:
    """Pulls the runs and signs some off."""
    configure(db)
    for number in range(OLDEST, NEWEST + 1):
        add_run(db, number)
    for number in SIGNED_OFF:
        runs.move(Acting(db, EXPERT), number, "SIGNOFF")


def add_run(db: Database, number: int) -> None:
    """Pulls one run, as the puller would."""
    length = _TOO_SHORT if number in NOT_SIGNIFICANT else LENGTH
    pull.apply(Acting(db), a_run(number, length))


def open_datasets(db: Database) -> None:
    """Opens all datasets in every workspace."""
    keys = [(number, name) for number in SIGNED_OFF for name in NAMES]
    datasets.move(Acting(db, EXPERT), keys, "global", OPEN)


def fill_large(db: Database) -> None:
    """Ten thousand runs up to `NEWEST`, every fourth Cosmics25."""
    configure(db)
    add_run(db, NEWEST)
    add_copies(db, NEWEST - LARGE_COUNT + 1, NEWEST - 1)
    with db.transaction() as connection:
        connection.execute(
            text(
                """UPDATE "Run" SET rr_attributes = rr_attributes || '{"class": "Cosmics25"}'"""
                " WHERE (:newest - run_number) % 4 = 0"
            ),
            {"newest": NEWEST},
        )


def add_copies(db: Database, first: int, last: int, *, of: int = NEWEST) -> None:
    """Copies the rows of a run within the server: for tables, without the events behind them."""
    with db.transaction() as connection:
        for table in ("Run", "Dataset", "DatasetTripletCache"):
            columns = connection.execute(
                text(
                    "SELECT string_agg(quote_ident(column_name), ', ')"
                    " FROM information_schema.columns"
                    " WHERE table_name = :table AND column_name <> 'run_number'"
                ),
                {"table": table},
            ).scalar_one()
            connection.execute(
                text(
                    f'INSERT INTO "{table}" (run_number, {columns})'
                    f' SELECT number, {columns} FROM "{table}",'
                    " generate_series(CAST(:first AS integer), :last) AS number"
                    " WHERE run_number = :of"
                ),
                {"first": first, "last": last, "of": of},
            )


def set_rr(db: Database, run_number: int, **values: JsonValue) -> None:
    """Changes RR attributes in the row of a run, without an event."""
    with db.transaction() as connection:
        connection.execute(
            text(
                'UPDATE "Run" SET rr_attributes = rr_attributes || CAST(:values AS jsonb)'
                " WHERE run_number = :run"
            ),
            {"values": json.dumps(values), "run": run_number},
        )


@contextmanager
def locked(dsn: str, table: str = "Run") -> Iterator[None]:
    """Somebody holds a table, so that everybody who reads it waits."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        yield
