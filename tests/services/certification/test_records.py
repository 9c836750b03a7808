"""Pages of runs and datasets that go on from a row, and filters over what was."""

import itertools

import pytest
import sqlalchemy as sa

from app.domain.errors import BadInput, NotFound, Refused
from app.domain.filters import field_of, parse
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.lists.tables import windows
from app.models.lists.tables.query import Sort, TableQuery
from app.models.lists.tables.records import Place
from app.services import names
from app.services.acting import Acting
from app.services.certification import records, tables
from app.services.editing import lumisections
from tests.builders import EXPERT
from tests.conftest import prepared
from tests.services.offline_runs import PROMPT
from tests.views import many_runs

SORTS = (
    (),
    ("run",),
    ("-run",),
    ("oms.energy", "-run"),
    ("-class",),
    ("dt-dt",),
    ("-dt-dt", "run"),
    ("dt-dt.BAD",),
    ("-stop_reason",),
    ("luminosity",),
    ("cms_active", "-oms.end_lumi"),
    ("oms.components",),
)
FILTERS = (
    "run > 396210",
    "dt-dt.BAD > 0",
    "dt-dt = BAD or run in 396201, 396202",
    "not state = OPEN",
    "significant = true and oms.energy between 6000 and 7000",
    "dt-dt.comments ~ '%trip%'",
    "cms_active.FALSE = 0",
    "luminosity > 0",
    "stop_reason is null",
    "class ~ 'coll%'",
    "oms.components contains DT",
    "global_state = OPEN or dataset.dt_state is null",
    "name like '/Prompt%' or run < 396205",
    "in_gui is null",
)


@pytest.fixture(scope="module")
def acting(server):
    """Thirty runs; dt is BAD in LS 2-4 of two of them and of one dataset."""
    with (
        server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as dsn,
        prepared(dsn) as database,
    ):
        many_runs.open_datasets(database)
        keys = [(many_runs.NEWEST, "online"), (396203, "online"), (many_runs.SIGNED_OFF[0], PROMPT)]
        bad = Triplet("BAD", "hv trip")
        edits = [
            lumisections.ColumnEdit(run, name, "dt-dt", (LumiRange(2, 4),), bad)
            for run, name in keys
        ]
        lumisections.edit_columns(Acting(database, EXPERT), edits)
        yield Acting(database)


def query(acting, kind, text="", sort=(), limit=4):
    known = tables.vocabulary(acting)
    sorts = tuple(Sort(field_of(each.removeprefix("-"), known), each[0] == "-") for each in sort)
    return TableQuery(kind, parse(text, known), sorts, limit=limit)


def test_that_completion_says_whose_state_each_is(acting):
    details = {each.field.text: each.detail for each in tables.vocabulary(acting).fields}
    assert details["state"] == "state of the run"
    assert details["dt_state"] == "state of the dataset in dt"
    assert details["global_state"] == "state of the dataset"


def all_pages(read):
    found, last = [], None
    while True:
        page = read(last)
        found += [each.key for each in page.records]
        last = page.last
        if last is None:
            return found
        assert page.records[-1].key == last.key


@pytest.mark.parametrize("kind", ["runs", "datasets"])
@pytest.mark.parametrize("sort", SORTS)
def test_that_pages_together_are_the_table_in_its_order(acting, kind, sort):
    asked = query(acting, kind, sort=sort)
    expected = [*tables.matching(acting, asked)]
    assert len(expected) == {"runs": 30, "datasets": 12}[kind]
    assert all_pages(lambda last: records.page(acting, asked, last)) == expected


@pytest.mark.parametrize("sort", [("dt-dt",), ("dt-dt.BAD",), ("-cms_active", "luminosity")])
def test_that_pages_go_on_where_the_counts_of_the_server_come_or_go(acting, sort, request):
    def count_below(run):
        with acting.db.transaction() as connection:
            connection.execute(sa.text(f"UPDATE desk.counting SET below_run = {run}"))

    request.addfinalizer(lambda: count_below("NULL"))
    asked = query(acting, "datasets", sort=sort)
    expected = [*tables.matching(acting, asked)]
    states = itertools.cycle(["NULL", "1"])

    def read(last):
        count_below(next(states))
        return records.page(acting, asked, last)

    assert all_pages(read) == expected


