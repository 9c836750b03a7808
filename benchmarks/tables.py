"""Milliseconds per page of the tables, filtered and sorted: `python -m benchmarks.tables`."""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, insert

from app.domain import filters
from app.domain.json_value import JsonObject, JsonValue
from app.models.database.engine import Database
from app.models.embedded import EmbeddedServer
from app.models.schemas import shared_schema as schema
from app.models.schemas.tables import dataset, dataset_triplet_cache, run
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Sort, TableKind, TableQuery
from benchmarks import figures
from benchmarks.database import server

FIRST_RUN = 355000
PAGE = 50
ROUNDS = 15
COLUMNS = (
    *("castor-castor", "cms-cms", "csc-csc", "ctpps-ctpps", "dt-dt", "ecal-ecal", "ecal-es"),
    *("hcal-hcal", "hlt-hlt", "l1t-l1t", "l1t-l1tcalo", "l1t-l1tmu", "lumi-lumi", "rpc-rpc"),
    *("tracker-pixel", "tracker-strip", "gem-gem", "btag-btag", "dc-lowlumi", "egamma-egamma"),
    *("jetmet-jetmet", "muon-muon", "tau-tau", "tracker-track", "csc-timing"),
)
OFFLINE = (
    *("/Express/Collisions2022/DQM", "/PromptReco/Collisions2022/DQM"),
    *("/ReReco/Run2022_v1/DQM", "/ReReco/Run2022_v2/DQM"),
)
STATES = ("OPEN", "SIGNOFF", "COMPLETED", "waiting dqm gui")
WORKSPACES = (
    *("global", "btag", "csc", "dt", "ecal", "egamma", "hcal", "hlt", "jetmet", "l1t", "lumi"),
    *("muon", "rpc", "tracker"),
)

Queries = tuple[tuple[str, str, tuple[tuple[str, bool], ...]], ...]
RUN_QUERIES: Queries = (
    ("the newest", "", ()),
    ("class, sorted by duration", "class = Collisions22", (("ls_duration", True),)),
    ("the filter of the window", "class = Collisions22 and dt-dt.BAD > 0", ()),
    ("hlt_key, sorted by it", 'hlt_key ~ "%physics%"', (("hlt_key", False),)),
    ("any of three tables", "run = 355007 or dt-dt = BAD or energy > 6000", (("b_field", False),)),
    ("sorted by share of bad", "significant = true", (("tracker-pixel", True),)),
)
DATASET_QUERIES: Queries = (
    ("the newest", "", ()),
    ("name and state", "name ~ %Prompt% and dt_state = OPEN", (("name", False),)),
    ("class, sorted by duration", "class = Collisions22", (("ls_duration", True),)),
    ("status column", "tracker-pixel = BAD", ()),
    ("status column, rare", "tracker-pixel.BAD > 690", ()),
    ("status column, sorted by it", "tracker-pixel.GOOD >= 100", (("tracker-pixel", True),)),
    ("DCS bit", "hbhea_ready.FALSE > 0", ()),
    ("any of three tables", "run = 355007 or dt-dt.BAD > 600 or energy < 1", ()),
)


def fill(connection: Connection, runs: int, offline: int) -> None:
    """Puts `runs` runs, each with `online` and `offline` more datasets, into the projections."""
    chance = random.Random(runs)
    for first in range(0, runs, 500):
        numbers = range(FIRST_RUN + first, FIRST_RUN + min(first + 500, runs))
        keys = [(number, name) for number in numbers for name in ("online", *OFFLINE[:offline])]
        connection.execute(insert(run), [_run(number, chance) for number in numbers])
        connection.execute(insert(dataset), [_dataset(*key, chance) for key in keys])
        connection.execute(insert(dataset_triplet_cache), [_summary(*key, chance) for key in keys])


