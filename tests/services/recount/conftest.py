"""Two signed-off runs with open offline datasets, and ways to forge what is derived from them."""

from collections.abc import Iterator

import pytest

from app.models.database.engine import Database
from app.services.acting import Acting
from tests.builders import EXPERT
from tests.conftest import TestServer, prepared
from tests.services.offline_runs import FIRST, SECOND, open_all, sign_off_runs


def _fill(db: Database) -> None:
    sign_off_runs(db, FIRST, SECOND)
    open_all(db, FIRST, SECOND)


@pytest.fixture(scope="session")
def season_template(server: TestServer) -> str:
    """Name of a database with two runs and two open offline datasets each."""
    return server.template("counted_again", _fill)


@pytest.fixture
def season_dsn(server: TestServer, season_template: str) -> Iterator[str]:
    """Address of a copy of it."""
    with server.copy(season_template) as address:
        yield address


@pytest.fixture
def acting(season_dsn: str) -> Iterator[Acting]:
    """An expert on that copy."""
    with prepared(season_dsn) as database:
        yield Acting(database, EXPERT)
