"""Events of one version are found without an index by version, wherever they stand."""

import pytest
from sqlalchemy import text

from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.models.events import event_log
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import writes as history
from app.models.schemas import indexes

PERSON = "shifter@cern.ch"


def write(db: Database, *changes: event_log.Change) -> int:
    with db.transaction() as connection:
        return event_log.append(connection, PERSON, "because", changes)


@pytest.fixture
def many(database: Database) -> dict[int, int]:
    """Thirty runs, each made by one version, and no index that leads from it to its events."""
    with database.transaction() as connection:
        connection.execute(text(f"DROP INDEX {indexes.EVENTS_OF_VERSION}"))
    return {
        number: write(
            database, RunChange(number, {"a": 1}, {"b": 1}), DatasetChange(number, "online")
        )
        for number in range(1, 31)
    }


@pytest.mark.parametrize("around", [2, 5, 20_000])
def test_that_what_a_version_is_about_is_found_wherever_it_stands(
    database: Database, many: dict[int, int], monkeypatch: pytest.MonkeyPatch, around: int
):
    monkeypatch.setattr(history, "_AROUND", around)
    with database.read() as connection:
        for number, version in many.items():
            touched = history.touched_by(connection, version)
            assert touched.runs == {number}
            assert touched.datasets == {(number, "online")}
            assert touched.run_numbers == {number}
        assert history.touched_by(connection, 10_000).run_numbers == frozenset()


def test_that_events_of_versions_written_at_the_same_time_are_told_apart(
    database: Database, many: dict[int, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(history, "_AROUND", 3)
    payload = ({"dt-dt": {"status": "GOOD"}}, (LumiRange(1, 2),))
    wide = write(
        database,
        *(LumisectionChange(number, "online", [payload]) for number in range(1, 16)),
    )
    other = write(database, LumisectionChange(30, "online", [payload]))
    with database.transaction() as connection:
        # Some of its events were handed their numbers after those of the next version.
        connection.execute(
            text(
                'UPDATE "Event" SET atomic_version = :wide WHERE version ='
                ' (SELECT max(version) FROM "Event" WHERE atomic_version = :other)'
            ),
            {"wide": wide, "other": other},
        )
    with database.read() as connection:
        assert history.touched_by(connection, wide).run_numbers >= set(range(1, 16)) | {30}


def test_that_the_newest_event_of_a_dataset_counts_those_of_online(
    database: Database, many: dict[int, int]
):
    write(database, DatasetChange(1, "/A/B/DQM"))
    keys = [(1, "online"), (1, "/A/B/DQM"), (99, "online")]
    with database.read() as connection:
        before = history.newest_events(connection, keys)
    bits = ({"dt0_ready": False}, (LumiRange(1, 2),))
    version = write(database, LumisectionChange(1, "online", [bits], oms=True))
    with database.read() as connection:
        after = history.newest_events(connection, keys)
        newer = history.newer_events(connection, {(1, "/A/B/DQM"): version - 1}, oms=True)
    assert before[99, "online"] == after[99, "online"] == 0
    assert after[1, "/A/B/DQM"] > before[1, "/A/B/DQM"]
    assert [(event.name, at) for event, at in newer] == [("online", version)]
