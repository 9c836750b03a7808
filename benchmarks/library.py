"""What Python waits for, over a database and over a door: `python -m benchmarks.library`.

The season of `benchmarks.chain` is read by the package `run_registry`, and by single requests to
the read API.
"""

import importlib.util
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from typing import Any

import run_registry
from benchmarks import figures
from benchmarks.chain import FIRST_RUN, RUNS, build_season, golden_name
from benchmarks.database import folder_argument, measured, prepared, server
from benchmarks.door import RULE, door, tell_memory
from run_registry import Registry

TIMES = 5
_IMPORTS = 5


def fetched(port: int, path: str) -> bytes:
    """An answer of the read API."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
        return body
    finally:
        connection.close()


def imports() -> None:
    """CPU of a new Python that loads the library, and of one that connects to a door that is
    not there; less what Python itself takes [ms]."""
    client = "from run_registry.door import HttpSource\nimport httpx; httpx.Client()"
    empty = _cpu_s("pass")
    for label, script in (("import run_registry", "import run_registry"), ("and a client", client)):
        cpu = 1e3 * (_cpu_s(script) - empty)
        print(f"{label:<58}{cpu:>8.0f} ms CPU  (500){figures.noted(label, cpu)}")


def _cpu_s(script: str) -> float:
    taken = []
    for _ in range(_IMPORTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", script], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def requests(port: int, name: str) -> None:
    """Single requests on connections of their own."""
    run = FIRST_RUN + RUNS // 2
    dataset = f"run_number={run}&name={name}"
    for label, path, target in (
        ("page of 50 runs", "/v1/runs?limit=50", "25"),
        ("page of 50 datasets", "/v1/datasets?limit=50", "25"),
        ("page of 50 runs, filtered by a status", "/v1/runs?limit=50&filter=dt-dt.BAD%3E0", ""),
        ("lumisections, 700 LS", f"/v1/lumisections?{dataset}", "15"),
        ("history, 50 versions", f"/v1/history?{dataset}", ""),
        ("season as JSON", f"/v1/season?datasets={name}", ""),
        ("season as Arrow", f"/v1/season?datasets={name}&format=arrow", ""),
        ("season as Parquet", f"/v1/season?datasets={name}&format=parquet", ""),
        ("season as CSV", f"/v1/season?datasets={name}&format=csv", ""),
    ):
        size = len(fetched(port, path)) >> 10
        measured(
            f"{label} ({size} KiB)",
            partial(fetched, port, path),
            times=TIMES,
            target=target,
        )


def library(label: str, registry: Registry, name: str) -> None:
    """What the library offers, over one source."""
    run = FIRST_RUN + RUNS // 2
    rule = RULE if isinstance(RULE, dict) else {}
    actions: dict[str, Any] = {
        f"{RUNS} runs": registry.runs,
        "lumisections, 700 LS": lambda: registry.lumisections(run, name),
        "season": lambda: registry.season(name),
        "season as a pandas table": lambda: registry.season(name).to_pandas(),
        "golden list": lambda: registry.golden(rule, name),
        "its luminosity": lambda: registry.golden(rule, name).luminosity,
    }
    for what, action in actions.items():
        action()
        measured(f"{label}: {what}", action, times=TIMES)


@contextmanager
def without_pyarrow() -> Iterator[None]:
    """The library as where only numpy is installed."""
    found = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *rest: None if name == "pyarrow" else found(name, *rest)
    try:
        yield
    finally:
        importlib.util.find_spec = found


@figures.kept("library")
def main() -> None:
    """Builds the season where it is missing, and prints every figure beside its target."""
    given = folder_argument(__doc__ or "").parse_args()
    imports()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        build_season(db)
        name = golden_name(db)
        db.close()
        print(f"{'what':<58}{'median':>10}     (range)  target [ms]")
        with run_registry.connect(running.dsn) as registry:
            library("database", registry, name)
        with door(running.dsn) as (port, pid):
            requests(port, name)
            address = f"http://127.0.0.1:{port}"
            with run_registry.connect(address) as registry:
                library("door, Arrow", registry, name)
            with without_pyarrow(), run_registry.connect(address) as registry:
                library("door, JSON", registry, name)
            tell_memory("memory of the door", pid)


if __name__ == "__main__":
    main()
