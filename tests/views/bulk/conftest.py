"""Two runs whose offline datasets are open everywhere."""

import pytest

from app.domain.certification.datasets import OPEN
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, SECOND, sign_off_runs


def _fill(db: Database) -> None:
    sign_off_runs(db, FIRST, SECOND)
    datasets.move(Acting(db, EXPERT), [(FIRST, PROMPT), (SECOND, PROMPT)], "global", OPEN)


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """The database that `database` copies here."""
    return server.template("two_opened_datasets", _fill)
