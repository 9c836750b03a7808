"""Makes the rows of `statements`, slice by slice, and leaves them as a server has them at rest."""

import json
import sys
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import cast

import psycopg

from app.domain.keys import RowKey
from app.domain.recount.status import Recounted
from app.domain.sources.oms import DCS_BITS
from app.models.database.engine import Database
from app.services import examining
from app.services.acting import Acting
from app.services.recount import recounting
from app.services.taking_in import Intake
from benchmarks.production import statements
from benchmarks.tables import COLUMNS, WORKSPACES

RUNS, LISTS, CONFIGURATIONS = 8_000, 20_000, 900
_SLICE, _BLOCK = 100, 5
_EVERYTHING, _ALWAYS_S = 10_000_000, 1e9
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


def make(db: Database, dsn: str, share: float) -> None:
    """Makes `share` of ten years where the database is empty; says how long each step took.

    A database where that has been done is left as it is; where it was interrupted it goes on.
    """
    making = _Making(db, dsn, _values(share))
    with making.connection() as connection:
        _check_share(connection, share)
        if _is_done(connection, "everything"):
            return
    making.step("runs and datasets", making.skeleton)
    making.step("what the rows refer to", making.payloads)
    making.step("events", making.events)
    making.step("numbers", making.numbers)
    making.step("keys and indexes", making.keys)
    making.step("cycles, lists, configuration", making.lists)
    making.step("statistics", making.vacuum)
    making.step("indexes of the log", lambda: examining.add_indexes(db))
    making.step("read model, taken in from the events", lambda: take_in(db))
    making.step("summaries, counted from the events", lambda: count(db))
    making.step("everything", making.vacuum)


class _Making:
    """The steps. What takes hours has connections that wait for the server however long it takes,
    unlike those of the program."""

    def __init__(self, db: Database, dsn: str, values: dict[str, object]) -> None:
        self._db = db
        self._dsn = dsn
        self._values = values

    def connection(self) -> Connection:
        """A connection in autocommit, without the program's patience."""
        return psycopg.connect(self._dsn, autocommit=True)

    def step(self, what: str, action: Callable[[], object]) -> None:
        """Takes it where nobody has, and says how long it took."""
        with self.connection() as connection:
            if _is_done(connection, what):
                return
        begun = time.perf_counter()
        action()
        with self.connection() as connection:
            connection.execute("INSERT INTO made.done VALUES (%s) ON CONFLICT DO NOTHING", (what,))
        sys.stderr.write(f"\r{what}: {time.perf_counter() - begun:.0f} s\n")

    def skeleton(self) -> None:
        """What everything else follows from; with what was made of it before nothing begins."""
        with self.connection() as connection, connection.transaction():
            for statement in (statements.SKELETON, statements.OMS):
                _execute(connection, statement, self._values)

    def payloads(self) -> None:
        """Takes away what would be looked up for each row, and remembers how to make it again."""
        with self.connection() as connection, connection.transaction():
            _drop_constraints(connection)
            _execute(connection, statements.PAYLOADS, self._values)

    def events(self) -> None:
        """Slice after slice, two at a time."""
        runs = int(str(self._values["runs"]))
        with self.connection() as connection:
            known = {int(str(low)) for (low,) in connection.execute("SELECT low FROM made.slice")}
            all_ls = _number(connection, "SELECT sum(length) FROM made.run")
        values, done, told = {**self._values, "all_ls": all_ls}, 0, threading.Lock()

        def make_slice(low: int) -> None:
            nonlocal done
            high = min(runs, low + _SLICE - 1)
            if low not in known:
                with self.connection() as connection, connection.transaction():
                    connection.execute("SET LOCAL session_replication_role = replica")
                    connection.execute("SET LOCAL synchronous_commit = off")
                    for statement in statements.SLICE:
                        _execute(connection, statement, {**values, "low": low, "high": high})
                    connection.execute("INSERT INTO made.slice VALUES (%s)", (low,))
            with told:
                done += high - low + 1
                sys.stderr.write(f"\r{done} of {runs} runs ")

        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(make_slice, range(1, runs + 1, _SLICE)))
        with self.connection() as connection:
            # No trigger saw these rows, so what triggers keep is made as on an older database.
            connection.execute(f"UPDATE desk.counting SET below_run = {2**31 - 1}")

    def numbers(self) -> None:
        """So that new rows follow those that were made."""
        with self.connection() as connection:
            for table, column in _NUMBERED.items():
                _execute(
                    connection,
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'),"
                    f' max({column})) FROM "{table}"',
                    {},
                )

    def keys(self) -> None:
        """Makes again what was taken away: keys first, then indexes, then references."""
        for kinds, workers in (("pu", _WORKERS), ("i", _WORKERS), ("f", 1)):
            with self.connection() as connection:
                found = connection.execute(
                    "SELECT how FROM made.dropped WHERE kind = ANY(%s)", (list(kinds),)
                ).fetchall()
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(self._build, [str(how) for (how,) in found]))

    def _build(self, how: str) -> None:
        with self.connection() as connection, connection.transaction():
            connection.execute("SET LOCAL maintenance_work_mem = '1GB'")
            connection.execute("SET LOCAL max_parallel_maintenance_workers = 1")
            connection.execute(how.encode())
            connection.execute("DELETE FROM made.dropped WHERE how = %s", (how,))

    def lists(self) -> None:
        """Cycles, golden JSONs and versions of the configuration."""
        with self.connection() as connection, connection.transaction():
            events = _number(connection, 'SELECT max(version) FROM "Event"')
            values = {**self._values, "all_events": events}
            _execute(connection, statements.CYCLES, values)
            _execute(connection, statements.LISTS, values)
            _configure(connection, int(str(values["configurations"])))

    def vacuum(self) -> None:
        """As a server at rest has it."""
        with self.connection() as connection:
            connection.execute("VACUUM ANALYZE")


