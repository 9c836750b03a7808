"""The puller as a service: real processes on a guarded database."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.certification.wishes import WishState
from app.domain.errors import Refused
from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.models.guard.leases import NOBODY, Leases, Watch, holders
from app.services import databases, taking_in
from app.services.acting import Acting
from app.services.certification import asking, runs
from app.services.golden import generation as golden
from app.services.pulling.blockers import EndingBlockers
from app.services.pulling.health import health
from app.services.recount import recounting
from app.services.wishes import lists
from tests.builders import a_run
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import OPEN_RUN, PROMPT, address
from tests.models.guard.test_program_on_guard import acting_as

ROOT = Path(__file__).parents[3]
NEW_RUN = 390010
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
TAKEN_OVER_S = 10.0
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def oms() -> Iterator[SimulatedOms]:
    run = a_run(NEW_RUN, 8)
    with SimulatedOms([run.attributes], {run.run_number: run.lumisections}) as oms:
        yield oms


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine of its own, without a screen."""
    kept = {name: word for name, word in os.environ.items() if not name.startswith("RUN_REGISTRY")}
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("DATA", "CONFIG", "STATE")}
    return {**kept, **homes, "HOME": str(tmp_path), "QT_QPA_PLATFORM": "nothing"}


@pytest.fixture
def start(guarded_dsn: str, oms: SimulatedOms, environment: dict[str, str]) -> Iterator[Start]:
    """Starts `puller` as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *words: str, login: str = "g_puller", oms_url: str = oms.url, dsn: str = "", **more: str
    ) -> subprocess.Popen[str]:
        # Without Qt on the way nothing of it can be used.
        puller = subprocess.Popen(
            [
                *(sys.executable, "-c"),
                "import sys; sys.modules['PySide6'] = None; from app.__main__ import main;"
                " sys.argv[0] = 'run-registry'; sys.exit(main())",
                *("--dsn", dsn or address(guarded_dsn, login), "--oms", oms_url, "puller", *words),
            ],
            cwd=ROOT,
            env={**environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(puller)
        return puller

    yield begin
    for puller in started:
        if puller.poll() is None:
            puller.kill()
        puller.communicate()


@pytest.fixture(params=[signal.SIGSTOP, signal.SIGKILL], ids=["frozen", "killed"])
def end(request: pytest.FixtureRequest) -> signal.Signals:
    """What happens to a puller. Frozen it still has what it held, so that is tried each time."""
    if request.param == signal.SIGKILL:
        request.getfixturevalue("at_length")
    return request.param


def await_(fact: Callable[[], bool], timeout_s: float = 60.0) -> float:
    """How long it took until something was true [s]."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < timeout_s
        time.sleep(0.05)
    return time.monotonic() - began


def works(
    database: Database,
    puller: subprocess.Popen[str],
    jobs: Collection[str] = ("oms", "blockers"),
) -> bool:
    """Whether this process works; without a key one lets sealing go after each turn."""
    found = {each.job: each.client for each in holders(database) if each.alive}
    return all(f"({puller.pid})" in found.get(job, "") for job in jobs)


def test_that_another_takes_over_when_the_first_is_killed_or_frozen(
    come_in: Login, start: Start, end: signal.Signals
) -> None:
    person = come_in("g_nobody")
    first = start()
    await_(lambda: works(person, first))
    second = start()
    await_(lambda: _is_there(person, second))
    time.sleep(0.5)
    assert works(person, first)
    first.send_signal(end)
    assert await_(lambda: works(person, second)) < TAKEN_OVER_S
    if end == signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)
        time.sleep(2.0)
        assert works(person, second)


@pytest.mark.skipif(FAKETIME is None, reason="needs Debian's package faketime")
def test_that_clocks_that_jump_take_no_job_from_its_puller(
    come_in: Login, start: Start, tmp_path: Path, at_length: None
) -> None:
    person = come_in("g_nobody")
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    jumping = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    first = start(**jumping)
    await_(lambda: works(person, first))
    second = start(**jumping)
    await_(lambda: _is_there(person, second))
    for jump in ("+3d", "-3d", "+0"):
        clock.write_text(f"{jump}\n")
        # It tells that it is alive three times after each jump.
        for _ in range(3):
            before = max(each.beat for each in holders(person))
            await_(lambda before=before: max(each.beat for each in holders(person)) > before)
        assert works(person, first)
    with person.read() as connection:
        times = connection.exec_driver_sql(
            """SELECT max("createdAt") - now() FROM "Version" """
        ).scalar_one()
    assert times < timedelta(seconds=1)


