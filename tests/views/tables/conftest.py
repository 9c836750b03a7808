"""A table of ten thousand runs."""

from collections.abc import Iterator

import pytest

from app.models.database.engine import Database
from tests.conftest import TestServer, prepared
from tests.views import many_runs


@pytest.fixture
def large_dsn(server: TestServer) -> Iterator[str]:
    """Address of a fresh database with ten thousand runs."""
    with server.copy(server.template(many_runs.LARGE_TEMPLATE, many_runs.fill_large)) as address:
        yield address


@pytest.fixture
def ten_thousand(large_dsn: str) -> Iterator[Database]:
    """A fresh database with ten thousand runs."""
    with prepared(large_dsn) as database:
        yield database
