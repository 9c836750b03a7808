"""Guarded databases, as copies of one that is built once."""

from collections.abc import Callable, Iterator

import pytest

from app.models.database.engine import Database
from tests.conftest import TestServer
from tests.models.guard.guarded import address, build

GUARDED = "run_registry_guarded"

Login = Callable[[str], Database]


@pytest.fixture(scope="session")
def guarded_template(server: TestServer) -> str:
    """Name of a guarded database to copy."""

    def fill(database: Database) -> None:
        name = database.dsn_without_password.rsplit("/", 1)[1]
        build(database, server.dsn(name))

    return server.template(GUARDED, fill)


@pytest.fixture(scope="module")
def attacked_dsn(server: TestServer, guarded_template: str) -> Iterator[str]:
    """Address of a guarded database that all attacks of a module are tried on."""
    name = server.create(guarded_template)
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def guarded_dsn(server: TestServer, guarded_template: str) -> Iterator[str]:
    """Address of a guarded database of the test's own."""
    name = server.create(guarded_template)
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture
def come_in(guarded_dsn: str) -> Iterator[Login]:
    """The database as a login meets it."""
    opened: list[Database] = []

    def open_(login: str) -> Database:
        database = Database(address(guarded_dsn, login))
        opened.append(database)
        database.prepare()
        return database

    yield open_
    for database in opened:
        database.close()
