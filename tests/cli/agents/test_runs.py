"""`agent run`: the agent that comes with the program, on a real database."""

import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import pytest

from app.cli.agents import runs as agent_runs
from app.domain.errors import Unavailable
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from run_registry import anomaly
from tests.builders import EXPERT, a_run, configure
from tests.cli.conftest import Ran, RunRegistry
from tests.conftest import TestServer, prepared
from tests.services.offline_runs import PROMPT

FIRST, SIGNED_OFF = 390_001, 12
OPEN = FIRST + SIGNED_OFF
LENGTH = 40
REGISTER = ("agent", "register", "anomaly", "--agent-version", anomaly.VERSION)
RUN = ("agent", "run", "anomaly", "--once")


def dead_time(place: int) -> LumiRange:
    return LumiRange(12 + place, 17 + place)


def fill(db: Database) -> None:
    """Twelve signed-off runs, in every second of which people called the DT BAD while little was
    recorded, and two open ones, of which the first has such lumisections."""
    configure(db)
    for place in range(SIGNED_OFF + 2):
        number, dead = FIRST + place, dead_time(place)
        has = place % 2 == 0
        changed = {at: {"recorded": 0.15} for at in range(dead.first, dead.last + 1) if has}
        pull.apply(Acting(db), a_run(number, LENGTH, changed=changed | {9: {"recorded": 0.15}}))
        if place < SIGNED_OFF:
            if has:
                bad = Triplet("BAD", "read-out holds the trigger", "deadtime")
                edit = ColumnEdit(number, "online", "dt-dt", (dead,), bad)
                lumisections.edit_columns(Acting(db, EXPERT), [edit])
            runs.move(Acting(db, EXPERT), number, "SIGNOFF")


@pytest.fixture
def dsn(server: TestServer) -> Iterator[str]:
    with server.copy(server.template("runs_with_dead_time", fill)) as address:
        yield address


@pytest.fixture
def registry(run_registry: RunRegistry, dsn: str) -> Callable[..., Ran]:
    return lambda *words: run_registry("--dsn", dsn, *words)


def test_that_a_dry_run_explains_and_writes_nothing(registry):
    tried = registry(*RUN, "--column", "dt-dt", "--dry-run", "--explain")
    assert tried.code == 0, tried.err
    head, found, cells, last = tried.out.splitlines()
    assert head.startswith("dt-dt: learned from 12 runs, 480 LS. On runs held back 100% of what")
    assert found.startswith(f"  {OPEN} online dt-dt LS 24-29, P(BAD) 0.")
    assert "recorded/delivered is 0.48, where the last 12 runs had 0.97 +- 0.01 (+" in found
    assert cells.startswith("      LS 24-29: P(BAD) 0.")
    assert "low for 3 LS or more +" in cells
    assert (
        last == "2 open datasets judged. Nothing was written: the agent anomaly isn't registered."
    )
    assert "No open proposal" in registry("agent", "proposals").out


def test_that_it_proposes_once_never_sets_a_flag_and_says_what_it_does_not_learn_from(registry):
    assert registry(*REGISTER, "--proposes", "dt-dt").code == 0
    said = registry(*RUN, "--json").document
    (found,) = said["found"]
    assert (found["run_number"], found["first"], found["last"]) == (OPEN, 24, 29)
    assert said["text"] == "2 open datasets judged. 1 proposal submitted to people."
    assert said["columns"]["dt-dt"]["recall"] == 1
    shown = ("lumisections", "ranges", OPEN, "--of", "rr", "--json")
    before = registry(*shown)
    assert (before.code, "BAD" in before.out) == (0, False)
    again = registry(*RUN)
    assert again.out.splitlines()[-1] == "2 open datasets judged. Nothing new was proposed."

    assert registry("agent", "accept", "--run", OPEN).code == 0
    assert registry("runs", "move", OPEN, "SIGNOFF").code == 0
    after = registry(*RUN).out.splitlines()
    assert after[0].startswith("dt-dt: learned from 13 runs, 514 LS.")
    assert "It did not learn from 6 LS that people accepted from agents." in after
    assert after[-1] == "Its proposals so far: 1 accepted, 0 edited, 0 rejected."
    people = registry("agent", "agreement", "anomaly", "--json").document
    assert people["columns"]["dt-dt"]["agreeing"] == 0


