"""SQL statements as text, taken apart once."""

from collections.abc import Iterable
from functools import lru_cache

import sqlalchemy as sa


@lru_cache(maxsize=512)
def text(statement: str) -> sa.TextClause:
    """The statement with its parameters; finding them costs more than many a statement does."""
    return sa.text(statement)


def integers(values: Iterable[int]) -> str:
    """An array of them for `CAST(:given AS int[])`, as text: the driver would look at each of
    hundreds for what has to be quoted, which takes longer than what is asked."""
    return f"{{{','.join(map(str, values))}}}"


def texts(values: Iterable[str]) -> str:
    """The same for `CAST(:given AS text[])`."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def key_arrays(keys: Iterable[tuple[int, str]]) -> dict[str, str]:
    """Run numbers and names, in order, for `CAST(:runs AS int[])` and `CAST(:names AS text[])`."""
    ordered = sorted(keys)
    return {
        "runs": integers(run for run, _ in ordered),
        "names": texts(name for _, name in ordered),
    }
