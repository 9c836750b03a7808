"""What the guard costs, on two databases side by side: `python -m benchmarks.guard`.

Guarded is to be within 1.15 of unguarded. One database is a copy of the other, and the actions
alternate, so that a busy machine slows both.

A database that is guarded is a shared one. `--server /usr/lib/postgresql/15/bin` asks for such a
server: with the programs in that folder, pgcrypto if they have it, and TLS, as the page for
administrators has it. Without it the server is the bundled one, which has neither.
"""

import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import trustme

from app.domain.editing.edits import ColumnEdit
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.embedded.programs import BINARIES_VARIABLE
from app.models.guard import install, logins
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk, lumisections
from benchmarks import figures
from benchmarks.database import folder_argument, prepared, server
from benchmarks.editor import EXPERT, FIRST_RUN, build

LOGIN = "bench_expert"
_number = count(int(time.time()))


def guard(dsn: str) -> Database:
    """Guards a database and returns it as a person with all rights meets it."""
    with psycopg.connect(dsn, autocommit=True) as control:
        control.execute(f"CREATE ROLE {LOGIN} LOGIN PASSWORD 'p'".encode())
    administrator = Database(dsn)
    with administrator.transaction() as connection:
        install.install(connection, fresh=True)
        logins.add_person(connection, LOGIN, EXPERT.email, "")
        (egroup,) = EXPERT.egroups
        wanted = {egroup: {LOGIN}}
        changes = logins.plan_egroups(connection, wanted)
        logins.apply_egroups(connection, wanted, changes, "benchmark")
    administrator.close()
    scheme, _, rest = dsn.partition("://")
    database = Database(f"{scheme}://{LOGIN}:p@{rest.partition('@')[2]}")
    database.prepare()
    return database


@contextmanager
def shared_server(programs: Path) -> Iterator[str]:
    """The address, over TLS, of a server of these programs."""
    os.environ[BINARIES_VARIABLE] = str(programs)
    with server() as running, tempfile.TemporaryDirectory() as made:
        authority = trustme.CA()
        issued = authority.issue_cert("localhost")
        with psycopg.connect(running.dsn, autocommit=True) as control:
            (cluster,) = control.execute("SHOW data_directory").fetchone() or ("",)
            owner = Path(cluster).stat()
            for name, part in (
                ("certificate", issued.cert_chain_pems[0]),
                ("key", issued.private_key_pem),
            ):
                file = Path(cluster) / f"{name}.pem"
                part.write_to_path(file)
                file.chmod(0o600)
                shutil.chown(file, owner.st_uid, owner.st_gid)
            for setting, value in (
                ("ssl_cert_file", "certificate.pem"),
                ("ssl_key_file", "key.pem"),
                ("ssl", "on"),
            ):
                control.execute(f"ALTER SYSTEM SET {setting} = '{value}'".encode())
            control.execute("SELECT pg_reload_conf()")
        root = Path(made) / "authority.pem"
        authority.cert_pem.write_to_path(root)
        proved = f"sslmode=verify-full&sslrootcert={root}"
        yield running.dsn.replace("sslmode=disable", proved).replace("@127.0.0.1", "@localhost")


@contextmanager
def bundled_server(folder: Path | None) -> Iterator[str]:
    """The address of the server that the program brings."""
    with server(folder) as running:
        yield running.dsn


def edit(keys: Sequence[DatasetKey], last: int) -> Callable[[Database], object]:
    """One column of one dataset in LS 1 to `last`."""

    def act(db: Database) -> object:
        to = Triplet("BAD", f"edit {next(_number)}")
        wanted = ColumnEdit(*keys[0], "dt-dt", (LumiRange(1, last),), to)
        return lumisections.edit_columns(Acting(db, EXPERT), [wanted])

    return act


def bulk_edit(keys: Sequence[DatasetKey], columns: Sequence[str]) -> Callable[[Database], object]:
    """Columns of many datasets."""

    def act(db: Database) -> object:
        to = Triplet("BAD", f"edit {next(_number)}")
        ranges = (LumiRange(1, 100),)
        edits = [ColumnEdit(*key, name, ranges, to) for key in keys for name in columns]
        return bulk.write(Acting(db, EXPERT), edits)

    return act


def move_datasets(keys: Sequence[DatasetKey]) -> Callable[[Database], object]:
    """Datasets to SIGNOFF and back."""

    def act(db: Database) -> object:
        acting = Acting(db, EXPERT)
        datasets.move(acting, keys, "dt", "SIGNOFF")
        return datasets.move(acting, keys, "dt", "OPEN")

    return act


