"""A door on a guarded database is killed in the middle of writes, again and again: what it answered
is there in the name of the person, nothing is there in part, and the next door goes on at once."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest

from tests.conftest import TestServer, prepared
from tests.door.serving import SECRET, by_proxy
from tests.door.test_process import Process, process
from tests.models.events.shifts import check_folds
from tests.models.guard.guarded import FIRST, PROMPT, address, build

_WRITERS = 4
_LONG_S = 120.0
_EDIT = "/lumisections/edit_rr_lumisections"

_MADE = """
    SELECT "jsonb" -> 'dt-dt' ->> 'comment', atomic_version, person, login, kind, closed, (
        SELECT count(*) FROM "Event" AS event WHERE event.atomic_version = own.atomic_version
    ), (
        SELECT count(*) FROM "LumisectionEventAssignation" AS covered
        WHERE covered.version = said.version
    )
    FROM guard.authentic AS own JOIN "Event" USING (atomic_version)
    JOIN "LumisectionEvent" AS said ON said.version = "Event".version
    JOIN "JSONBDeduplication" AS object ON object.id = said.lumisection_metadata_id
    WHERE own.login = 'g_door'
"""
_EMPTY = """
    SELECT count(*) FROM guard.authentic AS own WHERE own.login = 'g_door' AND NOT EXISTS (
        SELECT FROM "Version" WHERE "Version".atomic_version = own.atomic_version
    )
"""
_SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'g_door'"
    " AND datname = current_database()"
)


@pytest.fixture
def guarded(server: TestServer, template: str) -> Iterator[str]:
    """Address of a guarded database."""
    with server.copy(template) as dsn:
        with prepared(dsn) as database:
            build(database, dsn)
        yield dsn


def _write(door: Process, life: int, answered: set[str], first: threading.Event) -> None:
    """Edits one after the other until nobody answers any more."""
    for step in itertools.count():
        said = f"life {life} {threading.current_thread().name} {step}"
        body = {
            "run_number": FIRST,
            "dataset_name": PROMPT,
            "component": "dt-dt",
            "new_lumisection_range": {"start": 1, "end": 2, "status": "BAD", "comment": said},
        }
        headers = {"Content-type": "application/json", **by_proxy("dt@cern.ch", "")}
        connection = HTTPConnection(*door.addresses[0], timeout=60)
        try:
            connection.request("PUT", _EDIT, json.dumps(body), headers)
            response = connection.getresponse()
            whole = response.read()
        except (OSError, HTTPException):
            return
        finally:
            connection.close()
        assert response.status == 200, whole
        answered.add(said)
        first.set()


def test_that_nothing_answered_is_lost_when_doors_are_killed(
    guarded: str, server_folder: Path, request: pytest.FixtureRequest
) -> None:
    secret = server_folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = {
        "RUN_REGISTRY_DOOR_PROXY_ADDRESSES": "127.0.0.1",
        "RUN_REGISTRY_DOOR_PROXY_SECRET_FILE": str(secret),
    }
    answered: set[str] = set()
    with psycopg.connect(guarded, autocommit=True) as control:
        for life in range(request.config.getoption("--kills") + 1):
            first = threading.Event()
            with (
                process(server_folder, "--dsn", address(guarded, "g_door"), **settings) as door,
                ThreadPoolExecutor(_WRITERS) as others,
            ):
                writers = [
                    others.submit(_write, door, life, answered, first) for _ in range(_WRITERS)
                ]
                assert first.wait(_LONG_S), [each.result(0) for each in writers if each.done()]
                # It dies in another place of its work each time.
                time.sleep(0.02 * (life % 7))
                door.send(signal.SIGKILL)
                assert door.ended() == -signal.SIGKILL
                for each in writers:
                    each.result(_LONG_S)
            while control.execute(_SESSIONS).fetchone() != (0,):
                control.execute("SELECT pg_sleep(0.02)")
        made = control.execute(_MADE).fetchall()
        assert control.execute(_EMPTY).fetchone() == (0,)
    assert answered - {row[0] for row in made} == set()
    assert len({row[0] for row in made}) == len(made), "an edit is there twice"
    assert {row[2:6] for row in made} == {("dt@cern.ch", "g_door", "door", True)}
    assert len({row[6:] for row in made}) == 1, "an edit is there in part"
    with prepared(address(guarded, "g_expert")) as database:
        check_folds(database)
