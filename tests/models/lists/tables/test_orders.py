"""Pages in the order of counts, or of attributes of runs: quicker ways to the rows of all."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.filters import field_of, parse
from app.models.database.engine import Database
from app.models.lists.tables import by_run, matching, pages
from app.models.lists.tables.query import Sort, TableQuery
from benchmarks.production.plans import watched
from tests.conftest import TestServer
from tests.models.lists.tables.small_season import fill


@pytest.fixture(scope="module")
def season(server: TestServer, template: str) -> Iterator[Database]:
    """A database that no test here changes."""
    with server.opened(template) as database:
        fill(database)
        yield database


@pytest.mark.parametrize(
    "order",
    [
        *(
            ("-dt-dt",),
            ("dt-dt",),
            ("-dt-dt.BAD", "energy"),
            ("-dt-dt", "dt_state"),
            ("-hf_ready",),
            ("-dt-dt.GOOD",),
        ),
        *(("-energy",), ("run", "-energy"), ("class", "-mixed"), ("energy", "name")),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "global_state = OPEN",
        "name ~ %Prompt%",
        "name ~ %Prompt% and dt_state != SIGNOFF",
        "class = Collisions22",
        "run = 355100 and energy > 0",
        "energy > 0 or dt_state = SIGNOFF",
        "energy > 0 or name ~ %Express%",
        "energy < 0 or run = 355101 or csc-csc = GOOD",
        "(energy > 0 or dt-dt.BAD > 20) and (class = Cosmics22 or run = 355100 or recorded > 11)",
        "not (energy > 0 or global_state = OPEN)",
    ],
)
@pytest.mark.parametrize("near", [by_run.NEAR, -1])
def test_that_every_page_has_the_rows_that_whole_summaries_give(
    season: Database, order: tuple[str, ...], text: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_run, "NEAR", near)
    monkeypatch.setattr(pages, "_with_room", set())
    monkeypatch.setattr(matching, "_RUNS_MORE", 1)
    monkeypatch.setattr(matching, "_DATASETS_MORE", 1)
    pages._statement.cache_clear()
    sort = tuple(Sort(field_of(each.removeprefix("-")), each.startswith("-")) for each in order)
    query = TableQuery("datasets", parse(text), sort, include_online=True)
    with season.read() as connection:
        wanted = pages.matching_keys(connection, query)
        assert wanted
        for offset in range(0, len(wanted) + 1, 2):
            asked = replace(query, offset=offset, limit=3)
            found = pages.page(connection, asked, desk=True)
            assert tuple(row.key for row in found.rows) == wanted[offset : offset + 3]
            assert found.count == len(wanted)
            at_once = pages.page(connection, asked, desk=True, counts=False)
            assert at_once.rows == found.rows
            assert at_once.exact != at_once.to_count
            assert at_once.exact or at_once.rows
            assert at_once.count == (len(wanted) if at_once.exact else offset + len(found.rows))
        assert pages.number_of_rows(connection, query, desk=True) == len(wanted)


@pytest.mark.parametrize(("limit", "statements"), [(2, 1), (5, 2)])
def test_that_others_than_the_first_are_looked_for_only_where_the_page_has_room(
    season: Database, limit: int, statements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_with_room", set())
    query = TableQuery("datasets", sort=(Sort(field_of("dt-dt"), True),), include_online=True)
    with watched() as seen, season.read() as connection:
        assert len(pages.page(connection, replace(query, limit=limit), desk=True).rows) == limit
        assert sum("matched AS" in each for each in seen.seen) == statements
        seen.seen.clear()
        pages.page(connection, replace(query, limit=limit), desk=True)
    # The next time it is known.
    assert sum("matched AS" in each for each in seen.seen) == 1


def test_that_a_plan_for_all_values_knows_how_many_datasets_are_online(season: Database) -> None:
    query = TableQuery("runs", parse("state = OPEN"), (Sort(field_of("dt-dt"), True),))
    with watched() as seen, season.read() as connection:
        pages.page(connection, query, desk=True)
    statement = next(each for each in seen.seen if "matched AS" in each)
    given = seen.given[statement]
    assert statement.count("= 'online'") >= 2
    assert isinstance(given, dict)
    assert "online" not in given.values()


def test_that_what_asks_for_no_arrays_reads_none(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(
            """
            -- Rows are known to be seen by everybody only once they are on the disk.
            SET LOCAL synchronous_commit = on;
            INSERT INTO desk.counts
            SELECT n, 'online', false, 1, 1, array_fill(1::smallint, '{50,8}'),
                array_fill(1::smallint, '{50,5}'), n, n FROM generate_series(1, 4000) AS n
            """
        )
    with database.raw_connection("tests") as raw:
        # Of rows that somebody might still not see, as the server's own work, it knows nothing.
        while not raw.execute(
            "SELECT FROM pg_class WHERE oid = 'desk.counts'::regclass AND relallvisible = relpages"
            " AND relpages > 0"
        ).rowcount:
            raw.execute("VACUUM ANALYZE desk.counts")
    query = TableQuery(
        "datasets",
        parse("recorded > 20"),
        (Sort(field_of("delivered"), True),),
        include_online=True,
    )
    with watched() as seen, database.read() as connection:
        pages.page(connection, query, desk=True)
        statement = next(each for each in seen.seen if "matched AS" in each)
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", seen.given[statement]).scalars()
    assert "Index Only Scan using counts_without_arrays" in str(plan.all())