def move_run(db: Database) -> object:
    """A run to OPEN and to COMPLETED, whose datasets are all there already."""
    acting = Acting(db, EXPERT)
    runs.move(acting, FIRST_RUN, "OPEN")
    return runs.move(acting, FIRST_RUN, "COMPLETED")


def compared(
    label: str, act: Callable[[Database], object], both: tuple[Database, Database], times: int
) -> None:
    """Prints the medians of both, taken in turns, and their ratio; then that of the processor's
    time, ours and the server's, which a busy machine changes less."""
    taken: tuple[list[float], list[float]] = ([], [])
    worked: tuple[list[float], list[float]] = ([], [])
    for db in both:
        # Makes plans, fills caches, and opens the connections that are counted.
        act(db)
    processes = [_processes(db) for db in both]
    for _ in range(times):
        for db, own, each, work in zip(both, processes, taken, worked, strict=True):
            before = _processor_ms(own)
            start = time.perf_counter()
            act(db)
            each.append(1e3 * (time.perf_counter() - start))
            work.append(_processor_ms(own) - before)
    plain, guarded = map(statistics.median, taken)
    busy, busy_guarded = map(statistics.median, worked)
    behind = figures.noted(f"{label}: with the guard / without", guarded / plain)
    figures.noted(f"{label}, guarded", guarded)
    print(
        f"{label:<40}{plain:>8.1f} ms {guarded:>8.1f} ms  x{guarded / plain:.2f}"
        f"   processor {busy:>7.1f} ms {busy_guarded:>7.1f} ms  x{busy_guarded / busy:.2f}"
        f"  (1.15){behind}"
    )


def _processes(db: Database) -> tuple[int, ...]:
    """The server's processes for a database."""
    with db.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        ).scalars()
        return tuple(found)


def _processor_ms(processes: Sequence[int]) -> float:
    """Time that this program and these processes have run so far; this program alone where the
    system doesn't tell the others'."""
    spent = 1e3 * time.process_time()
    for process in processes:
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{process}/schedstat").read_text("ascii")
            spent += int(told.split()[0]) / 1e6
    return spent


@figures.kept("guard")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument(
        "--server", type=Path, help="programs of an installed server; then with TLS"
    )
    given = parser.parse_args()
    opened = shared_server(given.server) if given.server else bundled_server(given.folder)
    with opened as dsn:
        plain = prepared(dsn)
        keys = build(plain, given.runs)
        plain.close()
        with psycopg.connect(
            dsn.replace("/run_registry?", "/postgres?"), autocommit=True
        ) as control:
            control.execute("DROP DATABASE IF EXISTS guarded")
            control.execute("CREATE DATABASE guarded TEMPLATE run_registry")
        plain = prepared(dsn)
        both = (plain, guard(dsn.replace("/run_registry?", "/guarded?")))
        print(_said_of(both[0]))
        columns = ("dt-dt", "csc-csc", "rpc-rpc", "tracker-pixel", "ecal-ecal")
        compared("edit of 20 LS", edit(keys, 20), both, 81)
        compared("edit of 700 LS", edit(keys, 700), both, 81)
        many = f"{len(keys)} datasets"
        compared(f"bulk edit, {many}, 1 column", bulk_edit(keys, columns[:1]), both, 15)
        compared(f"bulk edit, {many}, 5 columns", bulk_edit(keys, columns), both, 15)
        compared("state of one dataset, there and back", move_datasets(keys[:1]), both, 61)
        compared(f"state of {many}, there and back", move_datasets(keys), both, 21)
        compared("state of a run, there and back", move_run, both, 61)
        for db in both:
            db.close()


def _said_of(db: Database) -> str:
    """What the server is, and how it is reached."""
    with db.read() as connection:
        version, encryption, available = connection.exec_driver_sql(
            "SELECT current_setting('server_version'), coalesce((SELECT version FROM pg_stat_ssl"
            " WHERE pid = pg_backend_pid() AND ssl), 'no TLS'), (SELECT count(*) FROM"
            " pg_available_extensions WHERE name = 'pgcrypto')"
        ).one()
    with_it = "with pgcrypto" if available else "without pgcrypto"
    return f"PostgreSQL {version}, {encryption}, {with_it}"


if __name__ == "__main__":
    main()
