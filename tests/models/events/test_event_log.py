"""Whatever is appended, in whatever order and by whom: the projections are the plain folds."""

import random
import threading
from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import Connection, text

from app.domain.errors import Refused
from app.domain.json_value import js_stringify, text_hash
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.models.database.engine import Database
from app.models.events import event_log, states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.plain_folds import (
    PlainDataset,
    WebService,
    oms_objects,
    plain_datasets,
    plain_runs,
    plain_summary,
    rr_objects,
)

RUNS = (390001, 390002)
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
COLUMNS = ("dt-dt", "csc-csc", "tracker-pixel", "tracker-strip")
OFFLINE_COLUMNS = ("dt-dt", "csc-csc", "jetmet-jetmet", "lumi-lumi")
BITS = ("dt0_ready", "dtm_ready", "bpix_ready", "cscm_ready")
FULL_TABLES = (
    "Version",
    "Event",
    "RunEvent",
    "DatasetEvent",
    "LumisectionEvent",
    "LumisectionEventAssignation",
    "OMSLumisectionEvent",
    "OMSLumisectionEventAssignation",
    "JSONBDeduplication",
    "Run",
    "Dataset",
    "DatasetTripletCache",
    "desk.lumisection_state",
)


@pytest.fixture
def configured(database: Database) -> Database:
    configure(database)
    return database


@pytest.fixture
def deskless(configured: Database, dsn: str) -> Iterable[Database]:
    """The same database seen by a client that may not use the desk."""
    other = Database(dsn)
    yield other
    other.close()


# --- what is compared -----------------------------------------------------------------------------


def check_folds(db: Database, *, stale: set[DatasetKey] = frozenset()) -> None:
    """Every projection and every read equals the plain fold of the event tables.

    `stale`: datasets whose cache row is not expected to be right, because somebody else stored
    an event without saying so.
    """
    with db.read() as connection:
        known_runs = plain_runs(connection)
        datasets = plain_datasets(connection)
        _check_rows(connection, known_runs, datasets)
        _check_caches(connection, datasets, stale)
        _check_states(connection, datasets, desk=db.desk)
        _check_view(connection, datasets)


def _check_rows(connection: Connection, known_runs: dict, datasets: dict) -> None:
    stored = {
        number: (oms, rr, deleted, version)
        for number, oms, rr, deleted, version in connection.execute(
            text('SELECT run_number, oms_attributes, rr_attributes, deleted, version FROM "Run"')
        )
    }
    assert stored == {n: (r.oms, r.rr, r.deleted, r.version) for n, r in known_runs.items()}
    view = {
        number: (oms, rr)
        for number, oms, rr in connection.execute(
            text('SELECT run_number, oms_attributes, rr_attributes FROM "RunView"')
        )
    }
    assert view == {n: (r.oms, r.rr) for n, r in known_runs.items()}
    rows = {
        (number, name): (attributes, set(gui), deleted, version)
        for number, name, attributes, gui, deleted, version in connection.execute(
            text(
                "SELECT run_number, name, dataset_attributes, datasets_in_gui, deleted, version"
                ' FROM "Dataset"'
            )
        )
    }
    assert rows == {
        key: (each.attributes, each.in_gui, each.deleted, each.version)
        for key, each in datasets.items()
    }


def _check_caches(connection: Connection, datasets: dict, stale: set[DatasetKey]) -> None:
    found = set()
    for row in connection.execute(text('SELECT * FROM "DatasetTripletCache"')):
        key = (row.run_number, row.name)
        found.add(key)
        if key in stale:
            continue
        assert row.version == datasets[key].version
        expected = plain_summary(datasets[key])
        for name in ("triplet_summary", "dcs_summary", "rr_ranges", "dcs_ranges"):
            assert getattr(row, name) == expected[name], (key, name)
        assert row.brilcalc_recorded_luminosity == pytest.approx(expected["recorded"], rel=1e-12)
        assert row.brilcalc_delivered_luminosity == pytest.approx(expected["delivered"], rel=1e-12)
    assert found == datasets.keys()


