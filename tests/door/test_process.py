"""`run-registry serve` as a process: where it listens, how it ends, what a kill leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from sqlalchemy import text

from app.services.acting import Acting
from app.services.certification import tables
from tests.conftest import databases_filled_by
from tests.services.offline_runs import fill_open_run, newest_version

RUN = 390001
_LONG_S = 180


class Process:
    """A door in a process of its own; `said` is what it says on standard error."""

    def __init__(self, folder, *words: str, **environment: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0", *words],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "XDG_STATE_HOME": str(folder / "state"),
                "XDG_CONFIG_HOME": str(folder / "config"),
                "RUN_REGISTRY_DATA_FOLDER": str(folder / "data"),
                **environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="said")
        self._reader.start()
        self.addresses = self._listens_on()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said.append(line.rstrip("\n"))

    def _listens_on(self) -> list[tuple[str, int]]:
        deadline = time.monotonic() + _LONG_S
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self.said:
                if "listens on" in line:
                    found = re.findall(r"http://\[?([0-9.:]+?)\]?:(\d+)(?= |;)", line)
                    return [(host, int(port)) for host, port in found]
            time.sleep(0.1)
        pytest.fail("\n".join(self.said))

    def ask(self, method: str, path: str, body: object = None, host: int = 0):
        connection = HTTPConnection(*self.addresses[host], timeout=120)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> int:
        """The exit code, when it has ended."""
        code = self._process.wait(_LONG_S)
        self._reader.join(_LONG_S)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code


@contextmanager
def process(folder, *words: str, **environment: str) -> Iterator[Process]:
    started = Process(folder, *words, **environment)
    try:
        yield started
    finally:
        if started._process.poll() is None:
            started.send(signal.SIGKILL)
            started.ended()


template = databases_filled_by(fill_open_run)


@pytest.fixture
def named(dsn):
    """Address of a database with an OPEN run."""
    return dsn


def test_that_it_listens_where_localhost_may_be_and_ends_on_sigterm(named, server_folder):
    egroups = "cms-dqm-runregistry-experts"
    settings = {"RUN_REGISTRY_USER": "me@cern.ch", "RUN_REGISTRY_EGROUPS": egroups}
    with process(server_folder, "--dsn", named, **settings) as door:
        hosts = [host for host, _ in door.addresses]
        assert hosts[0] == "127.0.0.1"
        for place in range(len(hosts)):
            assert door.ask("GET", "/healthz", host=place) == (200, {"status": "ok"})
        status, run = door.ask("PUT", f"/manual_run_edit/{RUN}/stop_reason", {"stop_reason": "x"})
        assert (status, run["rr_attributes"]["stop_reason"]) == (200, "x")
        door.send(signal.SIGTERM)
        assert door.ended() == 143

    lines = [line for line in door.said if line.startswith("PUT ")]
    assert len(lines) == 1
    assert lines[0].endswith("127.0.0.1 me@cern.ch")


def test_that_what_has_come_is_answered_before_it_ends(named, database, server_folder):
    with process(server_folder, "--dsn", named, RUN_REGISTRY_USER="me@cern.ch") as door:
        with database.transaction() as connection:
            # Whoever writes to the run waits for this.
            connection.execute(
                text('SELECT FROM "Run" WHERE run_number = :run FOR UPDATE'), {"run": RUN}
            )
            answers: list = []
            asking = threading.Thread(
                target=lambda: answers.append(door.ask("POST", f"/runs/refresh_run/{RUN}"))
            )
            asking.start()
            _wait_for_lock(connection)
            door.send(signal.SIGTERM)
            time.sleep(1)
        asking.join(_LONG_S)
        assert door.ended() == 143

    assert answers[0][0] == 200, answers


def test_that_a_kill_in_the_middle_of_a_write_leaves_nothing_of_it(named, database, server_folder):
    before = newest_version(database)
    with process(server_folder, "--dsn", named, RUN_REGISTRY_USER="me@cern.ch") as door:
        with database.transaction() as connection:
            connection.execute(
                text('SELECT FROM "Run" WHERE run_number = :run FOR UPDATE'), {"run": RUN}
            )
            asking = threading.Thread(target=unanswered, args=(door,))
            asking.start()
            _wait_for_lock(connection)
            door.send(signal.SIGKILL)
            assert door.ended() == -signal.SIGKILL
        asking.join(_LONG_S)

    assert newest_version(database) == before
    assert tables.run_details(Acting(database), RUN).state == "OPEN"


def test_that_without_a_database_it_serves_a_season(server_folder):
    with process(server_folder) as door:
        body = {"page": 0, "page_size": 5, "filter": {}}
        deadline = time.monotonic() + _LONG_S
        count = 0
        while count < 3 and time.monotonic() < deadline:
            _, found = door.ask("POST", "/runs_filtered_ordered", body)
            count = found["count"]
            time.sleep(0.5)
        assert count >= 3
        door.send(signal.SIGINT)
        assert door.ended() == 130


def unanswered(door: Process) -> None:
    """Asks for a refresh that nobody answers."""
    with pytest.raises(OSError, match=r"."):
        door.ask("POST", f"/runs/refresh_run/{RUN}")


def _wait_for_lock(connection) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + _LONG_S
    while not connection.execute(waiting).scalar_one():
        assert time.monotonic() < deadline
        time.sleep(0.05)
