"""Makes the rows of `statements`, slice by slice, and leaves them as a server has them at rest."""

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, groupby
from operator import itemgetter
from typing import cast

import psycopg

from app.domain.sources.oms import DCS_BITS
from app.models.database.engine import Database
from app.models.recount import compared
from app.services import databases
from app.services.acting import Acting
from app.services.recount import recounting
from app.services.taking_in import Intake
from benchmarks.production import statements
from benchmarks.tables import COLUMNS, WORKSPACES

RUNS, LISTS, CONFIGURATIONS = 8_000, 20_000, 900
_SLICE, _BLOCK = 100, 5
_WORKERS = 2
_LARGE = (
    *("Event", "Version", "RunEvent", "DatasetEvent", "JSONBDeduplication", "LumisectionEvent"),
    *("LumisectionEventAssignation", "OMSLumisectionEvent", "OMSLumisectionEventAssignation"),
    *("Run", "Dataset", "DatasetTripletCache", "CycleDataset"),
)
_NUMBERED = {"JSONBDeduplication": "id", "Version": "atomic_version", "Event": "version"}
_LIST_OF = {
    "CCL_id": "ClassClassifier",
    "CPCL_id": "ComponentClassifier",
    "DAL_id": "DatasetsAccepted",
    "JCL_id": "JsonClassifier",
    "PL_id": "Permission",
}

Connection = psycopg.Connection[tuple[object, ...]]


def make(db: Database, share: float) -> None:
    """Makes `share` of ten years where the database is empty; says how long each step took.

    A database where that has been done is left as it is; one where it was interrupted has to be
    thrown away.
    """
    with db.raw_connection("production") as connection:
        if _is_made(connection, share):
            return
        values = _values(share)
        with _told("runs and datasets"):
            for statement in (statements.SKELETON, statements.OMS):
                _execute(connection, statement, values)
        values["all_ls"] = _number(connection, "SELECT sum(length) FROM made.run")
        with _told("what the rows refer to"):
            dropped = _drop_constraints(connection)
            _execute(connection, statements.PAYLOADS, values)
    with _told("events"):
        _make_slices(db, values)
    with db.raw_connection("production") as connection, _told("numbers"):
        for table, column in _NUMBERED.items():
            _execute(
                connection,
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'),"
                f' max({column})) FROM "{table}"',
                {},
            )
    with _told("keys and indexes"):
        _restore(db, dropped)
    values["all_events"] = _events(db)
    with db.raw_connection("production") as connection:
        with _told("cycles, lists, configuration"):
            _execute(connection, statements.CYCLES, values)
            _execute(connection, statements.LISTS, values)
            _configure(connection, max(1, round(CONFIGURATIONS * share)))
        with _told("statistics"):
            connection.execute("VACUUM ANALYZE")
    with _told("indexes of the log"):
        databases.add_indexes(db)
    with _told("read model, taken in from the events"):
        take_in(db)
    with _told("summaries, counted from the events"):
        count(db)
    with db.raw_connection("production") as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CREATE TABLE made.whole AS SELECT %s::float AS share", (share,))


def take_in(db: Database) -> None:
    """Folds every dataset once, as the puller does at its first contact."""
    intake = Intake(db)
    while intake.take_in().more:
        pass


def count(db: Database) -> None:
    """Makes the summaries, and looks whether everything made fits together."""
    with db.read() as connection:
        keys = compared.all_keys(connection)
    # Whole runs: two at one run would wait for each other.
    of_runs = [list(rows) for _, rows in groupby(keys, key=itemgetter(0))]
    blocks = [
        list(chain.from_iterable(of_runs[at : at + _BLOCK]))
        for at in range(0, len(of_runs), _BLOCK)
    ]
    acting = Acting(db)
    with ThreadPoolExecutor(_WORKERS) as pool:
        counted = pool.map(
            lambda block: recounting.recount(acting, block, by="benchmark", patient=True), blocks
        )
        for at, done in enumerate(counted, start=1):
            sys.stderr.write(f"\r{at * _BLOCK} of {len(of_runs)} runs ")
            if wrong := [*done.failed, *(each.text for each in done.findings)]:
                sys.exit(f"What was made doesn't fit together: {wrong[0]}")


def _values(share: float) -> dict[str, object]:
    bits = sorted(DCS_BITS)
    return {
        "runs": max(100, round(RUNS * share)),
        "lists": max(100, round(LISTS * share)),
        "bits": len(bits),
        "bit_names": bits,
        "start": json.dumps({bit: bit not in {"castor_ready", "zdc_ready"} for bit in bits}),
        "columns": list(COLUMNS),
        "workspaces": list(WORKSPACES),
    }


