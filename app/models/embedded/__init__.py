"""Our own PostgreSQL in a data folder."""

from app.models.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