def _check_states(connection: Connection, datasets: dict, *, desk: bool) -> None:
    loaded = states.load(connection, list(datasets), desk=desk)
    remembered = {}
    if desk:
        fresh = states.fresh_compact(connection, list(datasets))
        remembered = {key: state.expand() for key, (state, _) in fresh.items()}
    for key, dataset in datasets.items():
        for state in filter(None, (loaded[key].state, remembered.get(key))):
            assert_same_state(state, dataset)


def assert_same_state(state, dataset: PlainDataset) -> None:
    assert rr_objects(state) == dataset.rr
    assert oms_objects(state) == dataset.oms
    own = {number for number, is_own in enumerate(state.own_oms.tolist(), start=1) if is_own}
    assert own == dataset.own_oms
    taking_part = state.participating.tolist()
    numbers = [number for number, takes_part in enumerate(taking_part, start=1) if takes_part]
    assert numbers == dataset.taking_part


def _check_view(connection: Connection, datasets: dict) -> None:
    view: dict[DatasetKey, dict] = {key: {} for key in datasets}
    for number, name, lumisection, oms, rr in connection.execute(
        text(
            "SELECT run_number, name, lumisection_number, oms_lumisection, rr_lumisection"
            ' FROM "AggregatedLumisection"'
        )
    ):
        view[number, name][lumisection] = (oms, rr)
    assert view == {
        key: {n: (each.oms[n], each.rr[n]) for n in each.taking_part}
        for key, each in datasets.items()
    }


# --- any sequence of actions ----------------------------------------------------------------------


