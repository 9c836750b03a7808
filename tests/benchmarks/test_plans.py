"""On a tenth of ten years no statement reads a large table from one end to the other."""

import tempfile
from pathlib import Path

import pytest

from app.models.database.engine import Database
from app.models.history import writes as history
from app.models.seal import sources
from benchmarks.database import prepared, server
from benchmarks.production import plans
from benchmarks.production.made import make
from benchmarks.production.operations import operations

SHARE = 0.1
MOST_ROWS = 150_000
"""Of a million versions and five million events; a run has up to thirty thousand."""
SEALED = 50
NEEDED = (
    "RunEvent_runNumber_index",
    "DatasetEvent_datasetId_index",
    "LumisectionEvent_datasetReference_index",
    "OMSLumisectionEvent_datasetReference_index",
    "desk_event_version",
)


def of_seal(db: Database, statements: plans.Statements) -> None:
    """Adds what sealing copies of the newest versions, which goes past SQLAlchemy."""
    query = sources.versions("{number} = ANY(%(numbers)s)")
    with db.read() as connection:
        newest = history.newest_version(connection)
    statements.seen[query] = "sealing"
    statements.given[query] = {"numbers": list(range(newest - SEALED, newest + 1))}


@pytest.mark.timeout(1200)
def test_that_nothing_goes_through_a_whole_large_table(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--ten-years"):
        pytest.skip("makes five million events, which takes minutes: ./run test --long plans")
    with tempfile.TemporaryDirectory(prefix="run-registry-plans-") as made:
        Path(made).chmod(0o755)
        with server(Path(made) / "tenth") as running:
            db = prepared(running.dsn)
            try:
                make(db, running.dsn, SHARE)
                with plans.watched() as statements:
                    for each in operations(db):
                        statements.doing = each.name
                        each.action()
                of_seal(db, statements)
                assert len(statements.seen) > 100
                # Else what was made wasn't counted, and pages were read from whole summaries.
                by_counts = {
                    doing for text, doing in statements.seen.items() if "desk.counts" in text
                }
                assert {"runs: all by dt-dt", "datasets: all by dt-dt"} <= by_counts
                assert plans.scans(db, statements) == []
                assert plans.reads(db, statements, MOST_ROWS) == []
                for index in NEEDED:
                    assert plans.scans(db, statements, without=index), f"nothing needs {index}"
            finally:
                db.close()


def test_that_a_scan_of_a_whole_table_is_found(empty_dsn: str) -> None:
    db = prepared(empty_dsn)
    try:
        with plans.watched() as statements, db.read() as connection:
            statements.doing = "counting"
            connection.exec_driver_sql('SELECT count(*) FROM "Event" WHERE atomic_version + 1 = 3')
            statements.doing = "looking one up"
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql(
                'SELECT * FROM "Event" WHERE version = %(event)s', {"event": 5}
            )
        found = [scan for scan in plans.scans(db, statements) if scan.doing != "looking one up"]
    finally:
        db.close()
    assert [(scan.table, scan.doing) for scan in found] == [("Event", "counting")]


def test_that_a_walk_along_an_index_through_a_whole_table_is_found(empty_dsn: str) -> None:
    db = prepared(empty_dsn)
    try:
        with db.transaction() as connection:
            connection.exec_driver_sql(
                'INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', '', now() FROM generate_series(1, 500)"
            )
        with plans.watched() as statements, db.read() as connection:
            statements.doing = "walking"
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql(
                'SELECT * FROM "Version" WHERE atomic_version > %(low)s'
                " AND comment = 'this' ORDER BY atomic_version DESC",
                {"low": 0},
            )
        found = plans.reads(db, statements, 400)
        assert [(each.table, each.doing) for each in found] == [("Version", "walking")]
        assert plans.reads(db, statements, 500) == []
    finally:
        db.close()
