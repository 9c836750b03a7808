"""Pages of OMS with damaged records: the others come in, and the puller keeps its pace."""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.pull import PullState, PullStatus
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.certification import tables
from app.services.editing import lumisections
from app.services.pulling.store import PullStore
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.worker import PullLoop
from tests import builders
from tests.sync.misbehaving_oms import Answer, MisbehavingOms, Request
from tests.sync.test_whole_pull import Watcher, runs_of

pytestmark = pytest.mark.expected_log(
    "could not be pulled", "the turn broke off", "A run record of OMS can.t", always=False
)

VICTIMS, HEALTHY, LENGTH = 15, 3, 6
SEEDS = (1, 2)
FIRST_RUN, FIRST_FILL = 380_000, 9_000

HOSTILE = (
    *b"1e400 -1e400 1e308 1e-400 NaN -Infinity tru {} [] [[]] 2.0 2.5 -0.0 -1 0 true null".split(),
    b"9" * 5_000,
    b"9" * 308,
    b"1" + b"0" * 30,
    b"2147483648",
    b"9223372036854775808",
    b"2000000",
    b"[" * 500 + b"]" * 500,
    b'{"a":' * 90 + b"1" + b"}" * 90,
    b'"\\u0000"',
    b'"\\\\u0000"',
    b'"\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"' + "a".encode("utf-16") + b'"',
    b'""',
    b'"7"',
    b'"' + b"x" * 100_000 + b'"',
    b'{"\\u0000": 1}',
    b'["\\ud800"]',
    b'[{"lumisection_number": 1}, null]',
    b'"open',
    b'{"open": 1',
    b"]}",
)
"""What takes the place of a value, as it stands in the text."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with a run: in which of its records, which of them, and what stands where."""

    resource: str
    chance: float
    hostile: bytes
    how: str


class DamagedOms(MisbehavingOms):
    """The pages of a simulated OMS with what is wrong in them."""

    def __init__(self, simulated: SimulatedOms) -> None:
        super().__init__()
        self.simulated = simulated
        self.damages: dict[int, Damage] = {}
        self.spoil: dict[str, Callable[[bytes], bytes]] = {}
        for resource in ("runs", "lumisections", "fills"):
            self.on(f"/{resource}", self._page)

    def _page(self, request: Request) -> Answer:
        resource = request.path.removeprefix("/")
        document = copy.deepcopy(self.simulated.document(resource, request.query))
        assert document is not None
        hostile: dict[str, bytes] = {}
        records = document["data"]
        assert isinstance(records, list)
        of_run: dict[int, list[JsonObject]] = {}
        for record in records:
            assert isinstance(record, dict)
            of_run.setdefault(_run_of(record), []).append(record)
        for number, damage in self.damages.items():
            if damage.resource == resource and number in of_run:
                at = int(damage.chance * len(of_run[number]))
                _damage(of_run[number][at], damage, f"@@{number}@@")
                hostile[f"@@{number}@@"] = damage.hostile
        text = json.dumps(document).encode()
        for mark, raw in hostile.items():
            text = re.sub(b'"?' + mark.encode() + b'"?', lambda _, raw=raw: raw, text)  # type: ignore[misc]
        return Answer(self.spoil.get(resource, bytes)(text))


def _run_of(record: JsonObject) -> int:
    attributes = record["attributes"]
    assert isinstance(attributes, dict)
    run, fill = attributes.get("run_number"), attributes.get("fill_number")
    if isinstance(run, int):
        return run
    assert isinstance(fill, int)
    return FIRST_RUN + fill - FIRST_FILL


def _damage(record: JsonObject, damage: Damage, mark: JsonValue) -> None:
    attributes = record["attributes"]
    assert isinstance(attributes, dict)
    names = sorted(attributes)
    # Half of the damages are done to what the program relies on.
    relied = [each for each in names if each.endswith("_number") or each in RELIED_ON]
    chosen = relied if damage.chance * 1000 % 2 < 1 else names
    name = chosen[int(damage.chance * 7919) % len(chosen)]
    match damage.how:
        case "value":
            attributes[name] = mark
        case "added":
            attributes["added"] = {"deep": [mark]}
        case "removed":
            del attributes[name]
        case "attributes":
            record["attributes"] = mark
        case "record":
            record.clear()
            record["of another kind"] = mark


