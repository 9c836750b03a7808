"""Databases with data in them, made once and copied for every test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.models.database.engine import Database
from tests.conftest import TestServer


@contextmanager
def template_with(server: TestServer, fill: Callable[[Database], None]) -> Iterator[str]:
    """Name of a database that `fill` put data into; it has no other connections."""
    name = server.create(server.template("run_registry_template"))
    db = Database(server.dsn(name))
    db.prepare()
    fill(db)
    db.close()
    yield name
    server.drop(name)
