"""Any sequence of actions, and the plain folds that every projection is compared with."""

import random

import pytest
from sqlalchemy import Connection, text

from app.domain.errors import Refused
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.models.database.engine import Database
from app.models.events import states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
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


def until_somebody_waits(connection: Connection) -> None:
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