def _is_made(connection: Connection, share: float) -> bool:
    if _number(connection, "SELECT (to_regclass('made.run') IS NOT NULL)::int") == 0:
        return False
    if _number(connection, "SELECT (to_regclass('made.whole') IS NOT NULL)::int") == 0:
        sys.exit("The making of this database was interrupted. Delete its folder and start again.")
    found = connection.execute("SELECT share FROM made.whole").fetchone()
    if found is None or found[0] != share:
        sys.exit(f"This folder holds {found and found[0]} of ten years, not {share}. Name another.")
    return True


def _make_slices(db: Database, values: dict[str, object]) -> None:
    runs = int(str(values["runs"]))
    starts = range(1, runs + 1, _SLICE)
    done = 0
    told = threading.Lock()

    def make_slice(low: int) -> None:
        nonlocal done
        high = min(runs, low + _SLICE - 1)
        with db.raw_connection("production") as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("SET LOCAL synchronous_commit = off")
            for statement in statements.SLICE:
                _execute(connection, statement, {**values, "low": low, "high": high})
        with told:
            done += high - low + 1
            sys.stderr.write(f"\r{done} of {runs} runs ")

    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(make_slice, starts))


def _drop_constraints(connection: Connection) -> list[tuple[str, str, str]]:
    """Takes away what would be looked up for each row; its table, its kind and how to make it."""
    found = connection.execute(
        """
        SELECT conrelid::regclass::text, contype::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid = ANY(%(tables)s::regclass[])
            OR confrelid = ANY(%(tables)s::regclass[])
        """,
        {"tables": [f'"{name}"' for name in _LARGE]},
    ).fetchall()
    kept = [cast("tuple[str, str, str, str]", row) for row in found if str(row[1]) in "pfu"]
    indexes = connection.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indrelid::regclass::text
        FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[])
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        """,
        {"tables": [f'"{name}"' for name in _LARGE]},
    ).fetchall()
    for table, _, name, _ in sorted(kept, key=lambda row: "fup".index(row[1])):
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    for index, _, _ in indexes:
        connection.execute(f"DROP INDEX {index}".encode())
    made = [
        (table, kind, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table, kind, name, definition in kept
    ]
    return made + [(str(table), "i", str(how)) for _, how, table in indexes]


def _restore(db: Database, dropped: Sequence[tuple[str, str, str]]) -> None:
    """Makes them again: keys first, then indexes, then references."""

    def build(how: str) -> None:
        with db.raw_connection("production") as connection:
            connection.execute("SET maintenance_work_mem = '1GB'")
            connection.execute("SET max_parallel_maintenance_workers = 1")
            connection.execute(how.encode())

    for kinds in ("pu", "i"):
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(build, [how for _, kind, how in dropped if kind in kinds]))
    for _, kind, how in dropped:
        if kind == "f":
            build(how)


def _events(db: Database) -> int:
    with db.raw_connection("production") as connection:
        return _number(connection, 'SELECT max(version) FROM "Event"')


def _configure(connection: Connection, versions: int) -> None:
    """So many versions of the configuration, each with one list that lost and got an entry."""
    for at in range(versions):
        column, items = list(_LIST_OF.items())[at % len(_LIST_OF)]
        connection.execute(
            f"""
            WITH newest AS (SELECT * FROM "Settings" ORDER BY id DESC LIMIT 1),
            made AS (INSERT INTO "{items}List" DEFAULT VALUES RETURNING id),
            filled AS (
                INSERT INTO "{items}Entries" (id, "{column}")
                SELECT entry.id, made.id FROM "{items}Entries" AS entry, made, newest
                WHERE entry."{column}" = newest."{column}" ORDER BY entry.id DESC
            )
            INSERT INTO "Settings" (metadata, "createdAt", "CCL_id", "CPCL_id", "DCL_id", "DAL_id",
                "JCL_id", "ODCL_id", "PL_id")
            SELECT jsonb_build_object('by', 'person' || {at % 200} || '@cern.ch', 'comment',
                'change {at} of {items}'), timestamptz '2016-01-01T00:00Z' + {at} * interval '4 d',
                {
                ", ".join(
                    "made.id" if each == column else f'newest."{each}"'
                    for each in (
                        "CCL_id",
                        "CPCL_id",
                        "DCL_id",
                        "DAL_id",
                        "JCL_id",
                        "ODCL_id",
                        "PL_id",
                    )
                )
            }
            FROM newest, made
            """.encode()
        )


def _execute(connection: Connection, statement: str, values: dict[str, object]) -> None:
    """Runs it with `:name` for the values: series of numbers are made of literals alone."""
    for name in sorted(values, key=len, reverse=True):
        literal = psycopg.sql.Literal(values[name]).as_string(connection)
        if isinstance(values[name], list):
            literal += "::text[]"
        statement = statement.replace(f":{name}", literal)
    connection.execute(statement.encode())


def _number(connection: Connection, statement: str) -> int:
    found = connection.execute(statement.encode()).fetchone()
    return int(str(found[0])) if found else 0


@contextmanager
def _told(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    sys.stderr.write(f"\r{what}: {time.perf_counter() - begun:.0f} s\n")
