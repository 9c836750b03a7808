"""A filter over summaries passes over no dataset because its summary is missing or old."""

import pytest

from app.domain import filters
from app.domain.errors import Refused
from app.domain.filters import RECORDED
from app.domain.progress import SILENT
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.recount import new_events
from app.services.acting import Acting
from app.services.certification import summaries, tables
from app.services.certification.tables import Sort, TableQuery
from app.services.recount import recounting
from app.services.recount.background import Recounter
from tests.plain_folds import WebService
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND
from tests.services.recount.forged import KEY, execute


@pytest.fixture
def written_by_others(acting: Acting) -> Acting:
    """The web service flags two lumisections, and nobody computes the summary."""
    web = WebService(acting.db)
    with acting.db.transaction() as connection:
        bad = Triplet("BAD", "hv trip").as_json()
        web.store_event(connection, KEY, {"dt-dt": bad}, 2, 3, by="a@cern.ch")
        web.bump(connection, KEY, by="a@cern.ch")
    return acting


def query(acting: Acting, kind, text: str, **more) -> TableQuery:
    return TableQuery(kind, filters.parse(text, tables.vocabulary(acting)), **more)


def passing(acting: Acting, kind, text: str, **more) -> list[tuple[int, str]]:
    found = tables.rows_at_once(acting, query(acting, kind, text, **more))
    assert found.uncounted == 0
    return [row.key for row in found.rows]


def test_that_what_the_web_service_wrote_is_found_at_once(written_by_others: Acting) -> None:
    acting = written_by_others
    assert passing(acting, "datasets", "dt-dt.BAD > 0") == [KEY]
    assert passing(acting, "datasets", f"dt-dt.BAD > 1 and run = {FIRST}") == [KEY]
    assert passing(acting, "datasets", f"dt-dt.BAD > 0 and run = {SECOND}") == []
    assert KEY in passing(acting, "datasets", "dt-dt.BAD > 0 or run = 1")
    assert tables.matching(acting, query(acting, "datasets", "dt-dt.BAD > 0")) == (KEY,)
    found = tables.rows_at_once(acting, TableQuery("datasets", sort=(Sort(RECORDED),)))
    assert found.count == 4


def test_that_an_event_without_a_version_of_its_dataset_is_found_at_once(acting: Acting) -> None:
    """The web service writes OMS events so in its automatic updates."""
    recounting.recount_all(acting, repair=True)
    web, bad = WebService(acting.db), "dcs.bpix_ready.FALSE > 1"
    assert passing(acting, "datasets", bad) == []
    web.edits_bit((FIRST, "online"), "bpix_ready", value=False, first=2, last=3)
    expected = [KEY, (FIRST, EXPRESS)]
    assert sorted(passing(acting, "datasets", bad)) == sorted(expected)
    assert set(tables.matching(acting, query(acting, "datasets", bad))) == set(expected)
    # Another one under the same version isn't answered from memory.
    web.edits_bit((FIRST, "online"), "bpix_ready", value=False, first=5, last=5)
    more = "dcs.bpix_ready.FALSE > 2"
    assert sorted(passing(acting, "datasets", more)) == sorted(expected)
    assert len(tables.rows_at_once(acting, query(acting, "datasets", "run > 0")).rows) == 4
    # A client that counts stores it soon.
    recounter = Recounter(acting, "puller", alone=True)
    while recounter.turn(SILENT).rest_s is not None:
        pass
    with acting.db.read() as connection:
        assert new_events.late_summaries(connection, 100) == set()
    assert sorted(passing(acting, "datasets", more)) == sorted(expected)


def test_that_what_was_computed_isn_t_believed_once_there_are_other_events(acting: Acting) -> None:
    execute(acting.db, 'DELETE FROM "DatasetTripletCache"')
    bad = "dcs.bpix_ready.FALSE > 1"
    assert passing(acting, "datasets", bad) == []
    WebService(acting.db).edits_bit((FIRST, "online"), "bpix_ready", value=False, first=2, last=3)
    assert set(passing(acting, "datasets", bad)) == {KEY, (FIRST, EXPRESS)}
    (row,) = tables.rows(acting, "datasets", [KEY])
    assert row.dcs_summary is not None
    assert row.dcs_summary["bpix_ready"]["FALSE"] == 2


def test_that_a_row_shows_the_summary_it_has_now(written_by_others: Acting) -> None:
    for row in (
        tables.rows(written_by_others, "datasets", [KEY])[0],
        next(
            r
            for r in tables.datasets_page(written_by_others, TableQuery("datasets")).rows
            if r.key == KEY
        ),
    ):
        assert row.triplet_summary is not None
        assert row.dcs_summary is not None
        assert (row.triplet_summary["dt-dt"]["BAD"], row.summary_is_current) == (2, True)
        assert row.dcs_summary["bpix_ready"]["TRUE"] == 10


def test_that_runs_are_filtered_by_what_their_online_dataset_holds_now(acting: Acting) -> None:
    execute(acting.db, 'UPDATE "DatasetTripletCache" SET version = 0')
    assert passing(acting, "runs", "dt-dt.GOOD > 9") == [(SECOND, "online"), (FIRST, "online")]
    execute(acting.db, 'DELETE FROM "DatasetTripletCache"')
    assert passing(acting, "runs", "dt-dt.GOOD > 9 and not dt-dt.BAD > 0") == [
        (SECOND, "online"),
        (FIRST, "online"),
    ]


def test_that_a_login_that_may_only_read_filters_the_same(
    written_by_others: Acting, season_dsn: str
) -> None:
    other = Database(f"{season_dsn}&options=-c%20default_transaction_read_only%3Don")
    assert passing(Acting(other), "datasets", "dt-dt.BAD > 0") == [KEY]
    other.close()


def test_that_too_many_are_told_of_and_refused_where_all_count(
    written_by_others: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting = written_by_others
    monkeypatch.setattr(summaries, "AT_ONCE", 1)
    execute(acting.db, 'UPDATE "DatasetTripletCache" SET version = 0')
    page = tables.rows_at_once(acting, query(acting, "datasets", "dt-dt.BAD > 0"))
    assert page.uncounted == 3
    with pytest.raises(Refused, match=r"nobody can say what passes.*db check --repair"):
        tables.matching(acting, query(acting, "datasets", "dt-dt.BAD > 0"))
    # What asks for no summary has all its rows.
    assert len(passing(acting, "datasets", "run > 0")) == 4
    assert tables.rows_at_once(acting, query(acting, "datasets", f"name = {PROMPT}")).uncounted == 0
