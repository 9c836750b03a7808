"""Counts that the server keeps beside the summaries, whoever writes these."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from app.domain.filters import field_of, parse
from app.domain.state.summaries import Summary
from app.models.database.engine import Database
from app.models.lists.computed_summaries import ComputedSummary
from app.models.lists.tables.counted import Places, count_older, places_of
from app.models.lists.tables.pages import page
from app.models.lists.tables.query import Sort, TableQuery
from app.models.lists.tables.stale import stale_of, stale_summaries
from app.models.migrations.desk import versions
from app.models.recount.counts import count_again
from app.models.schemas import desk
from benchmarks.production.plans import watched
from tests.models.conftest import EVENTS, Login
from tests.models.lists.plain_filters import PROMPT
from tests.models.lists.tables.small_season import DATASETS, EXPRESS, GOOD_DT, Given, fill

KEYS = desk.metadata.tables["desk.counted_key"]
RECORDED = "brilcalc_recorded_luminosity"
BAD_DT = {"GOOD": 0, "BAD": 7, "EMPTY": 3, "comments": [], "causes": []}


@pytest.fixture
def season(database: Database) -> Database:
    fill(database)
    return database


def _execute(database: Database, statements: str) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text(statements))


def _places(database: Database, text: str, sort: str = "") -> Places | None:
    order = (Sort(field_of(sort)),) if sort else ()
    with database.read() as connection:
        return places_of(connection, TableQuery("datasets", parse(text), order))


def _where(database: Database, text: str) -> list[tuple[int, str]]:
    assert _places(database, text) is not None
    query = TableQuery("datasets", parse(text), include_online=True)
    with database.read() as connection:
        return [row.key for row in page(connection, query, desk=True).rows]


def _stale(database: Database) -> tuple[tuple[int, str], ...]:
    query = TableQuery("datasets", parse("dt-dt = BAD"), include_online=True, include_deleted=True)
    with database.read() as connection:
        found = tuple(key for key, _ in stale_of(connection, query, 100, desk=True))
        assert found == stale_summaries(connection) == stale_summaries(connection, desk=True)
    return found


def _counted(database: Database) -> dict[tuple[int, str], tuple[object, ...]]:
    """Versions of every row, and while the summary has one the counts of each column and bit."""
    with database.read() as connection:
        keys = connection.execute(sa.select(KEYS)).all()
        rows = connection.execute(sa.select(desk.counts)).all()
    return {
        (row.run_number, row.name): (
            row.deleted,
            row.version,
            row.summary_version,
            *(
                ()
                if row.summary_version is None
                else (
                    row.recorded,
                    row.delivered,
                    {
                        (kind, key): array[place - 1]
                        for kind, place, key in keys
                        for array in [row.columns if kind == "column" else row.bits]
                        if place <= len(array) and array[place - 1][-1] >= 0
                    },
                )
            ),
        )
        for row in rows
    }


def _settled(database: Database) -> dict[tuple[int, str], tuple[object, ...]]:
    """The same, once what was noted meanwhile is counted, too."""
    with database.transaction() as connection:
        while count_older(connection, 2):
            pass
        assert connection.execute(sa.select(desk.uncounted)).all() == []
    return _counted(database)


def _made_anew(database: Database) -> dict[tuple[int, str], tuple[object, ...]]:
    """The same, had all been there before the triggers."""
    _execute(database, "DELETE FROM desk.counts; UPDATE desk.counting SET below_run = 2147483647")
    return _settled(database)


def test_that_counts_answer_whatever_is_a_number(season: Database) -> None:
    for text in ("dt-dt = BAD", "dt-dt.GOOD > 3", "hf_ready.FALSE > 0", "recorded > 3"):
        assert _places(season, text) is not None, text
    for text in (
        "dt-dt.comments ~ %HV%",
        "not (dt-dt.BAD > 3 or csc-csc.causes like a%)",
        "column.never-seen = BAD",
    ):
        assert _places(season, text) is None, text
    assert _places(season, "", "dt-dt") is not None
    assert _places(season, "recorded > 3", "dt-dt.causes") is None


@pytest.mark.parametrize(
    "text",
    [
        *(f"dt-dt.BAD {each}" for each in ("> -1", ">= 0", "> 0", ">= 1", "> 9", ">= 10", "> 0.5")),
        *("dt-dt.BAD > 32766", "dt-dt.BAD >= 32768", "dt-dt.BAD > 99999999999"),
        *("dt-dt.BAD between 1 and 10", "not dt-dt.BAD > 9", "dt-dt.BAD != 10"),
        *("csc-csc.GOOD >= 0", "csc-csc.BAD > -1", "csc-csc.GOOD > 0"),
        *("hf_ready.FALSE >= 10", "not (hf_ready.NULL > 0 or dt-dt.GOOD >= 1)"),
    ],
)
def test_that_counts_compare_with_numbers_as_summaries_do(season: Database, text: str) -> None:
    query = TableQuery("datasets", parse(text), include_online=True, include_deleted=True)
    with season.read() as connection:
        by_summaries = [row.key for row in page(connection, query).rows]
        assert [row.key for row in page(connection, query, desk=True).rows] == by_summaries


def test_that_whatever_is_written_is_counted_as_if_it_had_been_there(season: Database) -> None:
    for statement in (
        """UPDATE "DatasetTripletCache" SET triplet_summary = triplet_summary
            || '{"new-column": {"STANDBY": 4}}' WHERE run_number = 355100 AND name <> 'online'""",
        """UPDATE "DatasetTripletCache" SET dcs_summary = '{"a_bit": {"NULL": 2}}',
            brilcalc_recorded_luminosity = 17 WHERE run_number = 355101""",
        'UPDATE "Dataset" SET version = 11, deleted = true WHERE run_number = 355104',
        f"""DELETE FROM "DatasetTripletCache" WHERE run_number = 355100 AND name = '{PROMPT}'""",
        f"""DELETE FROM "DatasetTripletCache" WHERE run_number = 355104 AND name = '{PROMPT}';
            DELETE FROM "Dataset" WHERE run_number = 355104 AND name = '{PROMPT}'""",
        """INSERT INTO "DatasetTripletCache" SELECT (jsonb_populate_record(one,
            '{"run_number": 355103}')).* FROM "DatasetTripletCache" AS one
            WHERE run_number = 355100 AND name = 'online'
            ON CONFLICT (run_number, name) DO UPDATE SET version = 12""",
        """UPDATE "DatasetTripletCache" SET version = 11 WHERE run_number = 355103""",
        'TRUNCATE "DatasetTripletCache"',
    ):
        _execute(season, statement)
        by_triggers = _settled(season)
        assert by_triggers == _made_anew(season), statement


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_that_writers_neither_wait_for_counts_nor_are_refused(
    season: Database, dsn: str, level: str
) -> None:
    new = """UPDATE "DatasetTripletCache" SET triplet_summary = triplet_summary
        || '{"new-%s": {"BAD": 7}}' WHERE run_number = %s"""
    state = """UPDATE "Dataset" SET dataset_attributes = '{"dt_state": "OPEN"}'
        WHERE run_number = %s"""
    made = """INSERT INTO "Dataset" SELECT (jsonb_populate_record(one, '{"name": "%s",
        "version": %s}')).* FROM "Dataset" AS one WHERE run_number = 355103"""
    with psycopg.connect(dsn) as one, psycopg.connect(dsn) as other:
        for each in (one, other):
            each.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
            each.execute("SET LOCAL lock_timeout = '100ms'")
            each.execute("SELECT FROM desk.counted_key")
        for writer, statement in (
            (one, new % ("dt", 355100)),
            (other, new % ("csc", 355101)),
            (one, state % 355101),
            (other, state % 355100),
            (one, made % ("one", 991)),
            (other, made % ("other", 992)),
            (one, new % ("dt", 355104)),
        ):
            writer.execute(statement.encode())
        one.commit()
        other.execute((new % ("gem", 355102)).encode())
        other.commit()
    assert _places(season, "dt-dt = BAD") is None
    query = TableQuery("datasets", parse("column.new-csc = BAD"), include_online=True)
    with season.read() as connection:
        found = [row.key for row in page(connection, query, desk=True).rows]
    assert found == [(355101, "online")]
    counted = _settled(season)
    assert counted == _made_anew(season)
    assert _where(season, "column.new-csc = BAD") == found


def test_that_a_summary_that_was_not_counted_is_when_it_is_written_again(season: Database) -> None:
    before = _counted(season)
    _execute(
        season,
        """UPDATE desk.counts SET columns = NULL, bits = NULL, summary_version = NULL;
        UPDATE "DatasetTripletCache" SET version = version""",
    )
    assert _counted(season) == before


def test_that_a_truncated_table_leaves_no_counts(season: Database) -> None:
    _execute(season, 'TRUNCATE "Dataset" CASCADE')
    assert _counted(season) == {}


def test_that_a_share_is_only_believed_under_the_version_of_the_dataset(season: Database) -> None:
    assert _where(season, "dt-dt = BAD") == [
        (355101, "online"),
        (355100, PROMPT),
        (355100, "online"),
    ]
    before = _stale(season)
    _execute(season, 'UPDATE "Dataset" SET version = 11 WHERE run_number = 355101')
    assert _where(season, "dt-dt = BAD") == [(355100, PROMPT), (355100, "online")]
    assert set(_stale(season)) - set(before) == {(355101, "online")}
    _execute(season, 'UPDATE "DatasetTripletCache" SET version = 11 WHERE run_number = 355101')
    assert _where(season, "dt-dt = BAD")[0] == (355101, "online")
    assert _stale(season) == before


@pytest.mark.parametrize(
    "odd", ['{"BAD": "many"}', '{"BAD": 1.5}', '{"BAD": 1e400}', '{"BAD": -40000}', "null", "[]"]
)
def test_that_a_summary_of_what_is_no_number_is_written_and_counts_as_missing(
    season: Database, odd: str
) -> None:
    _execute(
        season,
        f"""UPDATE "DatasetTripletCache" SET triplet_summary = '{{"dt-dt": {odd}}}'
            WHERE run_number = 355101""",
    )
    assert (355101, "online") not in _where(season, "dt-dt = BAD")
    query = TableQuery("datasets", parse("dt-dt = BAD"), include_online=True)
    with season.read() as connection:
        found = dict(stale_of(connection, query, 100, desk=True))
    assert (355101, "online") in found


@pytest.mark.parametrize("odd", ['{"BAD": true}', '{"BAD": "many", "GOOD": 3}', "[]", "5"])
def test_that_a_summary_of_what_is_no_number_stops_no_order_by_whole_summaries(
    season: Database, odd: str
) -> None:
    _execute(
        season,
        f"""UPDATE "DatasetTripletCache" SET triplet_summary = '{{"dt-dt": {odd}}}',
            dcs_summary = '{{"hf_ready": {odd}}}' WHERE run_number = 355101""",
    )
    for order in ("dt-dt", "dt-dt.BAD", "hf_ready"):
        query = TableQuery("datasets", sort=(Sort(field_of(order), True),), include_online=True)
        with season.read() as connection:
            found = page(connection, query)
        assert len(found.rows) == found.count
        assert (355101, "online") in {row.key for row in found.rows}


def test_that_a_computed_summary_stands_for_one_that_is_old(season: Database) -> None:
    made = Summary({"dt-dt": BAD_DT}, {}, {}, {}, 3.0, 4.0)
    computed = [ComputedSummary((355102, "online"), 10, made)]
    for text in ("dt-dt = BAD", "recorded = 3", "dt-dt.EMPTY = 3", "run = 355102 or csc-csc = BAD"):
        query = TableQuery("datasets", parse(text), (Sort(field_of("dt-dt")),), include_online=True)
        with season.read() as connection:
            found = page(connection, query, computed, desk=True)
            wanted = page(connection, query, computed)
        assert [row.key for row in found.rows] == [row.key for row in wanted.rows]
        assert (355102, "online") in {row.key for row in found.rows}


def test_that_a_column_beyond_the_places_is_asked_of_the_summaries(database: Database) -> None:
    many = {f"c-{number}": GOOD_DT for number in range(200)} | {"x" * 3000: GOOD_DT}
    fill(database, datasets=(Given(355100, columns=many), DATASETS[1]))
    with database.read() as connection:
        known = connection.execute(sa.select(sa.func.count(), sa.func.max(KEYS.c.place))).one()
    assert tuple(known) == (150, 150)
    unplaced = [name for name in many if _places(database, f'column."{name}" = GOOD') is None]
    assert len(unplaced) == 51
    query = TableQuery("datasets", parse(f'column."{unplaced[0]}" = GOOD'), include_online=True)
    with database.read() as connection:
        assert [row.key for row in page(connection, query, desk=True).rows] == [(355100, "online")]


@pytest.mark.parametrize("late", [(), [(355100, PROMPT)]])
def test_that_what_is_old_is_found_without_looking_through_all(
    season: Database, dsn: str, late: list[tuple[int, str]]
) -> None:
    _execute(
        season,
        """INSERT INTO desk.counts
            SELECT n, 'online', false, 1, 1, array_fill(1::smallint, '{50,8}')
            FROM generate_series(1, 2000) AS n;
            UPDATE desk.counts SET summary_version = version""",
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE desk.counts")
    query = TableQuery("datasets", include_online=True)
    with watched() as statements, season.read() as connection:
        assert len(stale_of(connection, query, 100, late, desk=True)) == len(late)
    asked = {text: given for text, given in statements.given.items() if "desk.counts" in text}
    with season.read() as connection:
        for statement, given in asked.items():
            lines = connection.exec_driver_sql(f"EXPLAIN {statement}", given).scalars().all()
            if "IS DISTINCT FROM" in statement:
                assert "counts_stale" in str(lines), statement
            assert "Seq Scan on counts" not in str(lines), statement
    assert any("IS DISTINCT FROM" in statement for statement in asked)


def test_that_who_may_write_summaries_need_not_know_of_the_counts(
    bare_database: Database, login: Login
) -> None:
    assert bare_database.prepare()
    web = login(f"{EVENTS};UPDATE ON ALL TABLES IN SCHEMA public")
    fill(web)
    _execute(web, 'UPDATE "DatasetTripletCache" SET version = 11 WHERE run_number = 355101')
    assert _where(bare_database, "dt-dt = BAD") == [(355100, PROMPT), (355100, "online")]
    with pytest.raises(sa.exc.DBAPIError, match="permission denied"), web._engine.begin() as direct:
        direct.execute(sa.text("UPDATE desk.counts SET version = 1"))


def test_that_counting_again_waits_for_who_writes_and_has_what_they_wrote(season: Database) -> None:
    key = (355100, PROMPT)
    _execute(season, "UPDATE desk.counts SET columns = '{}'")
    with ThreadPoolExecutor(1) as pool:
        with season.transaction() as writer:
            for table, more in (("Dataset", ""), ("DatasetTripletCache", f", {RECORDED} = 5")):
                writer.execute(
                    sa.text(
                        f'UPDATE "{table}" SET version = 12{more}'
                        " WHERE (run_number, name) = (:run, :name)"
                    ),
                    {"run": key[0], "name": key[1]},
                )
            counting = pool.submit(_count_again, season, [key])
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid::text ="
            waits += " pg_current_xact_id()::xid::text"
            while writer.execute(sa.text(waits)).first() is None:
                assert not counting.done()
        counting.result()
    by_counting = _counted(season)[key]
    assert by_counting == _made_anew(season)[key]
    assert by_counting[1:4] == (12, 12, 5)


def _count_again(database: Database, keys: list[tuple[int, str]]) -> None:
    with database.transaction() as connection:
        count_again(connection, keys)


def test_that_what_was_there_before_is_counted_later_and_believed_then(season: Database) -> None:
    _execute(
        season,
        'DROP TRIGGER desk_count_summary ON "DatasetTripletCache";'
        """UPDATE "DatasetTripletCache" SET triplet_summary = '{"dt-dt": {"GOOD": 9}}'
            WHERE run_number = 355101""",
    )
    assert season.prepare()
    with season.transaction() as connection:
        while count_older(connection, 1):
            assert places_of(connection, TableQuery("datasets", parse("dt-dt = BAD"))) is None
    assert _where(season, "dt-dt = BAD") == [(355100, PROMPT), (355100, "online")]
    assert (355100, EXPRESS) in _where(season, "dt-dt = STANDBY")


def test_that_the_migration_goes_both_ways(season: Database) -> None:
    known = {path.stem[:4]: path.stem for path in Path(versions.__path__[0]).glob("0*.py")}
    before = _counted(season)
    with season.transaction() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for revision in ("0011", "0010", "0009"):
                import_module(f"{versions.__name__}.{known[revision]}").downgrade()
        left = connection.execute(
            sa.text("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'desk\\_%'")
        ).scalars()
        assert set(left) == {desk.ANNOUNCING_TRIGGER}
        connection.execute(sa.text("UPDATE desk.alembic_version SET version_num = '0008'"))
    fill(season, {1: ({}, {})}, (Given(1, columns={"dt-dt": BAD_DT}),))
    assert season.prepare()
    with season.transaction() as connection:
        while count_older(connection, 2):
            pass
    found = _counted(season)
    assert {key: found[key] for key in before} == before
    assert (1, "online") in _where(season, "dt-dt = BAD")


def test_that_nobody_waits_long_for_an_upgrade_that_waits_for_somebody(season: Database) -> None:
    named = next(Path(versions.__path__[0]).glob("0011*.py")).stem
    with (
        season.transaction() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        import_module(f"{versions.__name__}.{named}").downgrade()
        connection.execute(sa.text("UPDATE desk.alembic_version SET version_num = '0010'"))
    change = "UPDATE \"Dataset\" SET deleted = deleted WHERE run_number = {} AND name = 'online'"
    with ThreadPoolExecutor(1) as pool, season.raw_connection("the web service") as other:
        with season.raw_connection("a long transaction") as long, long.transaction():
            long.execute(change.format(355100))
            upgraded = pool.submit(season.prepare)
            waits = (
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'desk.counts'::regclass"
            )
            while not other.execute(waits).fetchone():
                assert not upgraded.done(), upgraded.result()
            other.execute("SET lock_timeout = '20s'")
            other.execute(change.format(355101))
            assert not upgraded.done()
        assert upgraded.result()
    with season.read() as connection:
        index = sa.text("SELECT to_regclass('desk.counts_without_arrays')")
        assert connection.execute(index).scalar_one() is not None
