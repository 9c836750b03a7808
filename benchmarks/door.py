"""What scripts and browsers wait for over HTTP, by a door in a process of its own:
`python -m benchmarks.door`.

The season of `benchmarks.chain` is read, by single requests, by the Python client of the web
service, as pages of the site, as fast as eight clients can, and by 50 users for a minute.
"""

import contextlib
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from app.domain.json_value import JsonValue
from benchmarks import figures
from benchmarks.chain import FIRST_RUN, RUNS, build_season, golden_name
from benchmarks.database import folder_argument, measured, prepared, server

USERS = 50
ROUNDS = 15
CLIENTS = 8
RULE: JsonValue = {
    "and": [
        {">=": [{"var": "run.oms.energy"}, 6000]},
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"==": [{"var": "lumisection.rr.tracker-strip"}, "GOOD"]},
        {"==": [{"var": "lumisection.oms.cms_active"}, True]},
    ]
}


def ask(port: int, path: str, body: object) -> bytes:
    """The answer to one request on a connection of its own, as the client makes them."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(
            "POST", path, json.dumps(body), headers={"Content-type": "application/json"}
        )
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {text[:300]!r}")
        return text
    finally:
        connection.close()


@contextlib.contextmanager
def door(dsn: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a door that serves the database."""
    words = ("-m", "app", "serve", "--dsn", dsn, "--port", "0", "--as-user", "me@cern.ch")
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"RUN_REGISTRY_EGROUPS": "cms-dqm-runregistry-experts", "PATH": "/usr/bin:/bin"},
    )
    assert process.stderr is not None
    said = process.stderr
    try:
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in said)))
        threading.Thread(target=lambda: [None for _ in said], daemon=True).start()
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.wait(60)


def memory_mib(pid: int) -> float:
    """Memory of a process that is in use now [MiB]."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


def tell_memory(label: str, pid: int) -> None:
    """Prints how much memory a process uses now."""
    used = memory_mib(pid)
    print(f"{label}: {used:.0f} MiB (400){figures.noted(label, used)}")


def singles(port: int, name: str) -> None:
    """One request after the other."""
    run = FIRST_RUN + RUNS // 2
    page = {"page": 0, "page_size": 50, "sortings": [], "filter": {}}
    dataset = {"run_number": run, "dataset_name": name}
    for label, path, body, target in (
        ("page of 50 runs", "/runs_filtered_ordered", page, "25"),
        ("page of 50 datasets", "/datasets_filtered_ordered", page, "25"),
        ("rr_lumisections, 700 LS", "/lumisections/rr_lumisections", dataset, "15"),
        ("joint ranges, 700 LS", "/lumisections/joint_lumisection_ranges", dataset, "30"),
    ):
        ask(port, path, body)
        size = len(ask(port, path, body)) >> 10

        def again(path: str = path, body: object = body) -> bytes:
            return ask(port, path, body)

        measured(f"{label} ({size} KiB)", again, times=ROUNDS, target=target)


def get(port: int, path: str) -> bytes:
    """A page of the site, as a browser asks for it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status}")
        return text
    finally:
        connection.close()


def official_lists(port: int, name: str) -> None:
    """Two official lists of the season, so that the newest has one before it."""
    for _ in range(2):
        asked = {"json_logic": json.dumps(RULE), "dataset_name_filter": name, "official": True}
        ask(port, "/json_portal/generate", asked)


def pages(port: int, name: str) -> None:
    """Pages of the site, and the newest list under its stable address."""
    run = FIRST_RUN + RUNS // 2
    newest = json.loads(ask(port, "/json_portal/jsons", {"filter": "official"}))["jsons"][0]["id"]
    era = re.findall("Collisions[0-9]{4}", name)[0]
    for label, path in (
        ("start", "/"),
        ("page of 50 runs", "/browse/runs"),
        ("filtered runs", "/browse/runs?filter=dt-dt.BAD+%3E+0"),
        ("run of 700 LS", f"/browse/runs/{run}"),
        ("dataset of 700 LS", f"/browse/runs/{run}/dataset?name={quote(name, safe='')}"),
        ("official lists", "/golden"),
        ("list with what changed", f"/golden/{newest}"),
        ("newest list of an era", f"/golden/official/{era}/latest.json"),
        ("feed", "/feed.atom"),
    ):
        size = len(get(port, path)) >> 10
        measured(f"site: {label} ({size} KiB)", partial(get, port, path), times=ROUNDS)


def as_fast_as_it_goes(port: int, seconds: float) -> None:
    """Requests per second of eight clients who never pause, on the same machine."""
    for label, rows in (("5 runs", 5), ("50 runs", 50)):
        done: list[float] = []
        end = time.monotonic() + seconds

        def client(rows: int = rows, end: float = end, done: list[float] = done) -> None:
            while time.monotonic() < end:
                ask(port, "/runs_filtered_ordered", {"page": 0, "page_size": rows, "filter": {}})
                done.append(time.monotonic())

        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        said = f"{CLIENTS} clients without a pause, pages of {label} a second"
        rate = len(done) / seconds
        print(f"{said}: {rate:.0f} (100){figures.noted(said, rate)}")


def lists(port: int, name: str) -> None:
    """A golden JSON of the season by the Python client, from the start and with the season read."""
    from runregistry import runregistry

    runregistry.setup("local")
    runregistry.api_url = f"http://127.0.0.1:{port}"
    for label in ("create_json of the season, first", "create_json of the season, again"):
        measured(label, lambda: runregistry.create_json(RULE, name), times=1, target="2000")


def users(port: int, seconds: float) -> None:
    """Pages of 5 runs, asked by 50 users who pause a second after each answer."""
    taken: list[float] = []
    failed: list[Exception] = []
    pages = max(1, RUNS // 5)

    def user(number: int) -> None:
        end = time.monotonic() + seconds
        page = number
        time.sleep(number / USERS)
        while time.monotonic() < end:
            begun = time.perf_counter()
            try:
                ask(port, "/runs_filtered_ordered", {"page": page % pages, "page_size": 5})
                taken.append(1e3 * (time.perf_counter() - begun))
            except (OSError, SystemExit) as error:
                failed.append(RuntimeError(str(error)))
            page += 1
            time.sleep(1)

    threads = [threading.Thread(target=user, args=(number,)) for number in range(USERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(
        f"{USERS} users, {len(taken)} pages of 5 runs: median {statistics.median(taken):.1f} ms,"
        f" p95 {p95:.1f} ms (100), {len(failed)} errors (0)"
        f"{figures.noted(f'p95 of {USERS} users', p95)}"
    )


@figures.kept("door")
def main() -> None:
    """Builds the season where it is missing, and prints every figure beside its target."""
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=60, help="how long the users ask (60)")
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        build_season(db)
        name = golden_name(db)
        db.close()
        with door(running.dsn) as (port, pid):
            print(f"{'what':<58}{'median':>10}     (range)  target [ms]")
            singles(port, name)
            lists(port, name)
            tell_memory("memory with the season read", pid)
            official_lists(port, name)
            pages(port, name)
            as_fast_as_it_goes(port, given.seconds / 6)
            users(port, given.seconds)
            tell_memory("memory at the end", pid)


if __name__ == "__main__":
    main()
