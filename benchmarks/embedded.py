"""How long the embedded server takes: first start, later starts, joining, stopping.

python -m benchmarks.embedded
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg

from app.models.database.engine import Database
from app.models.embedded import EmbeddedServer
from app.models.schemas import shared_schema as schema
from benchmarks import figures

Result = TypeVar("Result")


def _timed(what: str, action: Callable[[], Result]) -> Result:
    began = time.perf_counter()
    result = action()
    taken = (time.perf_counter() - began) * 1000
    print(f"{what:<58}{taken:8.0f} ms{figures.noted(what, taken)}")
    return result


def _open_and_connect(folder: Path) -> EmbeddedServer:
    server = EmbeddedServer.open(folder)
    psycopg.connect(server.dsn).close()
    return server


def _create_schema(database: Database) -> None:
    with database.transaction() as connection:
        schema.create(connection)
    database.prepare()


@figures.kept("embedded")
def main() -> None:
    """Prints one line per figure."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="run-registry-benchmark-"))
    try:
        server = _timed(
            "first start, files made, to a connection", lambda: _open_and_connect(folder)
        )
        database = Database(server.dsn)
        _timed("shared schema and desk created", lambda: _create_schema(database))
        _timed("desk found as it should be", database.prepare)
        database.close()
        _timed("stopped by the last user", server.close)
        server = _timed("start to a connection", lambda: _open_and_connect(folder))
        second = _timed("joined by a second user", lambda: _open_and_connect(folder))
        second.close()
        server.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