@pytest.mark.parametrize("sort", [(), ("run",), ("-run", "name")])
def test_that_a_large_table_is_searched_in_windows(acting, sort, monkeypatch):
    monkeypatch.setattr(windows, "COUNTED_ROWS", 0)
    monkeypatch.setattr(windows, "FIRST_WINDOW", 3)
    for text in ("", "dt-dt.BAD > 0"):
        asked = query(acting, "runs", text, sort=sort)
        expected = [*tables.matching(acting, asked)]
        assert all_pages(lambda last, q=asked: records.page(acting, q, last)) == expected


def test_that_what_is_written_between_pages_moves_nothing_else(server):
    with (
        server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as dsn,
        prepared(dsn) as database,
    ):
        acting = Acting(database)
        asked = query(acting, "runs", sort=("dt-dt",), limit=7)
        first = records.page(acting, asked)
        seen = [each.run_number for each in first.records]
        # The last row of the page leaves its place, and a run comes before all.
        bad = lumisections.ColumnEdit(
            seen[-1], "online", "dt-dt", (LumiRange(1, 4),), Triplet("BAD", "hv trip")
        )
        lumisections.edit_columns(Acting(database, EXPERT), [bad])
        many_runs.add_run(database, many_runs.NEWEST + 1)
        rest = all_pages(
            lambda last: records.page(acting, asked, first.last if last is None else last)
        )
        unchanged = {*range(many_runs.OLDEST, many_runs.NEWEST + 1)} - {seen[-1]}
        both = [*seen, *(run for run, _ in rest)]
        assert sorted(run for run in both if run in unchanged) == sorted(unchanged)


@pytest.mark.parametrize("kind", ["runs", "datasets"])
@pytest.mark.parametrize("text", ["", *FILTERS])
def test_that_a_filter_means_the_same_at_a_version(acting, kind, text):
    asked = query(acting, kind, text)
    newest = names.newest_version(acting)
    expected = [*tables.matching(acting, asked)]
    assert all_pages(lambda last: records.page_at(acting, asked, newest, last)) == expected
    assert all_pages(lambda last: records.page(acting, asked, last)) == expected


def test_that_a_record_is_the_same_now_and_at_the_newest_version(acting):
    newest = names.newest_version(acting)
    for kind in ("runs", "datasets"):
        asked = query(acting, kind, limit=100)
        now = records.page(acting, asked).records
        assert now == records.page_at(acting, asked, newest).records
    assert records.run(acting, many_runs.NEWEST) == records.run(acting, many_runs.NEWEST, newest)


def test_that_a_filter_at_a_version_asks_for_what_was_then(acting):
    before = names.newest_version(acting) - 1
    asked = query(acting, "runs", "dt-dt.BAD = 3")
    assert [each.run_number for each in records.page(acting, asked).records] == [396230, 396203]
    assert records.page_at(acting, asked, before).records == ()


@pytest.mark.parametrize("text", ["", "run in 396226, 396201", "dt-dt.BAD > 0"])
def test_that_a_page_at_a_version_looks_at_so_many_runs_at_most(acting, monkeypatch, text):
    newest = names.newest_version(acting)
    asked = query(acting, "datasets", text)
    expected = [*tables.matching(acting, asked)]
    for limit in ("_MOST_RUNS", "_MOST_RUNS_WITH_STATES"):
        monkeypatch.setattr(records, limit, 6)
    monkeypatch.setattr(records, "_RUNS_AT_ONCE", 3)
    found, last, pages = [], None, 0
    while pages == 0 or last is not None:
        page = records.page_at(acting, asked, newest, last)
        found += [each.key for each in page.records]
        last, pages = page.last, pages + 1
    assert found == expected
    assert pages >= 6


def test_that_a_run_and_its_datasets_are_read_at_a_moment(acting):
    found, datasets = records.run(acting, many_runs.SIGNED_OFF[0])
    assert found.run_number == many_runs.SIGNED_OFF[0]
    assert datasets == ["online", *sorted(many_runs.NAMES)]
    with pytest.raises(NotFound, match="There is no run 396230 at version 1"):
        records.run(acting, many_runs.NEWEST, 1)


def test_that_another_order_than_that_of_runs_is_refused_at_a_version(acting):
    with pytest.raises(Refused, match="leave the sorting out"):
        records.page_at(acting, query(acting, "runs", sort=("class",)), 5)


def test_that_a_place_of_another_order_is_refused(acting):
    with pytest.raises(BadInput, match="another order"):
        records.page(acting, query(acting, "runs", sort=("class",)), Place((), 1, "online"))
