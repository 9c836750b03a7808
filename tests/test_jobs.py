"""The jobs behind a window end when it does."""

import psycopg
import pytest
from sqlalchemy import text

from app import jobs
from app.domain.progress import Progress
from app.jobs import Asked, Jobs
from app.models.database.engine import Database
from app.models.seal.streams import copied
from app.services.pulling.dqm_gui import GuiStore
from app.services.pulling.store import PullStore
from app.sync.dqm_gui import DqmGuiSettings
from app.sync.oms_requests import OmsSettings


class _Endless:
    """A turn that the database takes for ever to answer, or has always an answer to."""

    def __init__(self, db: Database, statement: str) -> None:
        self._db = db
        self._statement = statement

    def turn(self, _progress: Progress) -> str:
        with self._db.read() as connection:
            if self._statement.startswith("COPY"):
                for _ in copied(connection, self._statement[6:-1], {}):
                    pass
            else:
                connection.execute(text(self._statement))
        return "done"


@pytest.mark.parametrize(
    "statement",
    ["SELECT pg_sleep(3600)", "COPY (SELECT generate_series(1, 40_000_000))"],
)
def test_that_jobs_end_while_the_database_is_at_a_long_statement(
    database: Database,
    dsn: str,
    statement: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(jobs, "_FINISH_S", 0.1)
    behind = database.in_background()
    raised: list[Exception] = []
    asked = Asked(
        OmsSettings(),
        DqmGuiSettings(),
        asks_oms=False,
        asks_gui=False,
        oms_interval_s=60.0,
        gui_interval_s=60.0,
    )
    working = Jobs(
        behind,
        "test",
        asked,
        PullStore(behind),
        GuiStore(behind),
        None,
        None,
        _Endless(behind, statement),  # type: ignore[arg-type] # whatever has a turn
        raised.append,
    )
    working.start()
    with psycopg.connect(dsn, autocommit=True) as watching:
        at_it = "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
        wanted = [f"{statement[:-1]}%"]
        while not watching.execute(at_it, wanted).rowcount:
            pass
        working.stop()
        assert not any(loop.alive for loop in (working.oms, working.gui, *working.others.values()))
        while watching.execute(at_it, wanted).rowcount:
            pass
    assert not raised
    assert not caplog.records
