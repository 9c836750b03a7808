"""A command whose server dies while it stores an edit tells what became of it, once another server
has been promoted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.replicas import Pair, needs_postgresql, pair
from tests.torture.test_failover import make_runs, until

ROOT = Path(__file__).parents[2]
_HELD = 20_26

pytestmark = needs_postgresql


@pytest.fixture
def both(at_length: None) -> Iterator[Pair]:
    """A primary with its standby, and Run Registry on it."""
    with pair() as running:
        make_runs(running.dsn)
        yield running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is ended when the test is."""
    with ExitStack() as opened:
        yield opened


@contextmanager
def edit(both: Pair, home: Path) -> "Iterator[subprocess.Popen[str]]":
    """The command is given meanwhile."""
    words = ("lumisections", "edit", "390001", "--column", "dt-dt", "--ls", "1-20")
    given = ("--status", "BAD", "--comment", "HV trip", "--as-user", "me@cern.ch", "--json")
    egroups = {"RUN_REGISTRY_EGROUPS": "cms-dqm-runregistry-experts"}
    running = subprocess.Popen(
        [sys.executable, "-m", "app", "--dsn", both.dsn, *words, *given],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), **egroups},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def versions(both: Pair) -> int:
    """How many versions of people there are at the server that lives."""
    with psycopg.connect(both.standby.dsn) as there:
        counted = there.execute("""SELECT count(*) FROM "Version" WHERE "by" = 'me@cern.ch'""")
        return int(counted.fetchone()[0])  # type: ignore[index]


def fail_over(both: Pair) -> None:
    """The primary dies, and somebody promotes the standby."""
    both.primary.kill()
    both.standby.promote()


def test_that_an_edit_that_reached_the_standby_is_found_there(
    both: Pair, tmp_path: Path, stack: ExitStack
) -> None:
    with psycopg.connect(both.primary.dsn, autocommit=True) as control:
        # From now on the primary also waits for somebody who never comes, with what `b` has.
        control.execute("ALTER SYSTEM SET synchronous_standby_names = '2 (b, nobody)'")
        control.execute("SELECT pg_reload_conf()")
        command = stack.enter_context(edit(both, tmp_path))
        waits = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'"
        until(lambda: control.execute(waits).rowcount > 0, "it isn't stored")
        until(lambda: versions(both) == 1, "the standby hasn't heard of it")
    fail_over(both)
    out, err = command.communicate()
    assert command.returncode == 0, err
    assert json.loads(out)
    assert "It is there" in err
    assert versions(both) == 1


def test_that_an_edit_that_died_with_the_primary_can_be_given_again(
    both: Pair, tmp_path: Path, stack: ExitStack
) -> None:
    with psycopg.connect(both.primary.dsn, autocommit=True) as control:
        control.execute(
            "CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock_shared({_HELD}); RETURN NULL; END'"
        )
        control.execute(
            'CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON "Version"'
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_lock()"
        )
        control.execute("SELECT pg_advisory_lock(%s)", [_HELD])
        command = stack.enter_context(edit(both, tmp_path))
        waits = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        until(lambda: control.execute(waits).rowcount > 0, "it isn't being stored")
        fail_over(both)
    out, err = command.communicate()
    assert command.returncode == 1, err
    assert "was lost before the change was stored." in json.loads(out)["error"]
    assert versions(both) == 0
