"""Signed-off runs with waiting and open offline datasets, on the small configuration."""

import json

from sqlalchemy import Connection, text

from app.domain.certification.datasets import OPEN
from app.domain.json_value import JsonObject
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import rows
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure

FIRST, SECOND = 390001, 390002
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
LENGTH = 10
OPENED = "run_registry_opened_offline"
"""Template of a database with two runs whose datasets are open, as `fill_opened` makes it."""


def sign_off_runs(db: Database, *run_numbers: int, length: int = LENGTH, **attributes) -> None:
    """Pulls runs on the small configuration and signs them off: two datasets wait for each."""
    configure(db)
    for run_number in run_numbers:
        pull.apply(Acting(db), a_run(run_number, length, **attributes))
        good = ColumnEdit(run_number, "online", "dt-dt", (LumiRange(1, length),), Triplet("GOOD"))
        lumisections.edit_columns(Acting(db, EXPERT), [good])
        runs.move(Acting(db, EXPERT), run_number, "SIGNOFF")


def open_all(db: Database, *run_numbers: int) -> None:
    """Opens both datasets of the runs in every workspace."""
    keys = [(run, name) for run in run_numbers for name in (PROMPT, EXPRESS)]
    datasets.move(Acting(db, EXPERT), keys, "global", OPEN)


def fill_open_run(db: Database) -> None:
    """A run that is OPEN, on the small configuration."""
    configure(db)
    pull.apply(Acting(db), a_run(FIRST))


def fill_opened(db: Database) -> None:
    """Two runs that are signed off, with datasets that are open in every workspace."""
    sign_off_runs(db, FIRST, SECOND)
    open_all(db, FIRST, SECOND)


def states(db: Database, run_number: int, name: str = PROMPT) -> dict[str, str]:
    """The `{workspace}_state` attributes of a dataset."""
    with db.read() as connection:
        attributes = rows.datasets_of_run(connection, run_number)[name].attributes
    return {key: value for key, value in attributes.items() if key.endswith("_state")}


def newest_version(db: Database) -> tuple[int, str, str]:
    """Number, author and comment of the newest version."""
    with db.read() as connection:
        return tuple(
            connection.execute(
                text(
                    'SELECT atomic_version, "by", comment FROM "Version"'
                    " ORDER BY atomic_version DESC LIMIT 1"
                )
            ).one()
        )


def number_of_a_slow_event(slow: Connection) -> int:
    """The number of an event that a transaction of the web service hasn't written yet: whoever is
    quicker gets greater ones."""
    return slow.execute(
        text(
            'WITH made AS (INSERT INTO "Version" ("by", comment, "createdAt")'
            " VALUES ('web@cern.ch', '', now()) RETURNING atomic_version)"
            ' INSERT INTO "Event" (atomic_version) SELECT atomic_version FROM made'
            " RETURNING version"
        )
    ).scalar_one()


def store_and_fold_later(db: Database, key: DatasetKey, attributes: JsonObject) -> None:
    """An event of a dataset as the web service stores it, which folds it into the row a moment
    later."""
    with db.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "DatasetEvent"'
                " (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)"
                " VALUES (:version, :run, :name, CAST(:attributes AS jsonb), '[]', false)"
            ),
            {
                "version": number_of_a_slow_event(connection),
                "run": key[0],
                "name": key[1],
                "attributes": json.dumps(attributes),
            },
        )


def store_run_event(db: Database, run_number: int, attributes: JsonObject) -> None:
    """The same of a run."""
    with db.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "RunEvent"'
                " (version, run_number, oms_metadata, rr_metadata, manual_change, deleted)"
                " VALUES (:version, :run, '{}', CAST(:attributes AS jsonb), true, false)"
            ),
            {
                "version": number_of_a_slow_event(connection),
                "run": run_number,
                "attributes": json.dumps(attributes),
            },
        )