@figures.kept("tables")
def main() -> None:
    """Fills one database per size and prints the times of each query."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=int, default=[300, 2_500], help="sizes (300 2500)")
    given = parser.parse_args()
    with server() as running:
        for runs in given.runs:
            offline = 1 if runs < 1_000 else 4
            with _filled(running, runs, offline) as database:
                print(f"{runs} runs, {runs * offline} offline datasets, a page of {PAGE} rows")
                _measure(database, "runs", RUN_QUERIES)
                _measure(database, "datasets", DATASET_QUERIES)
                _print("words for completion", partial(tables.vocabulary, Acting(database)))


def _measure(database: Database, kind: TableKind, queries: Queries) -> None:
    for words, filter_text, sort in queries:
        order = tuple(Sort(filters.field_of(name), descending) for name, descending in sort)
        query = TableQuery(kind, filters.parse(filter_text), order, limit=PAGE)
        _print(f"{kind}: {words}", partial(tables.rows_at_once, Acting(database), query))


def _print(words: str, action: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    usual = statistics.median(times)
    told = f"first {times[0]:6.1f}  median {usual:6.1f}  best {min(times):6.1f} ms"
    print(f"  {words:42} {told}{figures.noted(words, usual)}")


@contextmanager
def _filled(running: EmbeddedServer, runs: int, offline: int) -> Iterator[Database]:
    name = f"tables_{runs}"
    owner = Database(running.dsn)
    with owner.raw_connection("benchmark") as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    owner.close()
    database = Database(running.dsn.replace("/run_registry?", f"/{name}?"))
    with database.transaction() as transaction:
        schema.create(transaction)
        fill(transaction, runs, offline)
    with database.raw_connection("benchmark") as connection:
        connection.execute("VACUUM ANALYZE")
    yield database
    database.close()


def _run(number: int, chance: random.Random) -> dict[str, object]:
    """A run with some eighty OMS attributes, as many as real ones have."""
    has_beam = chance.random() < 0.7
    kind = "physics" if has_beam else "cosmic"
    day = f"2022-{chance.randint(5, 11):02}-{chance.randint(1, 28):02}"
    oms: JsonObject = {f"{each.partition('-')[0]}_included": True for each in COLUMNS}
    oms.update({f"counter_{each}": chance.randint(0, 10**8) for each in range(25)})
    oms.update({f"rate_{each}": chance.random() * 1e5 for each in range(10)})
    oms.update(
        {
            "run_number": number,
            "energy": 6800 if has_beam else 0,
            "b_field": chance.choice([3.8, 3.801, 0.0, None]),
            "hlt_key": f"/cdaq/{kind}/Run2022/2e34/v1.{number % 7}.0/HLT/V{number % 5}",
            "l1_key": f"l1_trg_{kind}2022/v{number % 40}",
            "l1_menu": "L1Menu_Collisions2022_v1_3_0",
            "ls_duration": chance.randint(5, 2000),
            "start_time": f"{day}T10:00:00Z",
            "end_time": f"{day}T18:00:00Z",
            "last_update": f"{day}T18:05:00Z",
            "fill_number": 7000 + number % 900,
            "components": [each.partition("-")[0].upper() for each in COLUMNS[:18]],
            "injection_scheme": "25ns_2413b_2400_1836_1845_240bpi_12inj",
            "cmssw_version": "CMSSW_12_4_3",
            "clock_type": "LHC",
            "beams_present_and_stable": has_beam,
        }
    )
    rr: JsonObject = {
        "class": "Collisions22" if has_beam else "Cosmics22",
        "state": chance.choice(STATES[:3]),
        "significant": chance.random() < 0.8,
        "stop_reason": "",
    }
    projected = {"run_number": number, "oms_attributes": oms, "rr_attributes": rr}
    return {**projected, "version": number, "deleted": False}


def _dataset(number: int, name: str, chance: random.Random) -> dict[str, object]:
    is_online = name == "online"
    attributes: JsonObject = {f"{each}_state": chance.choice(STATES) for each in WORKSPACES}
    return {
        "run_number": number,
        "name": name,
        "dataset_attributes": {} if is_online else {**attributes, "appeared_in": []},
        "datasets_in_gui": [] if is_online else [f"/Cosmics/Run2022-v{number % 9}/DQMIO"],
        "deleted": False,
        "version": number,
    }


def _summary(number: int, name: str, chance: random.Random) -> dict[str, object]:
    """A summary of 700 lumisections in which one column of seven has bad ones."""
    columns: JsonObject = {}
    rr_ranges: JsonObject = {}
    for column in COLUMNS:
        bad = chance.randint(1, 700) if chance.random() < 0.15 else 0
        comments: list[JsonValue] = [f"HV trip of sector {number % 100}"] if bad else []
        cells: JsonObject = {"GOOD": 700 - bad, "EMPTY": 0, "comments": comments, "causes": []}
        columns[column] = {**cells, "BAD": bad} if bad else cells
        rr_ranges[column] = {"GOOD": [[bad + 1, 700]], "BAD": [[1, bad]], "EMPTY": []}
    bits: JsonObject = {}
    dcs_ranges: JsonObject = {}
    for bit in sorted(filters.BITS):
        false = chance.randint(1, 50) if chance.random() < 0.2 else 0
        bits[bit] = {"TRUE": 700 - false, "FALSE": false, "NULL": 0, "EMPTY": 0}
        dcs_ranges[bit] = {"TRUE": [[false + 1, 700]], "FALSE": [[1, false]], "NULL": []}
    return {
        "run_number": number,
        "name": name,
        "triplet_summary": columns,
        "dcs_summary": {**bits, "ls_duration": {"TRUE": 700}},
        "rr_ranges": rr_ranges,
        "dcs_ranges": dcs_ranges,
        "brilcalc_recorded_luminosity": chance.random() * 100,
        "brilcalc_delivered_luminosity": chance.random() * 110,
        "version": number,
    }


if __name__ == "__main__":
    main()
