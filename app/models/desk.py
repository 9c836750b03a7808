"""Our own tables in schema `desk`."""

from sqlalchemy import Connection


def prepare(connection: Connection) -> bool:
    """Placeholder."""
    return False
