"""The sealed history as tables: what is sealed, the stored tree, and reading both in streams."""

from sqlalchemy import Connection

__all__ = ["Connection"]
