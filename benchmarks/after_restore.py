"""How long what is derived takes to be made again, as after a restore that left `desk` out:
`python -m benchmarks.after_restore`.

A puller with nothing else to do, without its rests; the last line says what 50 million events
would take at that pace, with the rests that leave the server to people.
"""

import time

from sqlalchemy import text

from app.domain.recount.status import Recounted
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.recount import recounting
from app.services.recount.background import REST_ALONE
from app.services.taking_in import Intake
from benchmarks.database import folder_argument, prepared, server
from benchmarks.editor import EXPERT, build

_MANY = 50_000_000


def measure(db: Database) -> None:
    """Prints the figures."""
    with db.transaction() as connection:
        events = int(connection.execute(text('SELECT count(*) FROM "Event"')).scalar_one())
        connection.execute(text("DROP SCHEMA desk CASCADE"))
    start = time.perf_counter()
    db.prepare(upgrade=True)
    print(f"the schema is there after {time.perf_counter() - start:.1f} s")
    intake = Intake(db)
    start = time.perf_counter()
    while intake.take_in().more:
        pass
    taken_in = time.perf_counter() - start
    start = time.perf_counter()
    datasets = recounting.standing(Acting(db)).datasets
    done = Recounted()
    while done.rows < 3 * datasets:
        done += recounting.recount_step(Acting(db, EXPERT), round_s=0.0)
    counted = time.perf_counter() - start
    print(f"{events} events of {datasets} datasets: read model {taken_in:.1f} s,", end=" ")
    print(f"counted again {counted:.1f} s")
    # Half of the time the reading in rests, and the counting as it does when nobody writes.
    resting = 2 * taken_in + (1 + REST_ALONE) * counted
    print(f"{_MANY:,} events, with rests: {resting * _MANY / events / 3600:.0f} h", end=" ")
    print(f"(without: {(taken_in + counted) * _MANY / events / 3600:.0f} h)")


def main() -> None:
    """Runs the benchmark."""
    parser = folder_argument("What is derived, made again.")
    parser.add_argument("--runs", type=int, default=50)
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        build(db, given.runs)
        measure(db)
        db.close()


if __name__ == "__main__":
    main()
