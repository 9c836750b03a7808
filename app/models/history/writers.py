"""Which login really wrote a version, as a guarded database recorded it."""

from sqlalchemy import Connection

from app.domain.history.authorship import OF_OWNER
from app.domain.identity import agent_author
from app.models.database.engine import RECORDS_WRITERS


def writer(connection: Connection, version: str = "atomic_version") -> str:
    """SQL for the login that wrote the version a column names, where that isn't its author's own:
    the web service's, a door's, an agent's with its owner. Empty on a database without a guard."""
    if not connection.get_execution_options().get(RECORDS_WRITERS):
        return "''"
    # The owner is whoever the agent was registered for when it wrote.
    owner = (
        f"SELECT '{OF_OWNER}' || agent.owner FROM \"Version\" AS said JOIN record.agent AS agent"
        f" ON said.\"by\" = '{agent_author('')}' || agent.name"
        ' WHERE said.atomic_version = own.atomic_version AND agent.registered <= own."at"'
        " ORDER BY agent.registered DESC LIMIT 1"
    )
    return (
        "coalesce((SELECT own.login::text ||"
        f" CASE WHEN own.kind = 'agent' THEN coalesce(({owner}), '') ELSE '' END"
        " FROM guard.authentic AS own"
        f" WHERE own.atomic_version = {version} AND own.kind IN ('web', 'door', 'agent')), '')"
    )


def action_columns(connection: Connection) -> str:
    """What a select from "Version" reads to make an `Action` of each row."""
    login = writer(connection, '"Version".atomic_version')
    return (
        f'atomic_version, "by", coalesce(comment, \'\') AS comment, "createdAt", {login} AS writer'
    )
