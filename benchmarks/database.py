"""A database of our own to measure on, and how figures are printed."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.models.database.engine import Database
from app.models.embedded import EmbeddedServer
from app.models.schemas import shared_schema as schema
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from benchmarks import figures


@contextmanager
def server(
    folder: Path | None = None, settings: Mapping[str, str | int] | None = None
) -> Iterator[EmbeddedServer]:
    """An embedded server in a folder of its own, or in `folder`, which is kept."""
    if folder is not None:
        running = EmbeddedServer.open(folder, settings=settings)
        try:
            yield running
        finally:
            running.close()
        return
    # Not below a private folder: as root the server runs as another user.
    with tempfile.TemporaryDirectory(prefix="run-registry-bench-") as made:
        Path(made).chmod(0o755)
        with server(Path(made) / "server", settings) as running:
            yield running


def prepared(dsn: str) -> Database:
    """The database, with schema and shipped configuration when it was empty."""
    db = Database(dsn)
    with db.transaction() as connection:
        if schema.recognise(connection).kind is schema.SchemaKind.EMPTY:
            schema.create(connection)
    db.prepare()
    configuration.install_default(Acting(db))
    return db


def measured(
    label: str, action: Callable[[], object], *, times: int = 5, target: str = ""
) -> float:
    """Prints the median and the range of `times` runs [ms]; returns the median."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(1e3 * (time.perf_counter() - start))
    show(label, taken, target)
    return statistics.median(taken)


def show(label: str, milliseconds: list[float], target: str = "") -> None:
    """One line: what, median, smallest to greatest, target, and how that was before."""
    behind = figures.noted(label, statistics.median(milliseconds))
    print(f"{label:<58}{figures.in_words(milliseconds)}  {target}{behind}")


def folder_argument(description: str) -> argparse.ArgumentParser:
    """A parser with --folder, where the database is kept between runs of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, help="keep the database here")
    return parser