class Shift:
    """Does one random thing after the other, as persons, the puller and the web service do."""

    def __init__(self, clients: list[Database], seed: int) -> None:
        self.clients = clients
        self.random = random.Random(seed)
        self.web = WebService(clients[0])
        self.lengths = dict.fromkeys(RUNS, 6)
        self.changed: dict[int, dict[int, dict]] = {number: {} for number in RUNS}
        self.stale: set[DatasetKey] = set()
        self.refusals: list[str] = []

    @property
    def db(self) -> Database:
        return self.random.choice(self.clients)

    def act(self) -> str:
        name, action = self.random.choice(
            [
                ("pull", self.pull),
                ("pull", self.pull),
                ("column", self.edit_columns),
                ("column", self.edit_columns),
                ("bit", self.edit_bits),
                ("attribute", self.edit_attribute),
                ("move", self.move),
                ("sign off", self.sign_off),
                ("refresh", self.refresh),
                ("significant", self.mark_significant),
                ("raw", self.append_anything),
                ("web column", self.web_column),
                ("web bit", self.web_bit),
                ("hide", self.hide),
            ]
        )
        number = self.random.choice(RUNS)
        try:
            action(number)
        except Refused as error:
            self.refusals.append(str(error))
            return f"{name} refused: {error}"
        if not name.startswith("web"):
            # An action brings up to date what it touched; a pull that changes nothing doesn't.
            self.stale -= {key for key in self.stale if self._is_written(key)}
        return name

    def _is_written(self, key: DatasetKey) -> bool:
        with self.clients[0].read() as connection:
            dataset = plain_datasets(connection)[key]
            expected = plain_summary(dataset)
            row = connection.execute(
                text(
                    'SELECT triplet_summary, dcs_summary, version FROM "DatasetTripletCache"'
                    " WHERE run_number = :run AND name = :name"
                ),
                {"run": key[0], "name": key[1]},
            ).one()
        expected_row = (expected["triplet_summary"], expected["dcs_summary"], dataset.version)
        return tuple(row) == expected_row

    def answer(self, number: int):
        return a_run(
            number,
            self.lengths[number],
            changed=self.changed[number],
            hlt_key=self.random.choice(["/cdaq/physics/x", "/cdaq/physics/x", "/cdaq/cosmics/y"]),
            end_time=self.random.choice(["2025-05-01T14:00:00Z", None]),
        )

    def pull(self, number: int) -> None:
        if self.random.random() < 0.4:
            self.lengths[number] += self.random.randint(1, 4)
        for _ in range(self.random.randint(0, 3)):
            lumisection = self.random.randint(1, self.lengths[number])
            bit = self.random.choice([*BITS, "physics_flag", "recorded"])
            values = [0.1, 0.2, None] if bit == "recorded" else [True, False, None]
            self.changed[number].setdefault(lumisection, {})[bit] = self.random.choice(values)
        pull.apply(Acting(self.db), self.answer(number))

    def ranges(self, number: int, *, count: int = 2) -> tuple[LumiRange, ...]:
        found = []
        for _ in range(self.random.randint(1, count)):
            first = self.random.randint(1, self.lengths[number])
            found.append(LumiRange(first, self.random.randint(first, self.lengths[number])))
        return tuple(found)

    def dataset(self, number: int) -> str:
        names = [name for run, name in self._known() if run == number]
        return self.random.choice(names or ["online"])

    def triplet(self) -> Triplet:
        return Triplet(
            self.random.choice(SETTABLE_STATUSES),
            self.random.choice(["tripped", "recovered für Strahl", "a-b"]),
            self.random.choice(["", "hv"]),
        )

    def edit_columns(self, number: int) -> None:
        wanted = []
        for _ in range(self.random.randint(1, 3)):
            name = self.dataset(number)
            column = self.random.choice(COLUMNS if name == "online" else OFFLINE_COLUMNS)
            wanted.append(ColumnEdit(number, name, column, self.ranges(number), self.triplet()))
        lumisections.edit_columns(Acting(self.db, EXPERT), wanted)

    def edit_bits(self, number: int) -> None:
        wanted = [
            BitEdit(
                number,
                self.dataset(number),
                self.random.choice(BITS),
                self.ranges(number),
                self.random.random() < 0.5,
            )
            for _ in range(self.random.randint(1, 2))
        ]
        lumisections.edit_bits(Acting(self.db, EXPERT), wanted, comment="seen on the monitor")

    def edit_attribute(self, number: int) -> None:
        name, value = self.random.choice(
            [
                ("class", "Cosmics25"),
                ("class", "Collisions25"),
                ("stop_reason", "magnet"),
                ("short_run", True),
            ]
        )
        runs.edit_attribute(Acting(self.db, EXPERT), number, name, value)

    def move(self, number: int) -> None:
        runs.move(
            Acting(self.db, EXPERT), number, self.random.choice(["OPEN", "SIGNOFF", "COMPLETED"])
        )

    def sign_off(self, number: int) -> None:
        """As a shifter: mends what has no status, moves the run, opens the new datasets."""
        everywhere = (LumiRange(1, self.lengths[number]),)
        good = [ColumnEdit(number, "online", c, everywhere, Triplet("GOOD")) for c in COLUMNS]
        lumisections.edit_columns(Acting(self.db, EXPERT), good)
        runs.move(Acting(self.db, EXPERT), number, "SIGNOFF")
        with begin(self.db, [number]) as action:
            opened = {f"{each}_state": "OPEN" for each in ("csc", "dt", "jetmet", "lumi")}
            names = [name for run, name in self._known() if run == number and name != "online"]
            changes = [DatasetChange(number, name, attributes=opened) for name in names]
            action.append(EXPERT.email, "opened", changes)
        if self.random.random() < 0.6:
            runs.move(Acting(self.db, EXPERT), number, "OPEN")

    def refresh(self, number: int) -> None:
        answer = self.random.choice([None, self.answer(number)])
        runs.refresh(Acting(self.db, EXPERT), number, answer, reset=self.random.random() < 0.3)

    def mark_significant(self, number: int) -> None:
        runs.mark_significant(Acting(self.db, EXPERT), number)

    def hide(self, number: int) -> None:
        hidden = self.random.random() < 0.3
        with begin(self.db, [number]) as action:
            if any(key == (number, PROMPT) for key in self._known()):
                change = DatasetChange(number, PROMPT, deleted=hidden, datasets_in_gui=("/x/y",))
                action.append(EXPERT.email, "hide or show", [change])

    def append_anything(self, number: int) -> None:
        """Several versions by several authors in one action, over scattered lumisections."""
        keys = [key for key in self._known() if key[0] == number]
        if not keys:
            return
        with begin(self.db, [number]) as action:
            for _ in range(self.random.randint(1, 3)):
                by = self.random.choice(["auto@auto", "auto@auto - x@y", "some@cern.ch"])
                changes: list = [RunChange(number, {"z": self.random.random()}, {"note": by})]
                for key in keys:
                    events = [
                        (
                            {self.random.choice(COLUMNS): self.triplet()},
                            self.ranges(number, count=3),
                        )
                        for _ in range(self.random.randint(0, 2))
                    ]
                    bits = [
                        (
                            {self.random.choice(BITS): self.random.choice([True, None, 1.5])},
                            self.ranges(number, count=3),
                        )
                        for _ in range(self.random.randint(0, 2))
                    ]
                    changes.append(LumisectionChange(*key, events))
                    changes.append(LumisectionChange(*key, bits, oms=True))
                action.append(by, "anything", changes)

    def _known(self) -> list[DatasetKey]:
        with self.clients[0].read() as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    text('SELECT run_number, name FROM "Dataset" ORDER BY 1, 2')
                )
            ]

    def _one_of(self, number: int) -> list[DatasetKey]:
        known = [key for key in self._known() if key[0] == number]
        return [self.random.choice(known)] if known else []

    def web_column(self, number: int) -> None:
        for key in self._one_of(number):
            first = self.random.randint(1, 6)
            by = self.random.choice(["auto@auto", "web@cern.ch"])
            column = self.random.choice(COLUMNS)
            self.web.edits_column(key, column, self.triplet(), first, first + 2, by=by)
            self.stale.add(key)

    def web_bit(self, number: int) -> None:
        for key in self._one_of(number):
            first = self.random.randint(1, 5)
            self.web.edits_bit(
                key, self.random.choice(BITS), value=False, first=first, last=first + 1
            )
            self.stale |= {other for other in self._known() if other[0] == key[0]}