RELIED_ON = frozenset(
    {
        "last_update",
        "end_time",
        "hlt_key",
        "components",
        "recorded_lumi",
        "delivered_lumi",
        "prescale_index",
        "cms_active",
        "beam1_present",
        "injection_scheme",
    }
)


def damages(chance: random.Random) -> Damage:
    return Damage(
        chance.choice(("runs", "runs", "lumisections", "lumisections", "fills")),
        chance.random(),
        chance.choice(HOSTILE),
        chance.choice(("value",) * 6 + ("added", "removed", "attributes", "record")),
    )


def tell(oms: SimulatedOms, number: int, minute: int) -> None:
    """A run of its own fill, with lumisections."""
    made = builders.a_run(
        number,
        LENGTH,
        fill_number=FIRST_FILL + number - FIRST_RUN,
        last_update=f"2025-08-18T{minute // 60:02d}:{minute % 60:02d}:00Z",
        last_lumisection_number=LENGTH,
    )
    oms.set_run(made.attributes)
    oms.set_lumisections(
        number,
        [
            {
                **each,
                "run_number": number,
                "recorded_lumi": 0.3 * position,
                "delivered_lumi": 0.31 * position,
            }
            for position, each in enumerate(made.lumisections)
        ],
    )
    oms.set_fill(
        {"fill_number": FIRST_FILL + number - FIRST_RUN, "injection_scheme": "25ns", "era": "2025A"}
    )


@dataclass
class Puller:
    """A loop with the real store and the real lock, and what it said."""

    loop: PullLoop
    watcher: Watcher
    bugs: list[Exception]

    def pull(self) -> PullStatus:
        before = self.watcher.status
        self.loop.wake()
        return self.watcher.wait_for(
            lambda status: (
                status.next_try is not None
                and status.next_try != before.next_try
                and status.state in {PullState.WAITING, PullState.UNAVAILABLE}
            ),
            60,
        )


@contextmanager
def a_puller(database: Database, oms: MisbehavingOms) -> Iterator[Puller]:
    settings = OmsSettings(url=oms.url, pause_s=0.0, tries=1, runs_per_page=7)
    watcher, bugs = Watcher(), list[Exception]()
    loop = PullLoop(
        lambda on_wait: OmsClient(settings, on_wait=on_wait),
        PullStore(database),
        PullerLock(database, "me"),
        on_status=watcher.on_status,
        on_bug=bugs.append,
        client_name="me",
        interval_s=60,
    )
    loop.start()
    try:
        watcher.wait_for(lambda status: status.next_try is not None, 60)
        yield Puller(loop, watcher, bugs)
    finally:
        assert loop.stop()


@pytest.fixture
def damaged() -> Iterator[DamagedOms]:
    with SimulatedOms() as simulated:
        server = DamagedOms(simulated)
        yield server
        server.close()


