"""Where the pull loop writes to: the services of a pull on one database."""

from collections.abc import Collection

from app.domain.clock import server_now
from app.domain.json_value import JsonObject
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import FailedRun, KnownRun, Outcome, PullerReport, PullStatus
from app.models.database.engine import Database
from app.models.pulling import pull_records
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.services.pulling.reports import Reports

SOURCE = "oms"


class PullStore:
    """Applies answers of OMS; remembers fills and failures, in memory where there is no desk."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._acting = Acting(db)
        self._reports = Reports(db, SOURCE)
        self._failed: dict[int, FailedRun] = {}
        self._fills: dict[int, JsonObject] = {}

    def known_runs(self, run_numbers: Collection[int]) -> dict[int, KnownRun]:
        """Those of the runs that are recorded already."""
        with self._db.read() as connection:
            return pull_records.known_runs(connection, run_numbers)

    def apply(self, oms_run: OmsRun) -> Outcome:
        """Creates or updates the run."""
        return pull.apply(self._acting, oms_run)

    def remember_failure(self, run_number: int, reason: str) -> None:
        """Notes that a run could not be pulled, and why."""
        self._failed[run_number] = FailedRun(run_number, reason, server_now())
        if self._db.desk and self._db.writes_automatically:
            with self._db.transaction() as connection:
                pull_records.remember_failure(connection, run_number, reason)

    def forget_failure(self, run_number: int) -> None:
        """The run was pulled after all."""
        self._failed.pop(run_number, None)
        if self._db.desk and self._db.writes_automatically:
            with self._db.transaction() as connection:
                pull_records.forget_failure(connection, run_number)

    def failed_runs(self) -> tuple[FailedRun, ...]:
        """Runs that could not be pulled."""
        if self._db.desk:
            with self._db.read() as connection:
                return pull_records.failed_runs(connection)
        return tuple(self._failed.values())

    def fill(self, fill_number: int) -> JsonObject | None:
        """Attributes of a fill that was asked for before."""
        known = self._fills.get(fill_number)
        if known is None and self._db.desk:
            with self._db.read() as connection:
                known = pull_records.fill(connection, fill_number)
        return known

    def remember_fill(self, fill_number: int, attributes: JsonObject) -> None:
        """Keeps what OMS says of a fill, so that it is asked for once."""
        self._fills[fill_number] = attributes
        if self._db.desk and self._db.writes_automatically:
            with self._db.transaction() as connection:
                pull_records.remember_fill(connection, fill_number, attributes)

    def report(self, status: PullStatus) -> None:
        """Keeps what the elected puller does, for the other clients to show."""
        self._reports.report(status)

    def reported(self) -> PullerReport | None:
        """The last report of the elected puller, ours or another client's."""
        return self._reports.reported()
