"""How far the server's clock is ahead of this machine's."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from app.models.statements import text

_LONGEST_ANSWER = timedelta(seconds=5)


def ahead(connection: Connection) -> timedelta | None:
    """To within half of what the answer takes; None when that is too long to say anything."""
    connection.execute(text("SELECT 1"))  # The first statement may wait for the connection.
    asked = datetime.now(UTC)
    told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    took = datetime.now(UTC) - asked
    return None if abs(took) > _LONGEST_ANSWER else told - asked - took / 2