def test_that_it_is_tried_on_runs_that_people_have_judged_and_compared_with_them(registry):
    assert registry(*REGISTER, "--proposes", "dt-dt").code == 0
    limit = FIRST + 10
    said = registry(
        *RUN, "--train-from", f"run < {limit}", "--judge", f"run >= {limit} and run < {OPEN}"
    )
    assert "1 proposal already agreed with the present values" in said.out
    agreed = registry("agent", "agreement", "anomaly", "--json").document["columns"]["dt-dt"]
    assert (agreed["agreeing"], agreed["only_agent"], agreed["only_people"]) == (6, 0, 0)


def test_that_what_is_missing_is_told_in_one_sentence(registry, monkeypatch):
    unknown = registry(*RUN)
    assert (unknown.code, "Register it with `agent register`" in unknown.err) == (1, True)
    registry("agent", "register", "anomaly", "--agent-version", "0", "--proposes", "dt-dt")
    old = registry(*RUN)
    assert f"Version 0 of anomaly is registered, and this is version {anomaly.VERSION}" in old.err
    registry(*REGISTER, "--proposes", "dt-dt")
    few = registry(*RUN, "--train-from", f"run < {FIRST + 4}")
    assert (few.code, few.out) == (1, "")
    assert "too little history of dt-dt: 4 signed-off runs with 12 BAD" in few.err
    wrong = registry(*RUN, "--column", "dt-td")
    assert "anomaly 1 is not registered for dt-td. Did you mean dt-dt?" in wrong.err
    mistyped = registry(*RUN, "--judge", "rum > 5")
    assert (mistyped.code, "rum" in mistyped.err) == (1, True)
    other = registry("agent", "run", "anomoly", "--once")
    assert "No agent anomoly is installed here. Did you mean anomaly?" in other.err
    left_out = EntryPoint("anomaly", "run_registry.left_out:take", agent_runs.GROUP)
    monkeypatch.setattr(agent_runs, "entry_points", lambda **_: (left_out,))
    bundle = registry(*RUN)
    assert "agent anomaly can't be loaded here: No module named 'run_registry.left" in bundle.err
    monkeypatch.setattr(agent_runs, "entry_points", lambda **_: ())
    none = registry(*RUN)
    for told in (bundle, none):
        assert told.code == 1
        assert "pip install 'run-registry-desktop[agent]'" in told.err


def test_that_offline_it_goes_by_the_state_of_the_column_s_workspace(registry, dsn):
    with prepared(dsn) as database:
        acting = Acting(database, EXPERT)
        keys = [(FIRST + place, PROMPT) for place in range(SIGNED_OFF)]
        datasets.move(acting, keys, "global", "OPEN")
        datasets.move(acting, keys[:-1], "dt", "COMPLETED")
    offline = (*RUN, "--datasets", "/PromptReco/%", "--dry-run", "--column")
    said = registry(*offline, "dt-dt", "--json").document
    assert said["columns"]["dt-dt"]["runs"] == SIGNED_OFF - 1
    assert (said["judged"], said["found"]) == (1, [])
    none = registry(*offline, "csc-csc")
    assert "too little history of csc-csc: 0 signed-off runs" in none.err


def test_that_without_once_it_goes_on_and_waits_for_a_server_that_is_away(registry, monkeypatch):
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    taken = agent_runs._installed("anomaly")
    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr(agent_runs, "_installed", lambda _: _away_first(taken, pauses))
    ended = registry("agent", "run", "anomaly", "--column", "dt-dt", "--dry-run", "--every", "3")
    assert (ended.code, pauses) == (130, [180, 180])
    assert "The database doesn't answer. It tries again in 3 min." in ended.err
    assert ended.out.count("learned from 12 runs") == 1


def _away_first(taken, pauses):
    def take(*asked):
        if not pauses:
            raise Unavailable("The database doesn't answer.")
        return taken(*asked)

    return take