def take_in(db: Database) -> None:
    """Folds every dataset once, as the puller does at its first contact."""
    intake = Intake(db, partial(_count, Acting(db)))
    while intake.take_in().more:
        pass


def count(db: Database) -> None:
    """Makes the summaries that are missing, and looks whether everything made fits together."""
    acting = Acting(db)
    keys = sorted(recounting.due(acting, _EVERYTHING, round_s=_ALWAYS_S), reverse=True)
    # Whole runs: two at one run would wait for each other.
    of_runs = [list(rows) for _, rows in groupby(keys, key=itemgetter(0))]
    blocks = [
        list(chain.from_iterable(of_runs[at : at + _BLOCK]))
        for at in range(0, len(of_runs), _BLOCK)
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        for at, _ in enumerate(pool.map(partial(_count, acting), blocks), start=1):
            sys.stderr.write(f"\r{at * _BLOCK} of {len(of_runs)} runs ")


def _count(acting: Acting, keys: Collection[RowKey]) -> Recounted:
    """Counts these rows; ends where something doesn't fit together."""
    done = recounting.recount(acting, keys, by="benchmark", patient=True)
    if wrong := [*done.failed, *(each.text for each in done.findings)]:
        sys.exit(f"What was made doesn't fit together: {wrong[0]}")
    return done


def _values(share: float) -> dict[str, object]:
    bits = sorted(DCS_BITS)
    return {
        "runs": max(100, round(RUNS * share)),
        "lists": max(100, round(LISTS * share)),
        "configurations": max(1, round(CONFIGURATIONS * share)),
        "bits": len(bits),
        "bit_names": bits,
        "start": json.dumps({bit: bit not in {"castor_ready", "zdc_ready"} for bit in bits}),
        "columns": list(COLUMNS),
        "workspaces": list(WORKSPACES),
    }


def _is_done(connection: Connection, step: str) -> bool:
    return connection.execute("SELECT FROM made.done WHERE step = %s", (step,)).rowcount == 1


def _check_share(connection: Connection, share: float) -> None:
    """Ends where the folder holds another share; notes which share it will hold."""
    connection.execute(
        """
        CREATE SCHEMA IF NOT EXISTS made;
        CREATE TABLE IF NOT EXISTS made.whole (share float);
        CREATE TABLE IF NOT EXISTS made.done (step text PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS made.slice (low int PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS made.dropped (kind text, how text PRIMARY KEY);
        """
    )
    found = connection.execute("SELECT share FROM made.whole").fetchone()
    if found is None:
        connection.execute("INSERT INTO made.whole VALUES (%s)", (share,))
    elif found[0] != share:
        sys.exit(f"This folder holds {found[0]} of ten years, not {share}. Name another.")


def _drop_constraints(connection: Connection) -> None:
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
        (kind, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table, kind, name, definition in kept
    ]
    made += [("i", str(how)) for _, how, _ in indexes]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO made.dropped VALUES (%s, %s)", made)


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