def seconds_to_the_next(status: PullStatus) -> float:
    assert status.next_try is not None
    return (status.next_try - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("seed", SEEDS)
def test_that_of_damaged_pages_all_healthy_runs_come_in_at_the_same_pace(
    database: Database, damaged: DamagedOms, seed: int, request: pytest.FixtureRequest
) -> None:
    builders.configure(database)
    chance = random.Random(seed)
    store = PullStore(database)
    number, minute, ever_damaged = FIRST_RUN, 0, set[int]()
    with a_puller(database, damaged) as puller:
        for _ in range(request.config.getoption("--malformed-answers") // VICTIMS // len(SEEDS)):
            numbers = range(number, number + VICTIMS + HEALTHY)
            healthy = set(chance.sample(numbers, HEALTHY))
            damaged.damages = {each: damages(chance) for each in numbers if each not in healthy}
            for each in numbers:
                minute += 1
                tell(damaged.simulated, each, minute)
            status = puller.pull()
            ever_damaged |= damaged.damages.keys()
            told = {each: damaged.damages[each] for each in damaged.damages}
            assert puller.bugs == [], told
            assert status.state is PullState.WAITING, (status, told)
            assert 50 < seconds_to_the_next(status) <= 60
            assert healthy <= runs_of(database).keys()
            for failed in store.failed_runs():
                assert failed.reason.isprintable(), failed.reason
                store.forget_failure(failed.run_number)
            for each in numbers:
                damaged.simulated.forget_run(each)
            number += len(numbers)
    recorded = runs_of(database)
    healthy_ones = set(range(FIRST_RUN, number)) - ever_damaged
    assert healthy_ones < recorded.keys()
    for recorded_run, (_, length) in recorded.items():
        # A run may also come in by a number that isn't its own.
        assert length == LENGTH or recorded_run not in healthy_ones
        # What came in can be read as any run.
        assert tables.run_details(Acting(database), recorded_run).oms
        lumisections.dataset_state(Acting(database), recorded_run, "online")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.decode().encode("utf-16"),
        lambda text: b"<html>Sign in</html>",
        lambda text: text.replace(b"{", b"", 1),
        lambda text: b"[" * 1_000_000 + text,
        lambda text: text.replace(b'"data"', b'"\\u0000"'),
        lambda text: b"",
    ],
    ids=["cut", "utf16", "html", "brace", "deep", "nul", "empty"],
)
def test_that_a_page_that_is_none_is_told_asked_for_at_the_same_pace_and_costs_nothing(
    database: Database, damaged: DamagedOms, spoil: Callable[[bytes], bytes]
) -> None:
    builders.configure(database)
    numbers = range(FIRST_RUN, FIRST_RUN + 3)
    for minute, number in enumerate(numbers):
        tell(damaged.simulated, number, minute)
    damaged.spoil["runs"] = spoil
    with a_puller(database, damaged) as puller:
        for _ in range(2):
            status = puller.pull()
            assert status.state is PullState.UNAVAILABLE
            assert "OMS " in status.activity
            assert "/runs?sort" in status.activity
            assert 50 < seconds_to_the_next(status) <= 60
        del damaged.spoil["runs"]
        damaged.spoil["lumisections"] = lambda text: (
            spoil(text) if str(numbers[1]).encode() in text else text
        )
        assert puller.pull().state is PullState.WAITING
        assert runs_of(database).keys() == {numbers[0], numbers[2]}
        (failed,) = puller.watcher.status.failed
        assert failed.run_number == numbers[1]
        assert f"/lumisections?filter[run_number]={numbers[1]}" in failed.reason
        del damaged.spoil["lumisections"]
        assert puller.pull().failed == ()
        assert runs_of(database).keys() == set(numbers)
        assert puller.bugs == []


def test_that_of_a_page_that_can_t_be_cut_into_records_only_the_faulty_one_is_left_out(
    database: Database, damaged: DamagedOms
) -> None:
    builders.configure(database)
    numbers = range(FIRST_RUN, FIRST_RUN + 20)
    for minute, number in enumerate(numbers):
        tell(damaged.simulated, number, minute)
    faulty = numbers[11]
    damaged.damages = {faulty: Damage("runs", 0.0, b'"open', "added")}
    damaged.spoil["runs"] = lambda text: text.replace(b"}, {", b"} {", 1)
    with a_puller(database, damaged) as puller:
        status = puller.pull()
        assert status.state is PullState.WAITING
        assert runs_of(database).keys() == set(numbers) - {faulty}
        (failed,) = status.failed
        assert failed.run_number == faulty
        assert "brackets that don't match" in failed.reason
        damaged.damages.clear()
        damaged.spoil.clear()
        assert puller.pull().failed == ()
    assert runs_of(database).keys() == set(numbers)


def test_that_a_bug_in_a_pull_is_told_once_and_leaves_the_pace_as_it_is(
    database: Database, damaged: DamagedOms, monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.configure(database)
    tell(damaged.simulated, FIRST_RUN, 0)
    with monkeypatch.context() as broken, a_puller(database, damaged) as puller:
        broken.setattr(PullStore, "known_runs", lambda *_: {}["no such run"])
        before = len(puller.bugs)
        status = puller.pull()
        assert [type(each) for each in puller.bugs[before:]] == [KeyError]
        assert status.state is PullState.UNAVAILABLE
        assert "an error in the program, KeyError" in status.activity
        assert 50 < seconds_to_the_next(status) <= 60
        broken.undo()
        assert puller.pull().state is PullState.WAITING
    assert runs_of(database).keys() == {FIRST_RUN}
