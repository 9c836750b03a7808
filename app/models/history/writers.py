"""Which login really wrote a version, as a guarded database recorded it."""

from sqlalchemy import Connection

from app.models.database.engine import RECORDS_WRITERS


def writer(connection: Connection, version: str = "atomic_version") -> str:
    """SQL for the login that wrote the version a column names, where that isn't its author's own:
    the web service's, a door's, an agent's. Empty on a database without a guard."""
    if not connection.get_execution_options().get(RECORDS_WRITERS):
        return "''"
    return (
        "coalesce((SELECT own.login::text FROM guard.authentic AS own"
        f" WHERE own.atomic_version = {version} AND own.kind IN ('web', 'door', 'agent')), '')"
    )


def action_columns(connection: Connection) -> str:
    """What a select from "Version" reads to make an `Action` of each row."""
    login = writer(connection, '"Version".atomic_version')
    return (
        f'atomic_version, "by", coalesce(comment, \'\') AS comment, "createdAt", {login} AS writer'
    )
