"""A program that writes is killed, again and again: what it was told of is there, and nothing is
there in part."""

import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.models.events.test_event_log import check_folds

RUNS, LENGTH = 3, 40
FIRST_RUN = 390001
_COLUMNS = ("dt-dt", "csc-csc")

_PROGRAM = """
import sys
from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk
dsn, life = sys.argv[1:]
db = Database(dsn)
db.prepare()
acting = Acting(db, Actor("killed@cern.ch", frozenset({"cms-dqm-runregistry-experts"})))
for step in range(100_000):
    said = f"{life} {step}"
    edits = [
        ColumnEdit(run, "online", column, (LumiRange(1, 40),), Triplet("BAD", said))
        for run in range(390001, 390004)
        for column in ("dt-dt", "csc-csc")
    ]
    bulk.write(acting, edits, comment=said)
    print(said, flush=True)
"""


def test_that_nothing_acknowledged_is_lost_when_writers_are_killed(
    database: Database, dsn: str, request: pytest.FixtureRequest
) -> None:
    configure(database)
    for number in range(FIRST_RUN, FIRST_RUN + RUNS):
        pull.apply(Acting(database), a_run(number, LENGTH))
    acknowledged: set[str] = set()
    for life in range(request.config.getoption("--kills")):
        writer = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, dsn, str(life)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        with writer.stdout:
            # It dies in another place of its work each time.
            for _ in range(1 + life % 4):
                acknowledged.add(writer.stdout.readline().strip())
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(0.003 * (life % 10) + 0.001)
            writer.send_signal(signal.SIGKILL)
            acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        writer.wait()
    with database.read() as connection:
        events = dict(
            connection.execute(
                sa.text(
                    'SELECT comment, count(*) FROM "Version" JOIN "Event" USING (atomic_version)'
                    ' JOIN "LumisectionEvent" ON "LumisectionEvent".version = "Event".version'
                    " WHERE by = 'killed@cern.ch' GROUP BY comment"
                )
            ).all()
        )
    assert acknowledged - events.keys() == set()
    assert "" not in acknowledged
    assert len({*events.values()}) == 1, "a version is there in part"
    check_folds(database)
