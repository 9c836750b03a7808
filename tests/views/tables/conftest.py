"""A table of ten thousand runs."""

from collections.abc import Iterator

import pytest

from app.models.database.engine import Database
from tests.conftest import TestServer
from tests.views import many_runs


@pytest.fixture
def large_dsn(server: TestServer) -> Iterator[str]:
    """Address of a fresh database with ten thousand runs."""
    name = server.create(server.template(many_runs.LARGE_TEMPLATE, many_runs.fill_large))
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def ten_thousand(large_dsn: str) -> Iterator[Database]:
    """A fresh database with ten thousand runs."""
    database = Database(large_dsn)
    database.prepare()
    yield database
    database.close()