@pytest.mark.parametrize("seed", range(5))
def test_that_after_any_sequence_of_actions_every_projection_is_the_plain_fold(
    configured: Database, deskless: Database, seed: int
):
    shift = Shift([configured, deskless], seed)
    done = []
    for number in RUNS[: seed % 3]:
        shift.pull(number)
    for _ in range(30):
        done.append(shift.act())
        try:
            check_folds(configured, stale=shift.stale)
        except AssertionError as error:
            error.add_note(f"after {done}")
            raise
    assert len(done) - len(shift.refusals) >= 5


# --- all or nothing -------------------------------------------------------------------------------


def contents(db: Database) -> dict[str, list]:
    with db.read() as connection:
        return {
            table: sorted(
                str(row)
                for row in connection.execute(
                    text(f"SELECT to_jsonb(t) FROM {table if '.' in table else _quoted(table)} t")
                )
            )
            for table in FULL_TABLES
        }


def _quoted(table: str) -> str:
    return f'"{table}"'


class Interrupted(Exception):
    """Stands for whatever can go wrong in the middle of an action."""


@pytest.mark.parametrize(
    "place", ["events.event_log.append", "events.projections.store", "events.projections.fold_runs"]
)
def test_that_an_action_that_fails_in_the_middle_leaves_nothing(
    configured: Database, monkeypatch: pytest.MonkeyPatch, place: str
):
    pull.apply(Acting(configured), a_run(390001, 8))
    everywhere = (LumiRange(1, 8),)
    good = [ColumnEdit(390001, "online", c, everywhere, Triplet("GOOD")) for c in COLUMNS]
    lumisections.edit_columns(Acting(configured, EXPERT), good)
    before = contents(configured)
    calls = []

    def fails_later(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        # The sign-off appends the move, then a version for each dataset.
        if not place.endswith("event_log.append") or len(calls) == 3:
            raise Interrupted
        return appends(*arguments, **named)

    appends = event_log.append
    monkeypatch.setattr(f"app.models.{place}", fails_later)
    with pytest.raises(Interrupted):
        runs.move(Acting(configured, EXPERT), 390001, "SIGNOFF")
    monkeypatch.undo()
    assert contents(configured) == before
    runs.move(Acting(configured, EXPERT), 390001, "SIGNOFF")
    check_folds(configured)


def test_that_an_edit_of_two_datasets_lands_nowhere_when_one_of_them_refuses(
    configured: Database,
):
    for number in RUNS:
        pull.apply(Acting(configured), a_run(number, 8))
    before = contents(configured)
    wanted = [
        ColumnEdit(390001, "online", "dt-dt", (LumiRange(1, 2),), Triplet("GOOD")),
        ColumnEdit(390002, "online", "dt-dt", (LumiRange(7, 9),), Triplet("GOOD")),
    ]
    with pytest.raises(Refused, match="LS 7-9 is outside run 390002: it has LS 1 to 8"):
        lumisections.edit_columns(Acting(configured, EXPERT), wanted)
    assert contents(configured) == before


# --- several versions in one action ---------------------------------------------------------------


def test_that_an_automatic_version_after_a_persons_in_one_action_stays_behind_it(
    configured: Database,
):
    key = (390001, "online")
    with begin(configured, [390001]) as action:
        action.is_new(key)
        action.append("auto@auto", "first", [RunChange(390001, {}, {}), DatasetChange(*key)])
        for by, status in (("x@y", "GOOD"), ("auto@auto", "BAD")):
            payload = {"dt-dt": Triplet(status)}
            change = LumisectionChange(*key, [(payload, (LumiRange(1, 3),))])
            action.append(by, "then", [change])
    check_folds(configured)


def test_that_one_event_covers_scattered_and_overlapping_ranges_once(configured: Database):
    pull.apply(Acting(configured), a_run(390001, 20))
    ranges = (LumiRange(8, 12), LumiRange(1, 2), LumiRange(10, 15), LumiRange(20, 20))
    with begin(configured, [390001]) as action:
        change = LumisectionChange(390001, "online", [({"dt-dt": Triplet("BAD", "abc")}, ranges)])
        version = action.append("x@y", "scattered", [change])
    with configured.read() as connection:
        covered = connection.execute(
            text(
                'SELECT lumisection_number FROM "LumisectionEventAssignation" a'
                ' JOIN "Event" e USING (version) WHERE atomic_version = :version ORDER BY 1'
            ),
            {"version": version},
        ).scalars()
        assert [*covered] == [1, 2, *range(8, 16), 20]
    check_folds(configured)


# --- two at once ----------------------------------------------------------------------------------


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Results of actions that start together, each in its own thread."""
    barrier = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(position: int, action: Callable[[], object]) -> None:
        barrier.wait()
        results[position] = action()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_that_two_writers_at_once_end_with_both_words(configured: Database, deskless: Database):
    pull.apply(Acting(configured), a_run(390001, 10))

    def edits(db: Database, column: str, statuses: list[str]) -> Callable[[], object]:
        def edit() -> object:
            for status in statuses:
                wanted = ColumnEdit(
                    390001, "online", column, (LumiRange(2, 9),), Triplet(status, "abc")
                )
                lumisections.edit_columns(Acting(db, EXPERT), [wanted])
            return True

        return edit

    statuses = ["GOOD", "BAD", "STANDBY", "NOTSET", "EXCLUDED"]
    bits = [True, False, True, False]

    def flips() -> object:
        for value in bits:
            edit = BitEdit(390001, "online", "bpix_ready", (LumiRange(1, 4),), value)
            lumisections.edit_bits(Acting(configured, EXPERT), [edit], comment="abc")
        return True

    def pulls() -> object:
        for length in range(11, 15):
            pull.apply(Acting(deskless), a_run(390001, length))
        return True

    assert (
        at_once(
            edits(configured, "dt-dt", statuses), edits(deskless, "csc-csc", statuses), flips, pulls
        )
        == [True] * 4
    )
    check_folds(configured)
    with configured.read() as connection:
        online = plain_datasets(connection)[390001, "online"]
    assert {
        (each["dt-dt"]["status"], each["csc-csc"]["status"])
        for each in (online.rr[n] for n in range(2, 10))
    } == {("EXCLUDED", "EXCLUDED")}
    assert len(online.oms) == 14


def test_that_the_same_run_created_by_two_at_once_is_created_once(
    configured: Database, deskless: Database
):
    outcomes = at_once(
        lambda: pull.apply(Acting(configured), a_run(390001, 10)).kind.value,
        lambda: pull.apply(Acting(deskless), a_run(390001, 10)).kind.value,
    )
    assert sorted(map(str, outcomes)) == ["created", "unchanged"]
    check_folds(configured)


def test_that_one_object_inserted_by_two_at_once_is_one_row(database: Database):
    objects = [{"a": number, "b": "ü"} for number in range(50)]
    found: list[list[int]] = []

    def insert(wanted: list) -> Callable[[], object]:
        def insert_them() -> object:
            with database.transaction() as connection:
                found.append(event_log.deduplicated(connection, event_log.texts_of(wanted)))
            return True

        return insert_them

    assert at_once(*(insert(objects) for _ in range(3)), insert(objects[::-1])) == [True] * 4
    with database.read() as connection:
        rows = connection.execute(
            text('SELECT count(*), count(DISTINCT unique_hash) FROM "JSONBDeduplication"')
        ).one()
    assert tuple(rows) == (50, 50)
    assert {tuple(sorted(each)) for each in found} == {tuple(sorted(found[0]))}


def test_that_a_second_writer_of_an_object_waits_for_the_first_and_uses_its_row(
    database: Database,
):
    started = threading.Event()
    ids: list[int] = []

    def second() -> None:
        started.set()
        with database.transaction() as connection:
            ids.extend(event_log.deduplicated(connection, ['{"a":1}']))

    with database.transaction() as connection:
        first = event_log.deduplicated(connection, ['{"a":1}'])
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        _until_somebody_waits(connection)
    thread.join()
    assert ids == first


GOOD_DT = '{"dt-dt":{"status":"GOOD","comment":"","cause":""}}'
BAD_DT = '{"dt-dt":{"status":"BAD","comment":"false","cause":""}}'


def _put(connection: Connection, content: str, hash_of: str) -> int:
    """A row that has the hash of `hash_of`, as anybody may insert it who may insert at all."""
    return connection.execute(
        text(
            'INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash)'
            " VALUES (CAST(:content AS jsonb), :hash) RETURNING id"
        ),
        {"content": content, "hash": text_hash(hash_of)},
    ).scalar_one()


def test_that_a_row_with_the_hash_of_something_else_is_refused_by_its_id(database: Database):
    with database.transaction() as connection:
        false = _put(connection, BAD_DT, GOOD_DT)
    with (
        pytest.raises(Refused, match=rf"The row {false} of JSONBDeduplication has the hash"),
        database.transaction() as connection,
    ):
        event_log.deduplicated(connection, ['{"a":1}', GOOD_DT])
    with database.transaction() as connection:
        assert connection.execute(text('SELECT id FROM "JSONBDeduplication"')).all() == [(false,)]
        (other,) = event_log.deduplicated(connection, [BAD_DT])
    assert other != false


def test_that_an_edit_never_says_what_somebody_else_put_behind_its_hash(configured: Database):
    pull.apply(Acting(configured), a_run(390001, 10))
    with configured.transaction() as connection:
        _put(connection, BAD_DT, '{"dt-dt":{"status":"STANDBY","comment":"","cause":""}}')
    before = contents(configured)
    with pytest.raises(Refused, match="db check --deep"):
        lumisections.edit_columns(
            Acting(configured, EXPERT),
            [ColumnEdit(390001, "online", "dt-dt", (LumiRange(2, 4),), Triplet("STANDBY"))],
        )
    assert contents(configured) == before


def test_that_a_row_of_others_with_the_same_content_is_used(database: Database):
    texts = ['{"a":1e+21,"b":0.5}', '{"dt-dt":{"status":"GOOD","comment":"ü","cause":""}}']
    with database.transaction() as connection:
        theirs = [
            _put(connection, f'{{"b": 5e-1, "a": 1{"0" * 21}.0}}', texts[0]),
            _put(
                connection, '{"dt-dt": {"cause": "", "comment": "ü", "status": "GOOD"}}', texts[1]
            ),
        ]
    with database.transaction() as connection:
        assert event_log.deduplicated(connection, texts) == theirs


def test_that_a_false_row_stored_at_the_same_moment_is_refused_too(database: Database):
    started = threading.Event()
    refused: list[Refused] = []

    def second() -> None:
        started.set()
        with pytest.raises(Refused) as said, database.transaction() as connection:
            event_log.deduplicated(connection, [GOOD_DT])
        refused.append(said.value)

    with database.transaction() as connection:
        false = _put(connection, BAD_DT, GOOD_DT)
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        _until_somebody_waits(connection)
    thread.join()
    assert f"The row {false} of" in str(refused[0])


def _until_somebody_waits(connection: Connection) -> None:
    """Returns as soon as another session waits for a lock of this one."""
    for _ in range(2000):
        waiting = connection.execute(
            text(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
        ).scalar_one()
        if waiting:
            return
        connection.execute(text("SELECT pg_sleep(0.005)"))
    pytest.fail("nobody waits for this transaction")


# --- beside the web service -----------------------------------------------------------------------


def test_that_an_event_of_the_web_service_is_seen_and_folded_in_by_our_next_write(
    configured: Database,
):
    key = (390001, "online")
    pull.apply(Acting(configured), a_run(390001, 10))
    web = WebService(configured)
    web.edits_column(key, "dt-dt", Triplet("STANDBY", "web"), 3, 5, by="web@cern.ch")
    web.edits_bit(key, "bpix_ready", value=False, first=1, last=2)
    with configured.read() as connection:
        assert states.fresh_compact(connection, [key]) == {}
    state = lumisections.dataset_state(Acting(configured), *key)
    assert state.rr.value("dt-dt", 4) == Triplet("STANDBY", "web")
    assert state.oms.value("bpix_ready", 2) is False
    edit = ColumnEdit(*key, "csc-csc", (LumiRange(1, 1),), Triplet("GOOD"))
    lumisections.edit_columns(Acting(configured, EXPERT), [edit])
    with configured.read() as connection:
        assert states.fresh_compact(connection, [key]).keys() == {key}
    check_folds(configured)


@pytest.mark.parametrize("oms", [False, True])
def test_that_what_the_web_service_is_storing_at_this_moment_is_not_lost(
    configured: Database, *, oms: bool
):
    """It knows none of our locks, and its event has an older number than ours."""
    key = (390001, "online")
    pull.apply(Acting(configured), a_run(390001, 10))
    outcome: list[object] = []
    payload: dict = {"bpix_ready": False} if oms else {"dt-dt": Triplet("STANDBY").as_json()}
    web = WebService(configured)
    with configured.transaction() as connection:
        web.store_event(connection, key, payload, 3, 5, by="web@cern.ch", oms=oms)
        thread = threading.Thread(
            target=lambda: outcome.append(pull.apply(Acting(configured), a_run(390001, 12)))
        )
        thread.start()
        _until_somebody_waits(connection)
        if not oms:
            web.bump(connection, key, by="web@cern.ch")
    thread.join()
    assert len(outcome) == 1
    check_folds(configured)


# --- as of a version ------------------------------------------------------------------------------


def test_that_a_state_read_as_of_a_version_is_the_state_that_was_read_then(
    configured: Database, deskless: Database
):
    shift = Shift([configured, deskless], 7)
    for number in RUNS:
        shift.pull(number)
        shift.sign_off(number)
    seen: dict[int, dict[DatasetKey, tuple]] = {}
    for _ in range(15):
        shift.act()
        with configured.read() as connection:
            version = connection.execute(text('SELECT max(atomic_version) FROM "Version"'))
            keys = list(plain_datasets(connection))
            loaded = states.load(connection, keys, desk=True)
            seen[version.scalar_one()] = {key: _shown(loaded[key].state) for key in keys}
    assert len(seen) >= 8
    for version, then in seen.items():
        with configured.read() as connection:
            loaded = states.load(connection, list(then), desk=True, as_of=version)
            small, _ = states.load_compact(connection, list(then), desk=True, as_of=version)
            plain = plain_datasets(connection, version)
        assert {key: _shown(each.state) for key, each in loaded.items()} == then
        assert {key: _shown(each.expand()) for key, (each, *_) in small.items()} == then
        for key, each in loaded.items():
            assert_same_state(each.state, plain[key])


def _shown(state) -> tuple:
    return rr_objects(state), oms_objects(state), state.participating.tolist()


@pytest.mark.parametrize(
    "payload",
    [
        {"dt-dt": Triplet("BAD", 'a "ü" b', "hv"), "csc-csc": Triplet("GOOD")},
        {"beam1_stable": True, "prescale_index": 1, "recorded": 1.0, "delivered": 1e-7, "x": None},
        {"10": True, "9": 1, "a": False},
        {},
    ],
)
def test_that_an_object_is_written_as_javascript_writes_it_in_one_order(
    payload: dict[str, object],
) -> None:
    (written,) = event_log.texts_of([payload])
    assert written == js_stringify(event_log.canonical(payload))
