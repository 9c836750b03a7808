"""The newest versions of a run are found among its newest events."""

import pytest

from app.domain.identity import AUTO
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.models.events import event_log, event_positions
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import run_history

RUN, NAME = 1, "/A/B/DQM"


def write(database: Database, versions: int) -> None:
    """Versions of a run, each third with many events."""
    with database.transaction() as connection:
        made = [
            RunChange(RUN, {"a": 1}, {"b": 1}),
            *(DatasetChange(RUN, n) for n in (ONLINE, NAME)),
        ]
        event_log.append(connection, AUTO, "", made)
        for number in range(versions):
            where = [(LumiRange(each, each),) for each in range(1, 2 + 8 * (number % 3 == 0))]
            values = {"dt-dt": {"status": ("GOOD", "BAD")[number % 2]}}
            changes = [
                LumisectionChange(RUN, (NAME, ONLINE)[number % 4 == 0], [(values, each)])
                for each in where
            ]
            event_log.append(connection, "shifter@cern.ch", "because", changes)


@pytest.mark.parametrize("name", [None, NAME, ONLINE])
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_that_a_look_at_the_newest_events_finds_the_same_versions(
    database: Database, monkeypatch: pytest.MonkeyPatch, name: str | None, limit: int
):
    write(database, 20)
    found = {}
    for newest, slack in ((1_000, 1), (6, 3), (1, 1)):
        monkeypatch.setattr(run_history, "NEWEST", newest)
        monkeypatch.setattr(event_positions, "SLACK", slack)
        pages, before = [], None
        with database.read() as connection:
            while not pages or pages[-1]:
                pages.append(run_history.versions_of_run(connection, RUN, name, limit, before))
                before = pages[-1][-1].atomic_version if pages[-1] else None
        found[newest] = pages
    every = [row for page in found[1_000] for row in page]
    assert len(every) > 3
    assert [row.atomic_version for row in every] == sorted(
        {row.atomic_version for row in every}, reverse=True
    )
    assert found[6] == found[1] == found[1_000]