def _is_there(database: Database, puller: subprocess.Popen[str]) -> bool:
    """Whether a puller that stands by has come to the database."""
    with database.read() as connection:
        sessions = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'g_puller'"
            " AND application_name LIKE '%%news'"
        ).scalar_one()
    return int(sessions) >= 2


def test_that_the_service_manager_is_told_and_a_stop_is_clean(
    come_in: Login, start: Start, tmp_path: Path
) -> None:
    person = come_in("g_nobody")
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(60)
        puller = start(NOTIFY_SOCKET=str(place), WATCHDOG_USEC="300000")
        assert manager.recv(1000).startswith(b"READY=1")
        assert manager.recv(1000) == b"WATCHDOG=1"
        await_(lambda: works(person, puller))
        await_(lambda: databases.newest_run(person)[0] == NEW_RUN)
        assert health(person, timedelta(minutes=1)).good
        began = time.monotonic()
        puller.terminate()
        out, err = puller.communicate(timeout=20)
        assert time.monotonic() - began < 10
    assert (puller.returncode, out) == (0, "")
    assert "Made run 390010" in err
    # What it held is free at once.
    assert holders(person) == ()
    told = health(person, timedelta(minutes=1))
    assert not told.good
    assert told.text.startswith(f"PULLER CRITICAL: {NOBODY}")


def test_that_a_wish_outlives_a_puller_that_is_killed_and_another_does_it_once(
    come_in: Login, start: Start
) -> None:
    person = come_in("g_expert")
    acting = acting_as(person)
    first = start()
    await_(lambda: asking.is_alive(acting))
    first.send_signal(signal.SIGSTOP)
    # It lands while the puller that holds the lease can't do it.
    asked = runs.refresh(acting, OPEN_RUN, recorded=True)
    first.kill()
    second = start()
    # Waiting ends at once where nobody is there: the lease of the first may be over already.
    await_(lambda: works(person, second, [asking.JOB]))
    (made,) = lists.wait(acting, asked.wishes, nobody_for_s=60)
    assert made.state is WishState.DONE, made
    assert made.text != ""


def test_that_a_list_outlives_a_puller_that_is_killed_or_frozen_and_another_confirms_it(
    come_in: Login, start: Start, end: signal.Signals
) -> None:
    person = come_in("g_expert")
    acting = acting_as(person)
    first = start()
    await_(lambda: asking.is_alive(acting, golden.CHECKING))
    first.send_signal(signal.SIGSTOP)
    made = golden.generate(acting, PROMPT, RULE, official=True)
    assert made.asked is not None
    if end == signal.SIGKILL:
        first.kill()
    second = start()
    await_(lambda: works(person, second, [asking.JOB]))
    (done,) = lists.wait(acting, made.asked.wishes, nobody_for_s=60)
    assert (done.state, golden.row(acting, made.id).entry.official) == (WishState.DONE, True)
    if end == signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)
        time.sleep(2.0)
    assert second.poll() is None
    with person.read() as connection:
        checks = connection.exec_driver_sql(
            f"SELECT equal FROM record.golden_json_check WHERE generated_json_id = {made.id}"
        ).scalars()
        assert set(checks) == {True}


