"""A configured database, also as a client sees it that may not use our schema."""

from collections.abc import Iterable

import pytest

from app.models.database.engine import Database
from tests.builders import configure


@pytest.fixture
def configured(database: Database) -> Database:
    configure(database)
    return database


@pytest.fixture
def deskless(configured: Database, dsn: str) -> Iterable[Database]:
    """The same database seen by a client that may not use the desk."""
    other = Database(dsn)
    yield other
    other.close()
