"""The folds of the event tables done the plain way, one dictionary per lumisection.

Nothing here uses the program's own folding: it is what the program is compared with.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.domain.keys import DatasetKey
from app.domain.state.grid import DatasetState, as_objects
from app.domain.triplets import Triplet
from app.models.database.engine import Database

EMPTY = {"status": "EMPTY", "comment": "", "cause": ""}
CUMULATIVE = {
    "end_lumi",
    "init_lumi",
    "recorded_lumi",
    "delivered_lumi",
    "live_lumi_per_lumi",
    "recorded_lumi_per_lumi",
    "delivered_lumi_per_lumi",
}


@dataclass
class PlainDataset:
    """Everything the events say of one dataset."""

    attributes: dict = field(default_factory=dict)
    in_gui: set = field(default_factory=set)
    deleted: bool = False
    version: int = 0
    rr: dict = field(default_factory=dict)
    oms: dict = field(default_factory=dict)
    own_oms: set = field(default_factory=set)

    @property
    def taking_part(self) -> list[int]:
        return sorted(self.rr.keys() & self.own_oms)


@dataclass
class PlainRun:
    """Everything the events say of one run."""

    oms: dict = field(default_factory=dict)
    rr: dict = field(default_factory=dict)
    deleted: bool = False
    version: int = 0


def plain_runs(connection: Connection, as_of: int = 2**31 - 1) -> dict[int, PlainRun]:
    rows = connection.execute(
        text(
            "SELECT version, run_number, oms_metadata, rr_metadata, deleted, manual_change"
            ' FROM "RunEvent" JOIN "Event" USING (version)'
            " WHERE atomic_version <= :as_of ORDER BY version"
        ),
        {"as_of": as_of},
    ).all()
    runs: dict[int, PlainRun] = defaultdict(PlainRun)
    for version, number, oms, _, deleted, _ in rows:
        run = runs[number]
        run.oms.update(oms)
        run.deleted, run.version = deleted, version
    for by_hand in (False, True):
        for _, number, _, rr, _, manual in rows:
            if manual is by_hand:
                runs[number].rr.update(rr)
    return dict(runs)


def plain_datasets(
    connection: Connection, as_of: int = 2**31 - 1
) -> dict[DatasetKey, PlainDataset]:
    datasets: dict[DatasetKey, PlainDataset] = defaultdict(PlainDataset)
    for version, number, name, attributes, gui, deleted in connection.execute(
        text(
            "SELECT version, run_number, name, dataset_metadata, datasets_in_gui, deleted"
            ' FROM "DatasetEvent" JOIN "Event" USING (version)'
            " WHERE atomic_version <= :as_of ORDER BY version"
        ),
        {"as_of": as_of},
    ):
        dataset = datasets[number, name]
        dataset.attributes.update(attributes)
        dataset.in_gui.update(gui)
        dataset.deleted, dataset.version = deleted, version
    rr = _lumisection_events(connection, "LumisectionEvent", "manual_change", as_of)
    for by_hand in (False, True):
        for key, manual, values, numbers in rr:
            if manual is by_hand:
                for number in numbers:
                    datasets[key].rr.setdefault(number, {}).update(values)
    oms = _lumisection_events(connection, "OMSLumisectionEvent", "false", as_of)
    for key, dataset in datasets.items():
        for (number, name), _, values, covered in oms:
            if (number, name) in {key, (key[0], "online")}:
                for lumisection in covered:
                    dataset.oms.setdefault(lumisection, {}).update(values)
            if (number, name) == key:
                dataset.own_oms.update(covered)
    return dict(datasets)


def _lumisection_events(connection: Connection, table: str, manual: str, as_of: int) -> list:
    rows = connection.execute(
        text(
            f'SELECT e.run_number, e.name, {manual}, j."jsonb", array_agg(a.lumisection_number)'
            f' FROM "{table}" e JOIN "Event" v USING (version)'
            ' JOIN "JSONBDeduplication" j ON j.id = e.lumisection_metadata_id'
            f' JOIN "{table}Assignation" a ON a.version = e.version'
            " WHERE v.atomic_version <= :as_of"
            ' GROUP BY e.version, 1, 2, 3, j."jsonb" ORDER BY e.version'
        ),
        {"as_of": as_of},
    )
    return [((run, name), manual, values, numbers) for run, name, manual, values, numbers in rows]


def plain_summary(dataset: PlainDataset) -> dict:
    """The content of a row of `DatasetTripletCache`, lumisection after lumisection."""
    taking_part = dataset.taking_part
    rr = {n: dataset.rr[n] for n in taking_part}
    oms = {n: dataset.oms[n] for n in taking_part}
    numbers = range(1, max(taking_part, default=0) + 1)
    columns = sorted({column for each in rr.values() for column in each})
    bits = sorted({bit for each in oms.values() for bit in each} - CUMULATIVE)
    triplets: dict = {}
    rr_ranges: dict = {}
    for column in columns:
        cells = [(n, rr.get(n, {}).get(column, EMPTY)) for n in numbers]
        found: dict = {"EMPTY": []}
        for number, cell in cells:
            found.setdefault(cell["status"], []).append(number)
        triplets[column] = {status: len(where) for status, where in found.items()}
        for part, name in (("comment", "comments"), ("cause", "causes")):
            triplets[column][name] = list(dict.fromkeys(c[part] for _, c in cells if c[part]))
        rr_ranges[column] = {status: plain_ranges(where) for status, where in found.items()}
    dcs: dict = {}
    dcs_ranges: dict = {}
    for bit in bits:
        known = {"TRUE": [], "FALSE": [], "NULL": [], "EMPTY": []}
        for number in numbers:
            if bit not in oms.get(number, {}):
                known["EMPTY"].append(number)
                continue
            value = oms[number][bit]
            for name, meant in (("TRUE", True), ("FALSE", False), ("NULL", None)):
                if value is meant:
                    known[name].append(number)
        dcs[bit] = {name: len(where) for name, where in known.items()}
        dcs_ranges[bit] = {name: plain_ranges(where) for name, where in known.items()}
    if numbers:
        dcs["ls_duration"] = {"TRUE": numbers[-1]}
        dcs_ranges["all_lumisections"] = {"TRUE": [[1, len(numbers)]]}
    return {
        "triplet_summary": triplets,
        "dcs_summary": dcs,
        "rr_ranges": rr_ranges,
        "dcs_ranges": dcs_ranges,
        "recorded": sum(_luminosity(each.get("recorded")) for each in oms.values()),
        "delivered": sum(_luminosity(each.get("delivered")) for each in oms.values()),
    }


def plain_ranges(numbers: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _luminosity(value: object) -> float:
    return max(0.0, value) if isinstance(value, int | float) and value is not True else 0.0


def rr_objects(state: DatasetState) -> dict[int, dict]:
    """Our state in the plain form."""
    return {
        number: {column: triplet.as_json() for column, triplet in each.items()}
        for number, each in _present(as_objects(state.rr)).items()
    }


def oms_objects(state: DatasetState) -> dict[int, dict]:
    """Our state in the plain form."""
    return _present(as_objects(state.oms))


def _present(objects: list) -> dict[int, dict]:
    return {number: each for number, each in enumerate(objects, start=1) if each is not None}


class WebService:
    """Another client of the same tables: its own statements, no desk, none of our locks."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def edits_column(
        self, key: DatasetKey, column: str, triplet: Triplet, first: int, last: int, *, by: str
    ) -> None:
        """An RR event and the empty event that bumps the dataset, as the web service stores it."""
        with self.db.transaction() as connection:
            self.store_event(connection, key, {column: triplet.as_json()}, first, last, by=by)
            self.bump(connection, key, by=by)

    def edits_bit(self, key: DatasetKey, bit: str, *, value: bool, first: int, last: int) -> None:
        """An OMS event without a bump: the web service forgets it in automatic updates."""
        with self.db.transaction() as connection:
            self.store_event(connection, key, {bit: value}, first, last, by="auto@auto", oms=True)

    def store_event(
        self,
        connection: Connection,
        key: DatasetKey,
        payload: dict,
        first: int,
        last: int,
        *,
        by: str,
        oms: bool = False,
    ) -> int:
        """One lumisection event in a version of its own; returns its event version."""
        version = self._new_event(connection, by)
        metadata = connection.execute(
            text(
                'INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash)'
                " VALUES (CAST(:json AS jsonb), :hash) RETURNING id"
            ),
            # Their key order isn't ours, so that it is another row than ours.
            {"json": json.dumps(payload), "hash": f"{hash((json.dumps(payload), version)):x}"},
        ).scalar_one()
        table, manual, value = (
            ("OMSLumisectionEvent", "", "")
            if oms
            else ("LumisectionEvent", ", manual_change", f", {not by.startswith('auto@auto')}")
        )
        connection.execute(
            text(
                f'INSERT INTO "{table}"'
                f" (version, run_number, name, lumisection_metadata_id{manual})"
                f" VALUES (:version, :run, :name, :id{value})"
            ),
            {"version": version, "run": key[0], "name": key[1], "id": metadata},
        )
        connection.execute(
            text(
                f'INSERT INTO "{table}Assignation" (version, lumisection_number)'
                " VALUES (:version, :number)"
            ),
            [{"version": version, "number": number} for number in range(first, last + 1)],
        )
        return version

    def bump(self, connection: Connection, key: DatasetKey, *, by: str) -> None:
        version = self._new_event(connection, by)
        names = {"version": version, "run": key[0], "name": key[1]}
        connection.execute(
            text(
                'INSERT INTO "DatasetEvent"'
                " (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)"
                " VALUES (:version, :run, :name, '{}', '[]', false)"
            ),
            names,
        )
        connection.execute(
            text(
                'UPDATE "Dataset" SET version = :version, deleted = false'
                " WHERE run_number = :run AND name = :name"
            ),
            names,
        )

    @staticmethod
    def _new_event(connection: Connection, by: str) -> int:
        return connection.execute(
            text(
                'WITH v AS (INSERT INTO "Version" ("by", comment, "createdAt")'
                " VALUES (:by, 'by the web service', now()) RETURNING atomic_version)"
                ' INSERT INTO "Event" (version, atomic_version)'
                """ SELECT nextval('"Event_version_seq"'), atomic_version FROM v"""
                " RETURNING version"
            ),
            {"by": by},
        ).scalar_one()
