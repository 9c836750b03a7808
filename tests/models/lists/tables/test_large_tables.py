"""Tables that are large are searched in ranges of runs, and by few rows of what they have."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.filters import RUN, parse
from app.models.database.engine import Database
from app.models.lists.tables import windows
from app.models.lists.tables.query import Sort, TableQuery
from app.models.lists.tables.stale import stale_of
from tests.models.lists.plain_filters import PROMPT
from tests.models.lists.tables.small_season import EXPRESS, keys, shown


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("text", ["", "energy > 0", "run = 355103", "class = nothing"])
def test_that_a_large_table_searched_in_ranges_of_runs_shows_the_same_rows(
    season: Database, monkeypatch: pytest.MonkeyPatch, text: str, descending: bool
) -> None:
    sort = (Sort(RUN, descending),)
    for kind in ("runs", "datasets"):
        whole = shown(season, TableQuery(kind, parse(text), sort, include_online=True))
        with monkeypatch.context() as patch:
            patch.setattr(windows, "COUNTED_ROWS", -1)
            patch.setattr(windows, "FIRST_WINDOW", 1)
            found: list[tuple[int, str]] = []
            for offset in range(0, whole.count + 2, 2):
                query = TableQuery(kind, parse(text), sort, offset, 2, include_online=True)
                some = shown(season, query)
                found.extend(keys(some))
                assert some.count <= whole.count
                assert not some.exact or some.count == whole.count
            assert found == keys(whole)


def test_that_a_large_table_is_counted_no_further_than_the_page(
    season: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "COUNTED_ROWS", -1)
    monkeypatch.setattr(windows, "FIRST_WINDOW", 2)
    found = shown(season, TableQuery("runs", limit=2))
    assert (len(found.rows), found.count, found.exact) == (2, 2, False)


def test_that_old_summaries_are_found_with_each_row_read_once(database: Database) -> None:
    """Without statistics the server takes a filter for less than it is, or for more."""
    query = TableQuery("datasets", parse("class = Collisions22 and dt-dt.BAD > 0"))
    with database.transaction() as connection:
        # In one transaction: nobody counts rows meanwhile.
        for statement in _MANY:
            connection.execute(sa.text(statement))
        before = _rows_read(connection)
        assert stale_of(connection, query, 1000) == ()
        assert _rows_read(connection) - before < _ALL_ROWS

        connection.execute(sa.text('UPDATE "Dataset" SET version = 11 WHERE run_number % 5000 < 4'))
        before = _rows_read(connection)
        found = stale_of(connection, query, 1000)
        assert _rows_read(connection) - before < 3 * _ALL_ROWS
        assert [key for key, _ in found] == [
            (run, name)
            for run in (10000, 5003, 5002, 5000, 2, 1)
            for name in (EXPRESS, PROMPT, "x")
        ]
        assert {version for _, version in found} == {11}


def test_that_few_old_summaries_are_looked_up_one_by_one(database: Database) -> None:
    query = TableQuery("datasets", parse("class = Collisions22 and dt-dt.BAD > 0"))
    with database.transaction() as connection:
        for statement in _COUNTED:
            connection.execute(sa.text(statement))
        before = _rows_read(connection)
        assert stale_of(connection, query, 1000, desk=True) == ()
        connection.execute(sa.text('UPDATE "Dataset" SET version = 11 WHERE run_number IN (5, 6)'))
        found = stale_of(connection, query, 1000, [(7, PROMPT), (9, PROMPT)], desk=True)
        assert found == (((7, PROMPT), 10), ((5, PROMPT), 11))
        assert _rows_read(connection) - before < 100


def _rows_read(connection: Connection) -> int:
    """Rows of tables that this transaction has looked at, by any index and by none."""
    read = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
    return int(connection.execute(sa.text(read)).scalar_one())


_ALL_ROWS = 90_000
"""Of the three tables."""

_RUNS = """
    INSERT INTO "Run" (run_number, version, oms_attributes, rr_attributes, deleted)
    SELECT n, 10, jsonb_build_object('rates', repeat('x', 1300)),
        jsonb_build_object('class', CASE WHEN n % 3 > 0 THEN 'Collisions22' END), false
    FROM generate_series(1, {number}) n
    """

_MANY = (
    # Counting 40 000 summaries beside them takes longer than everything else.
    'ALTER TABLE "Dataset" DISABLE TRIGGER USER',
    'ALTER TABLE "DatasetTripletCache" DISABLE TRIGGER USER',
    _RUNS.format(number=10_000),
    f"""
    INSERT INTO "Dataset"
        (run_number, name, version, dataset_attributes, datasets_in_gui, deleted)
    SELECT n, name, 10, jsonb_build_object('states', repeat('x', 400)), '[]', false
    FROM generate_series(1, 10000) n, unnest(ARRAY['online', '{EXPRESS}', '{PROMPT}', 'x']) name
    """,
    """
    INSERT INTO "DatasetTripletCache" (run_number, name, version, triplet_summary, dcs_summary,
        rr_ranges, dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity)
    SELECT run_number, name, 10, jsonb_build_object('dt-dt', repeat('x', 1800)), '{}', '{}', '{}',
        0, 0 FROM "Dataset"
    """,
)

_COUNTED = (
    _RUNS.format(number=500),
    f"""
    INSERT INTO "Dataset"
        (run_number, name, version, dataset_attributes, datasets_in_gui, deleted)
    SELECT n, '{PROMPT}', 10, '{{}}', '[]', false FROM generate_series(1, 500) n
    """,
    """
    INSERT INTO "DatasetTripletCache" (run_number, name, version, triplet_summary, dcs_summary,
        rr_ranges, dcs_ranges, brilcalc_recorded_luminosity, brilcalc_delivered_luminosity)
    SELECT run_number, name, 10, '{}', '{}', '{}', '{}', 0, 0 FROM "Dataset"
    """,
)
