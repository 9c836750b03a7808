"""What everything kept in memory rests on: which tables it was read from, and what was found false
in them last. Numbers of events, and of versions, of one ground mean nothing on another."""

from sqlalchemy import Connection

from app.models.statements import text

_PLACE = (
    # A restored backup takes the place of a database on the same server, too, or that of its tables
    # in it; one of files means another start of the server.
    "concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()),"
    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
    """ pg_relation_filenode('"Event"')"""
)
WITHOUT_DESK = f"(SELECT {_PLACE}))"
WITH_DESK = f"(SELECT {_PLACE}, (SELECT coalesce(max(id), 0) FROM desk.recount_finding)))"


def ground(connection: Connection, *, desk: bool) -> str:
    """Another text as soon as what was read before may be of other tables, or false."""
    statement = f"SELECT {WITH_DESK if desk else WITHOUT_DESK}"
    return str(connection.execute(text(statement)).scalar_one())
