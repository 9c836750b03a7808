"""The part of the owner of the guard, which nobody can log in as."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import Connection

from app.models.guard.declared import OWNER
from app.models.statements import text


def on_roles(connection: Connection, statement: str, *names: str) -> None:
    """Executes a statement on roles, whose names stand for its places."""
    execute(connection, sql.SQL(statement).format(*map(sql.Identifier, names)))


def execute(connection: Connection, statements: str | sql.Composed) -> None:
    """Executes statements just as they are, many at once too."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    given = statements.encode() if isinstance(statements, str) else statements
    try:
        driver.execute(given)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance("the guard", None, error, psycopg.Error) from error


def may_create_roles(connection: Connection) -> bool:
    """Whether this login can make logins and groups, and change what the guard is."""
    return bool(
        connection.execute(
            text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        ).scalar_one()
    )


@contextmanager
def as_owner(connection: Connection) -> Iterator[None]:
    """Who manages roles takes the owner's part inside of this, and gives it back."""
    on_roles(connection, "GRANT {} TO CURRENT_USER", OWNER)
    on_roles(connection, "SET LOCAL ROLE {}", OWNER)
    yield
    connection.exec_driver_sql("RESET ROLE")
    on_roles(connection, "REVOKE {} FROM CURRENT_USER", OWNER)
