"""The jobs behind a window end when it does."""

import psycopg
import pytest
from sqlalchemy import text

from app import jobs
from app.domain.progress import Progress
from app.jobs import Asked, Jobs
from app.models.database.engine import Database
from app.services.pulling.dqm_gui import GuiStore
from app.services.pulling.store import PullStore
from app.sync.dqm_gui import DqmGuiSettings
from app.sync.oms_requests import OmsSettings


class _Endless:
    """A turn that the database takes for ever to answer."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def turn(self, _progress: Progress) -> str:
        with self._db.read() as connection:
            connection.execute(text("SELECT pg_sleep(3600)"))
        return "done"


def test_that_jobs_end_while_the_database_is_at_a_long_statement(
    database: Database, dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
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
        _Endless(behind),  # type: ignore[arg-type] # whatever has a turn
        raised.append,
    )
    working.start()
    with psycopg.connect(dsn, autocommit=True) as watching:
        at_it = "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sl%'"
        while not watching.execute(at_it).rowcount:
            pass
        working.stop()
        assert not watching.execute(at_it).rowcount
    assert not raised
    assert not caplog.records
