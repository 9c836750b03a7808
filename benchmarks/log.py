"""The log on millions of versions: pages, searches, opened entries: `python -m benchmarks.log`.

`--versions 5000000` says how many are made first (two minutes and 2 GB for so many); `--folder`
keeps the database for the next time.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Integer, bindparam

from app.domain.history.log import Kind, LogQuery, Position, Who
from app.models.database.engine import Database
from app.models.statements import text
from app.services import examining
from app.services.acting import Acting
from app.services.history import log, log_details
from benchmarks import figures
from benchmarks.database import folder_argument, measured, prepared, server

RUNS = 30_000
FIRST_RUN = 300_000
BEGIN = datetime(2017, 1, 1, tzinfo=UTC)
PROMPT = "/PromptReco/Collisions2022A/DQM"
RARE = "/Rare/Collisions2017/DQM"

_OBJECT = """
    INSERT INTO "JSONBDeduplication" (jsonb, unique_hash)
    VALUES ('{"dt-dt": {"status": "GOOD", "comment": "", "cause": ""}}', 'benchmark')
    ON CONFLICT (unique_hash) DO UPDATE SET unique_hash = EXCLUDED.unique_hash RETURNING id
"""
# One version of three is about a run, one about columns, one about bits of a dataset; one of 37 is
# a person's, one of 1001 an agent's.
_STATEMENTS = (
    """
    INSERT INTO "Version" (atomic_version, "by", comment, "createdAt")
    SELECT n, CASE WHEN n % 37 = 0 THEN 'person' || (n / 37 % 200) || '@cern.ch'
                   WHEN n % 1001 = 0 THEN 'auto@auto - pixel-autoencoder'
                   WHEN n % 53 = 0 THEN 'auto@auto - person' || (n / 53 % 200) || '@cern.ch'
                   ELSE 'auto@auto' END,
        CASE WHEN n % 37 = 0 THEN 'Edit run ' || :first + n::bigint * 7919 % :runs
                 || ' lumisections of a dataset, HV trip in wheel ' || n / 37 % 5
             WHEN n = :versions / 50 THEN 'a needle in the haystack'
             ELSE 'run ' || :first + n::bigint * 7919 % :runs || ' automatic update' END,
        CAST(:begin AS timestamptz) + n * interval '50 seconds'
    FROM generate_series(:after, :versions) AS n
    """,
    """
    INSERT INTO "Event" (version, atomic_version)
    SELECT 2 * n - second, n
    FROM generate_series(:after, :versions) AS n, (VALUES (1), (0)) AS of(second)
    """,
    """
    INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted, manual_change)
    SELECT 2 * n - 1, :first + n::bigint * 7919 % :runs, '{}', jsonb_build_object('state', 'OPEN'),
        false, n % 37 = 0
    FROM generate_series(:after, :versions) AS n WHERE n % 3 = 0
    """,
    """
    INSERT INTO "LumisectionEvent"
        (version, run_number, name, lumisection_metadata_id, manual_change)
    SELECT 2 * n - 1, :first + n::bigint * 7919 % :runs,
        CASE WHEN n % 5 = 0 THEN :prompt ELSE 'online' END, :id, n % 37 = 0
    FROM generate_series(:after, :versions) AS n WHERE n % 3 = 1
    """,
    """
    INSERT INTO "LumisectionEventAssignation" (version, lumisection_number)
    SELECT 2 * n - 1, ls FROM generate_series(:after, :versions) AS n,
        generate_series(1, 3) AS ls WHERE n % 3 = 1 AND n % 37 = 0
    """,
    """
    INSERT INTO "OMSLumisectionEvent" (version, run_number, name, lumisection_metadata_id)
    SELECT 2 * n - 1, :first + n::bigint * 7919 % :runs, 'online', :id
    FROM generate_series(:after, :versions) AS n WHERE n % 3 = 2
    """,
    """
    INSERT INTO "DatasetEvent"
        (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)
    SELECT 2 * n, :first + n::bigint * 7919 % :runs,
        CASE WHEN n = :versions / 40 THEN :rare WHEN n % 3 = 1 AND n % 5 = 0 THEN :prompt
             ELSE 'online' END,
        CASE WHEN n % 10 = 0 THEN '{"global_state": "OPEN"}'::jsonb ELSE '{}' END, '[]', false
    FROM generate_series(:after, :versions) AS n
    """,
    """
    INSERT INTO "Run" SELECT n, '{}', '{"state": "OPEN"}', 1, false
    FROM generate_series(:first, :first + :runs - 1) AS n ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO "Dataset" SELECT n, name, '{}', '[]', false, 1
    FROM generate_series(:first, :first + :runs - 1) AS n,
        (VALUES ('online'), (CAST(:prompt AS text))) AS of(name)
    ON CONFLICT DO NOTHING
    """,
    """SELECT setval('"Version_atomic_version_seq"', :versions)""",
    """SELECT setval('"Event_version_seq"', 2 * :versions)""",
)


def add_versions(db: Database, versions: int) -> None:
    """Versions with their events, until the database holds so many."""
    with db.transaction() as connection:
        newest = connection.execute(text('SELECT max(atomic_version) FROM "Version"')).scalar() or 0
        if newest >= versions:
            return
        # The rows fit together; nobody has to look each one up.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        id_ = connection.execute(text(_OBJECT)).scalar_one()
        for statement in _STATEMENTS:
            started = time.perf_counter()
            known = {
                "after": newest + 1,
                "versions": versions,
                "runs": RUNS,
                "first": FIRST_RUN,
                "begin": BEGIN,
                "id": id_,
                "prompt": PROMPT,
                "rare": RARE,
            }
            named = text(statement)
            given = {name: known[name] for name in named.compile().params}
            # Small numbers would go as smallint, of which the server makes no series.
            whole = [name for name, value in given.items() if isinstance(value, int)]
            typed = named.bindparams(*(bindparam(name, type_=Integer) for name in whole))
            connection.execute(typed, given)
            what = " ".join(statement.split()[:3])
            print(f"{what}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    examining.add_indexes(db)
    with db.raw_connection("benchmark") as plain:
        plain.execute("VACUUM ANALYZE")


def measure(db: Database, versions: int) -> None:
    """Prints the figures."""
    run = FIRST_RUN + (versions // 2) * 7919 % RUNS
    person = "person17@cern.ch"
    middle = BEGIN + timedelta(seconds=50 * (versions // 2))
    people_s = frozenset({Kind.LUMISECTIONS})
    queries: tuple[tuple[str, LogQuery, Position | None], ...] = (
        ("the newest 50", LogQuery(), None),
        ("50 from the middle on", LogQuery(), Position(version=versions // 2)),
        ("a run", LogQuery(run=run), None),
        ("a dataset of a run", LogQuery(run=run, dataset=PROMPT), None),
        ("an author", LogQuery(author=person), None),
        ("a part of an author's name", LogQuery(author="person17"), None),
        ("an agent", LogQuery(author="pixel-autoencoder"), None),
        ("people", LogQuery(who=Who.PEOPLE), None),
        ("agents", LogQuery(who=Who.AGENTS), None),
        ("an author in a run", LogQuery(run=run, author=person), None),
        ("datasets of a name", LogQuery(dataset=PROMPT), None),
        ("a dataset that appears once", LogQuery(dataset=RARE), None),
        ("columns of lumisections", LogQuery(kinds=people_s), None),
        ("columns, by people", LogQuery(kinds=people_s, who=Who.PEOPLE), None),
        ("a time", LogQuery(until=middle), None),
        ("words that are frequent", LogQuery(words="wheel trip"), None),
        ("words of a person", LogQuery(words="wheel trip", author=person), None),
        ("words that are rare: one look", LogQuery(words="needle"), None),
    )
    for words, query, position in queries:
        page = log.page(Acting(db), query, position)
        back = "" if page.back_to is None else f", back to {page.back_to:%Y-%m}"
        label = f"{words}: {len(page.entries)}{back}"
        measured(label, lambda q=query, p=position: log.page(Acting(db), q, p), target="50")  # type: ignore[misc]
    measured(
        "an entry, opened",
        lambda: log_details.open_version(Acting(db), versions // 2 // 111 * 111 + 1),
        target="50",
    )
    measured(
        "words that are rare: all looks",
        lambda: list(log.entries(Acting(db), LogQuery(words="needle"))),
        times=1,
    )


@figures.kept("log")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--versions", type=int, default=5_000_000)
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        try:
            add_versions(db, given.versions)
            print(f"{'what':<58}{'median':>10}     (range)  target [ms]")
            measure(db, given.versions)
        finally:
            db.close()


if __name__ == "__main__":
    main()
