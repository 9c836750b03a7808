"""Eight writers of one dataset: each edit is a version of its own, the state is what they say."""

import threading

import pytest
import sqlalchemy as sa

from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.models.events.test_event_log import check_folds

EXPERTS = frozenset({"cms-dqm-runregistry-experts"})
WRITERS, RUN, LENGTH = 8, 390001, 20


def test_that_nothing_of_racing_writers_is_lost(
    database: Database, dsn: str, request: pytest.FixtureRequest
) -> None:
    configure(database)
    pull.apply(Acting(database), a_run(RUN, LENGTH))
    edits = request.config.getoption("--racing-edits")
    clients = [Database(dsn) for _ in range(WRITERS)]
    together = threading.Barrier(WRITERS)
    versions: list[int | None] = []

    def write(number: int, db: Database) -> None:
        db.prepare()
        acting = Acting(db, Actor(f"writer{number}@cern.ch", EXPERTS))
        together.wait()
        for step in range(edits):
            # Ranges overlap, so that each writes over what the others have.
            first = 1 + (number + step) % (LENGTH - 3)
            said = Triplet("BAD", f"{number} {step}")
            edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(first, first + 3),), said)
            versions.append(lumisections.edit_columns(acting, [edit]).atomic_version)

    writers = [threading.Thread(target=write, args=each) for each in enumerate(clients)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert len({*versions}) == len(versions) == WRITERS * edits
    assert None not in versions
    with database.read() as connection:
        (written,) = connection.execute(
            sa.text("SELECT count(*) FROM \"Version\" WHERE by LIKE 'writer%'")
        ).one()
        stored = connection.execute(
            sa.text(
                'SELECT count(*), count(DISTINCT jsonb) FROM "LumisectionEvent"'
                ' JOIN "JSONBDeduplication" ON id = lumisection_metadata_id WHERE manual_change'
            )
        ).one()
    assert written == WRITERS * edits
    assert tuple(stored) == (WRITERS * edits, WRITERS * edits)
    check_folds(database)
    for db in clients:
        db.close()