def test_that_counting_again_and_taking_in_outlive_a_puller_in_the_middle_of_them(
    come_in: Login, start: Start, guarded_dsn: str, end: signal.Signals
) -> None:
    """Both are held where they keep how far they are, in a transaction that has done its work."""
    person = come_in("g_nobody")
    with psycopg.connect(guarded_dsn) as holder, psycopg.connect(guarded_dsn) as control:
        control.execute("SET session_replication_role = replica")
        control.execute("""UPDATE "Run" SET rr_attributes = '{"class": "Forged"}'""")
        control.execute("DELETE FROM desk.lumisection_state")
        control.commit()
        holder.execute("LOCK TABLE desk.recount, desk.taken_in IN SHARE MODE")
        first = start()
        await_(lambda: _held(control) == {"recount", "taken_in"})
        first.send_signal(end)
        second = start()
        # The frozen one goes on in the server, which holds what it has, until it is ended.
        holder.rollback()
        await_(lambda: works(person, second))
        puller = Acting(come_in("g_puller"))
        await_(lambda: _taken_in(person) and _is_counted(control))
        if end == signal.SIGSTOP:
            first.send_signal(signal.SIGCONT)
            time.sleep(2.0)
        again = recounting.recount_all(puller, repair=False)
        assert (again.findings, again.failed) == ((), ())
        control.rollback()
        found = control.execute(
            "SELECT run_number, name, part, lumisections, count(*) FROM desk.recount_finding"
            " WHERE \"table\" = 'Run' GROUP BY 1, 2, 3, 4"
        ).fetchall()
        # Each was put right once, by whoever came to it.
        assert len({run_number for run_number, *_ in found}) == 3, found
        assert {count for *_, count in found} == {1}, found


def _held(control: psycopg.Connection) -> set[str]:
    """Tables that somebody waits for."""
    control.rollback()
    found = control.execute(
        "SELECT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE NOT granted"
    )
    return {name for (name,) in found}


def _taken_in(database: Database) -> bool:
    found = taking_in.state(database)
    return found is not None and (found.runs, found.runs_left) != (0, 0) and not found.runs_left


def _is_counted(control: psycopg.Connection) -> bool:
    control.rollback()
    left = """SELECT count(*) FROM "Run" WHERE rr_attributes ->> 'class' = 'Forged'"""
    return control.execute(left).fetchone() == (0,)


def test_that_one_round_does_everything_and_tells_how_it_went(start: Start) -> None:
    puller = start("--once", "--json")
    out, err = puller.communicate(timeout=120)
    document = json.loads(out)
    assert (puller.returncode, document["good"]) == (0, True), err
    assert {each["job"] for each in document["jobs"]} >= {
        *("oms", "dqm gui", "sealing", "blockers", "lists", "wishes", "recount", "intake")
    }


