"""Databases without our own schemas, and logins that may do only so much."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from app.models.database.engine import Database
from app.models.schemas import shared_schema as schema

Login = Callable[[str], Database]

EVENTS = "SELECT, INSERT ON ALL TABLES IN SCHEMA public;USAGE ON SCHEMA public"


@pytest.fixture
def bare_database(empty_database: Database) -> Database:
    """The shared schema without ours."""
    with empty_database.transaction() as connection:
        schema.create(connection)
    return empty_database


@pytest.fixture
def login(empty_dsn: str) -> Iterator[Login]:
    """A new role that may log in, with the given rights (`GRANT ... TO <role>` without its end)."""
    dbname = str(conninfo_to_dict(empty_dsn)["dbname"])
    role = f"role_{dbname}"
    opened: list[Database] = []
    with psycopg.connect(empty_dsn, autocommit=True) as control:

        def log_in(grants: str) -> Database:
            control.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
            for grant in filter(None, grants.split(";")):
                control.execute(f"GRANT {grant} TO {role}".replace("$db", dbname))
            database = Database(psycopg.conninfo.make_conninfo(empty_dsn, user=role, password="p"))
            opened.append(database)
            return database

        yield log_in
        for database in opened:
            database.close()
        control.execute(f"DROP OWNED BY {role}")
        control.execute(f"DROP ROLE {role}")
