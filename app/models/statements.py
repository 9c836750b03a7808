"""SQL statements as text, taken apart once."""

from functools import lru_cache

import sqlalchemy as sa


@lru_cache(maxsize=512)
def text(statement: str) -> sa.TextClause:
    """The statement with its parameters; finding them costs more than many a statement does."""
    return sa.text(statement)
