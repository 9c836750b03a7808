"""What the elected puller of a source or job tells of itself, and what others read of it."""

from datetime import datetime
from typing import Protocol

from app.domain.sources.pull import PullerReport, PullState, PullStatus
from app.models.database.engine import Database
from app.models.pulling import pull_records


class Told(Protocol):
    """A status of any loop."""

    @property
    def state(self) -> PullState:
        """What it does."""

    @property
    def activity(self) -> str:
        """The same in words."""

    @property
    def last_success(self) -> datetime | None:
        """When it did its work last."""

    @property
    def next_try(self) -> datetime | None:
        """When it does it again."""

    @property
    def puller(self) -> str:
        """Which client works."""


class Reports:
    """The reports of one source or job; nothing is kept where there is no desk, or by a login that
    may not."""

    def __init__(self, db: Database, source: str) -> None:
        self._db = db
        self._source = source

    def report(self, status: Told) -> None:
        """Keeps what the elected puller does, for the other clients to show."""
        if self._db.desk and self._db.writes_automatically:
            told = PullStatus(
                status.state, status.activity, status.last_success, status.next_try, status.puller
            )
            with self._db.transaction() as connection:
                pull_records.report(connection, told, self._source)

    def reported(self) -> PullerReport | None:
        """The last report of the elected puller, ours or another client's."""
        if not self._db.desk:
            return None
        with self._db.read() as connection:
            return pull_records.reported(connection, self._source)
