"""A season as the web service writes it: rows of the shared tables alone, nothing of ours."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg

from app.domain.json_value import JsonObject, js_stringify, text_hash
from app.domain.sources.oms import DCS_BITS
from app.models.database.engine import Database
from app.models.statements import text

FIRST_RUN = 380_000
LENGTH = 700
OFFLINE = "/PromptReco/Collisions2025A/DQM"
COLUMNS = (
    *("csc-csc", "ctpps-ctpps", "dt-dt", "ecal-ecal", "ecal-es", "hcal-hcal", "hlt-hlt"),
    *("l1t-l1t", "l1t-l1tcalo", "l1t-l1tmu", "lumi-lumi", "rpc-rpc", "gem-gem"),
    *("tracker-pixel", "tracker-strip", "cms-cms"),
)
_TABLES = {
    "JSONBDeduplication": 'id, "jsonb", unique_hash',
    "Version": 'atomic_version, "by", comment, "createdAt"',
    "Event": "version, atomic_version",
    "RunEvent": "version, run_number, oms_metadata, rr_metadata, deleted, manual_change",
    "Run": "run_number, oms_attributes, rr_attributes, deleted, version",
    "DatasetEvent": "version, run_number, name, dataset_metadata, datasets_in_gui, deleted",
    "Dataset": "run_number, name, dataset_attributes, datasets_in_gui, deleted, version",
    "LumisectionEvent": "version, run_number, name, lumisection_metadata_id, manual_change",
    "LumisectionEventAssignation": "version, lumisection_number",
    "OMSLumisectionEvent": "version, run_number, name, lumisection_metadata_id",
    "OMSLumisectionEventAssignation": "version, lumisection_number",
}
_SEQUENCES = {"JSONBDeduplication": "id", "Version": "atomic_version", "Event": "version"}

Range = tuple[int, int]


@dataclass
class WebSeason:
    """Rows of one season, numbered from what the database holds."""

    atomic: int
    event: int
    payload: int
    rows: dict[str, list[tuple[object, ...]]] = field(
        default_factory=lambda: {table: [] for table in _TABLES}
    )
    _objects: dict[str, int] = field(default_factory=dict)

    def add_run(self, number: int, *, copied: bool) -> None:
        """A run signed off, with one offline dataset; `copied`: that has the luminosity, too."""
        chance = random.Random(number)
        oms: JsonObject = {"run_number": number, "energy": 6800, "b_field": 3.8}
        rr: JsonObject = {"class": "Collisions25", "state": "SIGNOFF", "significant": True}
        self._version("auto@auto", f"run {number} creation")
        version = self._event()
        contents = json.dumps(oms), json.dumps(rr)
        self.rows["RunEvent"].append((version, number, *contents, False, False))
        self.rows["Run"].append((number, *contents, False, version))
        flags = list(_flags(chance))
        measured: list[JsonObject] = [
            {"recorded": 0.31 + chance.random() / 50, "delivered": 0.34 + chance.random() / 50}
            for _ in range(LENGTH)
        ]
        states: dict[str, JsonObject] = {"online": {}, OFFLINE: {"global_state": "OPEN"}}
        for name, attributes in states.items():
            self._version("auto@auto", f"{name} of {number}")
            version = self._event()
            content = json.dumps(attributes)
            self.rows["DatasetEvent"].append((version, number, name, content, "[]", False))
            self.rows["Dataset"].append((number, name, content, "[]", False, version))
            for payload, of_payload in _statuses(chance):
                self._lumisections(number, name, payload, of_payload)
            if name == "online" or not copied:
                for payload, of_payload in flags:
                    self._lumisections(number, name, payload, of_payload, oms=True)
            if name == "online":
                for at, payload in enumerate(measured, start=1):
                    self._lumisections(number, name, payload, (at, at), oms=True)
            elif copied:
                for at, payload in enumerate(measured, start=1):
                    whole = {**_folded(flags, at), **payload}
                    self._lumisections(number, name, whole, (at, at), oms=True)

    def _lumisections(
        self, number: int, name: str, payload: JsonObject, covered: Range, *, oms: bool = False
    ) -> None:
        table = "OMSLumisectionEvent" if oms else "LumisectionEvent"
        version = self._event()
        row = (version, number, name, self._object_id(payload))
        self.rows[table].append(row if oms else (*row, False))
        self.rows[f"{table}Assignation"].extend(
            (version, at) for at in range(covered[0], covered[1] + 1)
        )

    def _version(self, by: str, comment: str) -> None:
        self.atomic += 1
        self.rows["Version"].append((self.atomic, by, comment, "2025-06-01T10:00:00Z"))

    def _event(self) -> int:
        self.event += 1
        self.rows["Event"].append((self.event, self.atomic))
        return self.event

    def _object_id(self, payload: JsonObject) -> int:
        content = js_stringify(payload)
        known = self._objects.get(content)
        if known is None:
            self.payload += 1
            known = self._objects[content] = self.payload
            row = (known, content, f"web-{self.payload}-{text_hash(content)[:12]}")
            self.rows["JSONBDeduplication"].append(row)
        return known


def build(db: Database, runs: int, *, first_run: int = FIRST_RUN, copied: bool = False) -> None:
    """Stores so many runs of 700 lumisections with straight inserts."""
    with db.raw_connection("season") as connection, connection.transaction():
        # What is stored fits together; checking each row would take most of the time.
        connection.execute("SET LOCAL session_replication_role = replica")
        for number in range(first_run, first_run + runs):
            if (number - first_run) % 50 == 0:
                season = WebSeason(
                    _greatest(connection, "Version"),
                    _greatest(connection, "Event"),
                    _greatest(connection, "JSONBDeduplication"),
                )
            season.add_run(number, copied=copied)
            if (number - first_run) % 50 == 49 or number == first_run + runs - 1:
                _store(connection, season.rows)
    with db.raw_connection("season") as connection:
        connection.execute("VACUUM ANALYZE")


def edit(db: Database, number: int, at: int) -> None:
    """The web service flips a bit of `online` in one lumisection."""
    with db.transaction() as connection:
        connection.execute(
            text(
                'WITH made AS (INSERT INTO "Version" ("by", comment, "createdAt")'
                " VALUES ('auto@auto', 'update', now()) RETURNING atomic_version), numbered AS ("
                ' INSERT INTO "Event" (atomic_version) SELECT atomic_version FROM made'
                ' RETURNING version), content AS (INSERT INTO "JSONBDeduplication"'
                " (\"jsonb\", unique_hash) SELECT '{\"dtm_ready\": false}', 'edit-' || version"
                ' FROM numbered RETURNING id), event AS (INSERT INTO "OMSLumisectionEvent"'
                " SELECT version, :run, 'online', id FROM numbered, content RETURNING version)"
                ' INSERT INTO "OMSLumisectionEventAssignation" SELECT version, :at FROM event'
            ),
            {"run": number, "at": at},
        )


def _greatest(connection: "psycopg.Connection[tuple[object, ...]]", table: str) -> int:
    found = connection.execute(
        f'SELECT coalesce(max({_SEQUENCES[table]}), 0) FROM "{table}"'.encode()
    ).fetchone()
    return int(str(found[0])) if found else 0


def _store(
    connection: "psycopg.Connection[tuple[object, ...]]",
    rows: dict[str, list[tuple[object, ...]]],
) -> None:
    for table, columns in _TABLES.items():
        with connection.cursor().copy(f'COPY "{table}" ({columns}) FROM STDIN'.encode()) as copy:
            for row in rows[table]:
                copy.write_row(row)
    for table, column in _SEQUENCES.items():
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), max({column}))"
            f' FROM "{table}"'.encode()
        )


def _flags(chance: random.Random) -> Iterator[tuple[JsonObject, Range]]:
    """The bits as a run begins, and eight trips of one bit."""
    bits = sorted(DCS_BITS)
    start: JsonObject = {bit: bit not in {"castor_ready", "zdc_ready"} for bit in bits}
    yield {**start, "prescale_index": 2, "prescale_name": "2p0E34"}, (1, LENGTH)
    for _ in range(8):
        first = chance.randint(1, LENGTH)
        yield {chance.choice(bits): False}, (first, min(LENGTH, first + chance.randint(1, 25)))


def _statuses(chance: random.Random) -> Iterator[tuple[JsonObject, Range]]:
    """All columns as classified, and nine ranges that somebody set."""

    def value(status: str, comment: str = "") -> JsonObject:
        return {"status": status, "comment": comment, "cause": ""}

    yield {column: value("GOOD") for column in COLUMNS}, (1, LENGTH)
    for _ in range(9):
        first = chance.randint(1, LENGTH)
        last = min(LENGTH, first + chance.randint(1, 60))
        yield {chance.choice(COLUMNS): value("BAD", "HV trip")}, (first, last)


def _folded(flags: Sequence[tuple[JsonObject, Range]], at: int) -> JsonObject:
    folded: JsonObject = {}
    for payload, (first, last) in flags:
        if first <= at <= last:
            folded |= payload
    return folded
