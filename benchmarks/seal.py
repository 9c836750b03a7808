"""Sealing and verifying a long history: `python -m benchmarks.seal`.

`--versions 1000000` says how many are made first; `--folder` keeps the database for the next time.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.models.database.engine import Database
from app.models.seal import trees
from app.models.statements import text
from app.services.acting import Acting
from app.services.seal import keys, proofs
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import verify
from benchmarks import figures
from benchmarks.database import folder_argument, measured, prepared, server
from benchmarks.log import add_versions

_NEW = 1_000
"""Versions of 10 s at 100 a second."""
_LONG = 3_000
"""Lumisections of a long run, all in one event."""


def once(label: str, action: Callable[[], object], target: str = "") -> float:
    """Prints how long something took [s], and how much of that this process computed."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    taken, computed = time.perf_counter() - wall, time.process_time() - cpu
    told = f"{taken:8.1f} s, {computed:6.1f} s of it here   {target}"
    print(f"{label:<52} {told}{figures.noted(f'{label} [s]', taken)}", flush=True)
    return taken


def seal_all(sealer: Sealer) -> None:
    """Seals everything as fast as it goes."""
    while sealer.seal_new().more:
        pass
    sealer.seal_new()
    while sealer.seal_old().more:
        pass


def add_new(db: Database, count: int, lumisections: int = 3) -> None:
    """Versions as a busy minute makes them: an event, and some lumisections of it."""
    with db.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                'WITH made AS (INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'shifter@cern.ch', 'HV trip', now() FROM generate_series(1, :count)"
                " RETURNING atomic_version), events AS ("
                ' INSERT INTO "Event" (atomic_version) SELECT atomic_version FROM made'
                ' RETURNING version), contents AS (INSERT INTO "LumisectionEvent"'
                " SELECT version, 300000, 'online', 1, true FROM events RETURNING version)"
                ' INSERT INTO "LumisectionEventAssignation"'
                " SELECT version, number FROM contents, generate_series(1, :lumisections) AS number"
            ),
            {"count": count, "lumisections": lumisections},
        )


def alter(db: Database, version: int) -> None:
    """One letter of one comment, as an administrator can."""
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE \"Version\" SET comment = comment || '.' WHERE atomic_version = :version"),
            {"version": version},
        )


def measure(db: Database, versions: int, key_folder: Path) -> None:
    """Prints the figures."""
    acting = Acting(db)
    signer = keys.load(keys.make(key_folder / "seal.key", name="benchmark").file)
    sealer = Sealer(db, "benchmark", signer, settled_s=0.0)
    load = os.getloadavg()[0]
    print(f"{versions} versions with two events each; load of this machine {load:.1f}")
    taken = once("sealing all of it", lambda: seal_all(sealer))
    print(f"{versions / taken:.0f} versions a second")
    add_new(db, _NEW)
    measured(f"sealing {_NEW} new versions", sealer.seal_new, times=1, target="10 s")
    measured("a turn with nothing new", sealer.seal_new, target="")
    add_new(db, _NEW, _LONG)
    measured(f"sealing {_NEW} versions of {_LONG} lumisections", sealer.seal_new, times=1)
    with db.read() as connection:
        size = trees.size(connection)
        measured("a root", lambda: trees.root(connection, size - 1))
    measured("a proof", lambda: proofs.prove(acting, versions // 2))
    reports = []
    once("verifying all of it", lambda: reports.append(verify(acting)), "60 s for 1,000,000")
    print(reports[-1].summary)
    alter(db, versions // 3)
    once("verifying with one altered letter", lambda: reports.append(verify(acting)))
    print(reports[-1].summary)
    with db.read() as connection:
        for table in ("leaf", "node", "checkpoint"):
            size = connection.execute(
                text("SELECT pg_total_relation_size(to_regclass(:table))"),
                {"table": f"seal.{table}"},
            ).scalar_one()
            print(f"seal.{table}: {size / 2**20:.0f} MB, {size / versions:.0f} bytes a version")


@figures.kept("seal")
def main() -> None:
    """Makes the database and measures."""
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--versions", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with server(arguments.folder) as running, tempfile.TemporaryDirectory() as key_folder:
        db = prepared(running.dsn)
        add_versions(db, arguments.versions)
        measure(db, arguments.versions, Path(key_folder))
        db.close()


if __name__ == "__main__":
    main()
