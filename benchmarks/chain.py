"""From OMS to golden JSON on a season of 300 runs x 700 lumisections: `python -m benchmarks.chain`.

With `--events 5000000` the database first gets that many events of other runs, so that whatever
scans an event table shows.
"""

import gc
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, text

from app.domain.filters import field_of
from app.domain.filters import parse as parse_filter
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import DCS_BITS, OmsRun, oms_run
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import Sort, TableQuery
from app.services.acting import Acting
from app.services.certification import runs, tables
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from benchmarks import figures
from benchmarks.database import folder_argument, measured, prepared, server, show

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
FIRST_RUN = 390_100
RUNS = int(os.environ.get("BENCHMARK_RUNS", "300"))
LENGTH = 700
COMPONENTS: list[JsonValue] = [
    *("CSC", "CTPPS", "DAQ", "DCS", "DQM", "DT", "ECAL", "ES", "GEM", "HCAL", "HF", "PIXEL"),
    *("RPC", "SCAL", "TCDS", "TRACKER", "TRG", "BRIL", "LUMI"),
]


def answer(number: int, *, length: int = LENGTH, flipped: range = range(0)) -> OmsRun:
    """What OMS says of one run: bits that trip now and then, luminosity in every lumisection."""
    chance = random.Random(number)
    bits = sorted(DCS_BITS)
    trips = {}
    for _ in range(8):
        bit, start = chance.choice(bits), chance.randint(1, length)
        for at in range(start, min(length, start + chance.randint(1, 25)) + 1):
            trips[at, bit] = False
    for at in flipped:
        trips[at, "dtm_ready"] = False
    records: list[JsonObject] = []
    for at in range(1, length + 1):
        record: JsonObject = {"lumisection_number": at, "physics_flag": True}
        record |= {
            bit: trips.get((at, bit), bit not in {"castor_ready", "zdc_ready"}) for bit in bits
        }
        record |= {"prescale_index": 2, "prescale_name": "2p0E34"}
        record |= {
            "recorded": 0.31 + chance.random() / 50,
            "delivered": 0.34 + chance.random() / 50,
        }
        records.append(record)
    return oms_run(
        {
            "run_number": number,
            "hlt_key": "/cdaq/physics/Run2025/2e34/v1.2.0/HLT/V3",
            "l1_key": "l1_trg_collisions2025/v32",
            "l1_hlt_mode": "collisions2025",
            "energy": 6800,
            "b_field": 3.8,
            "start_time": "2025-06-01T10:00:00Z",
            "end_time": "2025-06-01T15:00:00Z",
            "last_update": "2025-06-01T15:10:00Z",
            "components": COMPONENTS,
            "tier0_transfer": True,
            "stable_beam": True,
            "fill_number": 10_500,
            "injection_scheme": "25ns_2460b_2448_2089_2227_144bpi_20inj",
            "clock_type": "LHC",
            "sequence": "GLOBAL-RUN",
            "hlt_physics_counter": 9_000_000,
            "l1_triggers_counter": 90_000_000,
            "hlt_physics_rate": 1500.0,
            "duration": 16_000,
            "ls_duration": length,
        },
        records,
    )


def build_season(db: Database) -> None:
    """300 runs created, signed off, offline datasets made; nothing when they are there."""
    with db.read() as connection:
        known = connection.execute(
            text('SELECT count(*) FROM "Run" WHERE run_number BETWEEN :first AND :last'),
            {"first": FIRST_RUN, "last": FIRST_RUN + RUNS - 1},
        ).scalar_one()
    start = time.perf_counter()
    for number in range(FIRST_RUN + known, FIRST_RUN + RUNS):
        pull.apply(Acting(db), answer(number))
        mend_and_sign_off(db, number)
    print(f"season of {RUNS} runs ready after {time.perf_counter() - start:.0f} s", file=sys.stderr)


def mend(db: Database, number: int) -> None:
    """Sets what the classifiers left open, as a shifter would."""
    state = lumisections.dataset_state(Acting(db), number, "online")
    edits = []
    for column in state.rr.keys:
        left_open = tuple(
            each
            for each, code in state.rr.runs(column)
            if (value := state.rr.values[code]) is None or value.status == "NO VALUE FOUND"
        )
        if left_open:
            given = Triplet("EXCLUDED", "not in this run")
            edits.append(lumisections.ColumnEdit(number, "online", column, left_open, given))
    if edits:
        lumisections.edit_columns(Acting(db, EXPERT), edits)