def test_that_secrets_that_systemd_hands_over_are_used(
    come_in: Login, start: Start, environment: dict[str, str], guarded_dsn: str, tmp_path: Path
) -> None:
    """As `LoadCredential` does: files that the service can read, in a folder it can't write to."""
    handed = tmp_path / "credentials"
    handed.mkdir()
    subprocess.run(
        [sys.executable, "-m", "app", "seal", "key", "new", "--file", str(handed / "seal.key")],
        cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (handed / "database-password").write_text("p\n")
    for each in handed.iterdir():
        each.chmod(0o440)
    handed.chmod(0o500)
    without = address(guarded_dsn, "g_puller").replace("g_puller:p@", "g_puller@")
    assert ":p@" not in without
    given = {"CREDENTIALS_DIRECTORY": str(handed), "RUN_REGISTRY_DATA_FOLDER": str(tmp_path / "d")}
    try:
        puller = start("--once", dsn=without, **given)
        _, err = puller.communicate(timeout=120)
        assert puller.returncode == 0, err
        person = come_in("g_nobody")
        with person.read() as connection:
            newest = connection.exec_driver_sql(
                "SELECT note FROM seal.checkpoint ORDER BY size DESC LIMIT 1"
            ).scalar_one()
        assert signatures(newest) == 1
        refused = start("--once", dsn=without, RUN_REGISTRY_DATA_FOLDER=str(tmp_path / "e"))
        _, err = refused.communicate(timeout=120)
        assert refused.returncode != 0
        assert "password" in err
    finally:
        handed.chmod(0o700)


def signatures(note: str) -> int:
    """How many lines of a signed note are signatures."""
    return sum(line.startswith("\N{EM DASH} ") for line in note.splitlines())


def test_that_one_round_fails_when_oms_does(start: Start, oms: SimulatedOms) -> None:
    # Refused for good: what may be over in a second is asked for again.
    puller = start("--once", oms_url=f"{oms.url}/nothing")
    out, _ = puller.communicate(timeout=120)
    assert puller.returncode == 1
    assert "oms: OMS has nothing at" in out


def test_that_a_person_is_no_puller(start: Start) -> None:
    puller = start("--once", login="g_expert")
    _, err = puller.communicate(timeout=60)
    assert puller.returncode == 1
    assert "pullers have logins of their own" in err


def test_that_the_journal_gets_levels_and_no_times(
    environment: dict[str, str], guarded_dsn: str, oms: SimulatedOms, tmp_path: Path
) -> None:
    said = tmp_path / "journal"
    with said.open("w") as journal:
        there = os.fstat(journal.fileno())
        subprocess.run(
            [
                *(sys.executable, "-m", "app", "--dsn", address(guarded_dsn, "g_puller")),
                *("--oms", f"{oms.url}/nothing", "puller", "--once"),
            ],
            cwd=ROOT,
            env={**environment, "JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"},
            stderr=journal,
            timeout=120,
            check=False,
        )
    lines = said.read_text().splitlines()
    assert any(line.startswith("<4>app.sync") for line in lines)
    assert all(re.match(r"<[2-7]>app\.|run-registry: ", line) for line in lines), lines


def test_that_nobody_else_can_hold_a_lease(come_in: Login) -> None:
    puller, person = come_in("g_puller"), come_in("g_expert")
    leases = Leases(puller, "the puller")
    try:
        assert leases.of("oms").try_acquire()
        watch = Watch(person, "oms")
        assert (watch.try_acquire(), watch.held(), watch.holder()) == (False, False, "the puller")
        leases.of("oms").release()
        assert watch.holder() is None
        assert leases.of("oms").try_acquire()
    finally:
        leases.close()
    assert holders(person) == ()


@pytest.mark.expected_log("of g_nobody")
def test_that_a_person_who_holds_others_up_is_ended(come_in: Login, guarded_dsn: str) -> None:
    with psycopg.connect(guarded_dsn, autocommit=True) as control:
        control.execute("GRANT pg_signal_backend TO run_registry_pullers")
    puller = come_in("g_puller")
    now = [0.0]
    ending = EndingBlockers(puller, clock=lambda: now[0])
    holder = psycopg.connect(address(guarded_dsn, "g_nobody"))
    holder.execute("SET idle_in_transaction_session_timeout = 0")
    holder.execute("SELECT pg_advisory_xact_lock(7, 7)")
    for at in (0.0, 59.0, 61.0):
        now[0] = at
        waiting = psycopg.connect(address(guarded_dsn, "g_expert"))
        waiting.pgconn.send_query(b"SELECT pg_advisory_xact_lock(7, 7)")
        await_(lambda: bool(_waits(puller)))
        said = ending.turn(SILENT)
        waiting.pgconn.get_cancel().cancel()
        waiting.close()
        await_(lambda: not _waits(puller))
        assert said == ("ended 1 session" if at > 60 else "nobody is held up for long")
    with pytest.raises(psycopg.OperationalError):
        holder.execute("SELECT 1")
    holder.close()


def test_that_a_puller_that_may_end_nobody_says_what_to_type(
    come_in: Login, guarded_dsn: str
) -> None:
    """From PostgreSQL 16 on only a superuser gives that, and the guard is installed without one."""
    with psycopg.connect(guarded_dsn, autocommit=True) as control:
        control.execute("REVOKE pg_signal_backend FROM run_registry_pullers")
    puller = come_in("g_puller")
    now = [0.0]
    ending = EndingBlockers(puller, clock=lambda: now[0])
    with psycopg.connect(address(guarded_dsn, "g_nobody")) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(7, 7)")
        waiting = psycopg.connect(address(guarded_dsn, "g_expert"))
        waiting.pgconn.send_query(b"SELECT pg_advisory_xact_lock(7, 7)")
        await_(lambda: bool(_waits(puller)))
        ending.turn(SILENT)
        now[0] = 61.0
        with pytest.raises(Refused, match="GRANT pg_signal_backend TO run_registry_pullers"):
            ending.turn(SILENT)
        waiting.pgconn.get_cancel().cancel()
        waiting.close()
        holder.execute("SELECT 1")


def _waits(database: Database) -> int:
    with database.read() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
            ).scalar_one()
        )