def mend_and_sign_off(db: Database, number: int) -> None:
    """Mends the run and signs it off, which makes its offline datasets."""
    mend(db, number)
    runs.move(Acting(db, EXPERT), number, "SIGNOFF")


def add_events(db: Database, wanted: int) -> None:
    """Events of runs that nobody looks at, until the database holds `wanted`."""
    with db.transaction() as connection:
        known = connection.execute(text('SELECT count(*) FROM "Event"')).scalar_one()
        missing = wanted - known
        if missing <= 0:
            return
        per_run = 1_000
        connection.execute(
            text(
                """
                WITH version AS (
                    INSERT INTO "Version" ("by", comment, "createdAt")
                    SELECT 'auto@auto', 'run ' || (200000 + n) || ' creation', now()
                    FROM generate_series(1, :runs) AS n RETURNING atomic_version
                ), numbered AS (
                    SELECT atomic_version, row_number() OVER () AS n FROM version
                ), run_event AS (
                    INSERT INTO "Event" (atomic_version)
                    SELECT atomic_version FROM numbered RETURNING version, atomic_version
                )
                INSERT INTO "RunEvent"
                    (version, run_number, oms_metadata, rr_metadata, deleted, manual_change)
                SELECT version, 200000 + n,
                    jsonb_build_object('run_number', 200000 + n, 'hlt_key', '/cdaq/cosmic/x',
                        'end_time', '2020-01-01T00:00:00Z', 'ls_duration', :per_run),
                    '{"class": "Cosmics20", "state": "COMPLETED", "significant": true}',
                    false, false
                FROM run_event JOIN numbered USING (atomic_version)
                """
            ),
            {"runs": missing // per_run, "per_run": per_run},
        )
        connection.execute(
            text(
                'INSERT INTO "Run" SELECT run_number, oms_metadata, rr_metadata, version, false'
                ' FROM "RunEvent" WHERE run_number BETWEEN 200001 AND 389999'
                " ON CONFLICT DO NOTHING"
            )
        )
        connection.execute(
            text(
                "INSERT INTO \"Dataset\" SELECT run_number, 'online', '{}', '[]', false, version"
                ' FROM "Run" WHERE run_number BETWEEN 200001 AND 389999 ON CONFLICT DO NOTHING'
            )
        )
        _add_summaries(connection)
        _add_lumisections(connection, per_run)
    with db.raw_connection("benchmark") as connection:
        connection.execute("ANALYZE")


def _add_summaries(connection: Connection) -> None:
    """As every other run has one: what is without is looked at by each page."""
    connection.execute(
        text(
            """
            INSERT INTO "DatasetTripletCache" (run_number, name, version, triplet_summary,
                dcs_summary, rr_ranges, dcs_ranges, brilcalc_recorded_luminosity,
                brilcalc_delivered_luminosity)
            SELECT run_number, name, version, '{"dt-dt": {"GOOD": 1000}}',
                '{"dtm_ready": {"TRUE": 1000}}', '{}', '{}', 0, 0
            FROM "Dataset" WHERE run_number BETWEEN 200001 AND 389999 ON CONFLICT DO NOTHING
            """
        )
    )


def _add_lumisections(connection: Connection, per_run: int) -> None:
    """An event of its own for each lumisection of those runs."""
    id_ = connection.execute(
        text(
            'INSERT INTO "JSONBDeduplication" (jsonb, unique_hash)'
            " VALUES ('{\"dtm_ready\": true}', 'benchmark') ON CONFLICT (unique_hash)"
            " DO UPDATE SET unique_hash = EXCLUDED.unique_hash RETURNING id"
        )
    ).scalar_one()
    connection.execute(
        text(
            """
            CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
            SELECT nextval('"Event_version_seq"')::int AS version, e.atomic_version,
                r.run_number, ls
            FROM "RunEvent" r JOIN "Event" e USING (version), generate_series(1, :per_run) ls
            WHERE r.run_number BETWEEN 200001 AND 389999
            """
        ),
        {"per_run": per_run},
    )
    for statement in (
        'INSERT INTO "Event" (version, atomic_version) SELECT version, atomic_version FROM fresh',
        'INSERT INTO "OMSLumisectionEvent"'
        " (version, run_number, name, lumisection_metadata_id)"
        f" SELECT version, run_number, 'online', {id_} FROM fresh",
        'INSERT INTO "OMSLumisectionEventAssignation" (version, lumisection_number)'
        " SELECT version, ls FROM fresh",
    ):
        connection.execute(text(statement))


def measure(db: Database) -> None:
    """Prints the figures of one client with the season at hand."""
    with db.read() as connection:
        newest_run = connection.execute(text('SELECT max(run_number) FROM "Run"')).scalar_one()
    number = int(newest_run) + 1
    name = golden_name(db)
    rule = configuration.shipped_rule("golden")
    other = configuration.shipped_rule("dcs-only")

    def generate(rule_: JsonValue) -> None:
        golden.generate(Acting(db, EXPERT), name, rule_)

    def from_nothing() -> None:
        golden.forget_seasons(Acting(db))
        generate(rule)

    gc.collect()
    measured(
        "golden JSON, anti, losses, stored (nothing in memory)",
        from_nothing,
        times=3,
        target="1500",
    )
    generate(rule)
    measured("the same again with another rule", lambda: generate(other), target="300")

    created, unchanged, flipped, signed = [], [], [], []
    small, large = [], []
    acting, expert = Acting(db), Acting(db, EXPERT)
    bad, good = Triplet("BAD", "high voltage"), Triplet("GOOD", "recovered")
    for each in range(number, number + 5):
        first, bits = answer(each), answer(each, flipped=range(300, 330))
        created.append(timed(partial(pull.apply, acting, first)))
        unchanged.append(timed(partial(pull.apply, acting, first)))
        flipped.append(timed(partial(pull.apply, acting, bits)))
        small.append(timed(partial(edit, db, each, LumiRange(31, 50), bad)))
        large.append(timed(partial(edit, db, each, LumiRange(1, LENGTH), good)))
        mend(db, each)
        signed.append(timed(partial(runs.move, expert, each, "SIGNOFF")))
    show("create a run of 700 LS with luminosity", created, "300")
    show("update: nothing changed", unchanged, "30")
    show("update: one bit flips in 30 LS", flipped, "60")
    show("edit 20 LS of one column", small, "20")
    show("edit 700 LS of one column", large, "40")
    show("sign off, offline datasets made and classified", signed, "500")
    words = tables.vocabulary(Acting(db))
    wanted = parse_filter("class = Collisions25 and (dt-dt.BAD > 0 or ls_duration > 10)", words)
    newest = (Sort(field_of("start_time"), descending=True),)
    for kind in ("runs", "datasets"):
        show_page = partial(tables.rows_at_once, Acting(db), TableQuery(kind, wanted, newest))
        measured(f"one page of 50 {kind}, filtered and sorted", show_page, times=20, target="15")
    how_many = partial(tables.number_of_rows, Acting(db), TableQuery("datasets", wanted, newest))
    measured("how many datasets there are beside such a page", how_many, times=20, target="15")
    measured(
        "lumisections of one dataset, folded",
        lambda: lumisections.dataset_state(Acting(db), FIRST_RUN + RUNS // 2, name),
        times=20,
        target="10",
    )


def golden_name(db: Database) -> str:
    """Name of one offline dataset that all runs have."""
    with db.read() as connection:
        return str(
            connection.execute(
                text(
                    "SELECT name FROM \"Dataset\" WHERE run_number = :run AND name <> 'online'"
                    " ORDER BY name DESC LIMIT 1"
                ),
                {"run": FIRST_RUN},
            ).scalar_one()
        )


def edit(db: Database, number: int, range_: LumiRange, triplet: Triplet) -> None:
    """One column of `online` edited."""
    wanted = lumisections.ColumnEdit(number, "online", "dt-dt", (range_,), triplet)
    lumisections.edit_columns(Acting(db, EXPERT), [wanted])


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - start)


def run(folder: Path | None, events: int) -> None:
    """Builds what is missing in the folder and prints every figure."""
    with server(folder) as running:
        db = prepared(running.dsn)
        try:
            build_season(db)
            print(f"{'what':<58}{'median':>10}     (range)  target [ms]")
            measure(db)
            if events:
                add_events(db, events)
                print(f"--- with {events} events; targets as above, within 1.5 times")
                measure(db)
        finally:
            db.close()


@figures.kept("chain")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--events", type=int, default=0, help="fill up to so many events first")
    given = parser.parse_args()
    run(given.folder, given.events)


if __name__ == "__main__":
    main()
