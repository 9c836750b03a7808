"""Golden JSONs that others rely on follow from the events, whatever the derived rows say."""

import queue

import pytest

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.database.kept import Kept
from app.models.database.listen import Change, ChangeListener
from app.models.events import states
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import TableQuery
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.golden import generation as golden
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.recount import recounting
from tests.conftest import prepared
from tests.services.offline_runs import FIRST, PROMPT
from tests.services.recount.forged import KEY, execute, forge_state

RULE = {
    "and": [
        {"==": [{"var": "run.rr.class"}, "Collisions25"]},
        {"==": [{"var": "dataset.dt_state"}, "OPEN"]},
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
    ]
}
OF_FIRST = f" WHERE run_number = {FIRST}"
FORGERIES = {
    "Run": """UPDATE "Run" SET rr_attributes = rr_attributes || '{"class": "Cosmics25"}'""",
    "Dataset": """UPDATE "Dataset" SET dataset_attributes = '{"dt_state": "COMPLETED"}'""",
    "hidden": 'UPDATE "Dataset" SET deleted = true',
    "summary": 'UPDATE "DatasetTripletCache" SET brilcalc_recorded_luminosity = 5000',
}
TRUE_LIST = {"390001": [[1, 2], [5, 10]], "390002": [[1, 10]]}


@pytest.fixture
def flagged(acting: Acting) -> Acting:
    """LS 3-4 of the first run aren't good."""
    bad = Triplet("BAD", "hv trip")
    edit_columns(acting, [ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(3, 4),), bad)])
    return acting


def generated(acting: Acting, *, official: bool):
    made = golden.generate(acting, PROMPT, RULE, official=official)
    row = golden.row(acting, made.id)
    return made.id, row.generated_json, row.luminosity


@pytest.mark.parametrize("table", [*FORGERIES, "state"])
def test_that_a_forged_row_changes_no_official_list_and_none_that_is_reproduced(
    flagged: Acting, table: str
) -> None:
    id_, before, sums = generated(flagged, official=True)
    assert before == TRUE_LIST
    if table == "state":
        forge_state(flagged.db, fitting=True)
    else:
        execute(flagged.db, FORGERIES[table] + OF_FIRST)
    golden.forget_seasons(flagged)
    assert golden_reproduce.reproduce(flagged, id_).equal
    _, after, sums_after = generated(flagged, official=True)
    assert (after, sums_after) == (before, pytest.approx(sums))


def test_that_a_list_made_of_forged_rows_is_told_by_reproducing_it(flagged: Acting) -> None:
    forge_state(flagged.db, fitting=True)
    golden.forget_seasons(flagged)
    id_, made, _ = generated(flagged, official=False)
    assert made == {"390001": [[1, 10]], "390002": [[1, 10]]}
    again = golden_reproduce.reproduce(flagged, id_)
    assert not again.equal
    assert "had been forged (db check tells what was found)" in again.reason
    recounting.recount_all(flagged, repair=True)
    golden.forget_seasons(flagged)
    assert generated(flagged, official=False)[1] == TRUE_LIST


def test_that_other_clients_forget_what_they_kept_when_a_count_put_it_right(
    flagged: Acting, season_dsn: str
) -> None:
    forge_state(flagged.db, fitting=True)
    with prepared(season_dsn) as other:
        reader = Acting(other, flagged.actor)
        forged = golden.generate(reader, PROMPT, RULE)
        assert golden.row(reader, forged.id).generated_json["390001"] == [[1, 10]]
        assert forged.remark.startswith("2 of 2 datasets weren't counted again yet")
        # Somebody else puts it right: no event comes, and the reader is told nothing.
        recounting.recount_all(flagged, repair=True)
        right = golden.generate(reader, PROMPT, RULE)
        assert golden.row(reader, right.id).generated_json == TRUE_LIST
        assert right.remark == ""
        with other.read() as connection:
            state = states.load(connection, [KEY], desk=True)[KEY].state
        assert "forged" not in str(state.rr.values)


def test_that_a_reader_of_before_keeps_nothing_false() -> None:
    kept = Kept[str]()
    kept.know("now")
    kept.put("a", "right", 1, ground="now")
    kept.put("b", "read before", 1, ground="before")
    assert (kept.get("a"), kept.get("b")) == ("right", None)
    # A thread that was slower: what it goes on to read is forgotten as soon as the next one comes.
    kept.know("before")
    kept.put("b", "read before", 1, ground="before")
    kept.know("now")
    assert (kept.get("a"), kept.get("b")) == (None, None)


def test_that_windows_hear_that_something_was_put_right(flagged: Acting) -> None:
    heard: queue.Queue[Change | bool] = queue.Queue()
    listener = ChangeListener(flagged.db, heard.put, lambda live, _reason: heard.put(live))
    listener.start()
    try:
        assert heard.get(timeout=60) is True
        forge_state(flagged.db, fitting=True)
        recounting.recount_all(flagged, repair=True)
        assert heard.get(timeout=60) == Change(None)
    finally:
        listener.stop()


@pytest.mark.expected_log("isn't what was written")
def test_that_one_update_of_a_state_changes_nothing_anywhere(flagged: Acting) -> None:
    forge_state(flagged.db, fitting=False)
    golden.forget_seasons(flagged)
    assert generated(flagged, official=False)[1] == TRUE_LIST


@pytest.mark.expected_log("isn't what was written")
def test_that_an_edit_copies_no_forged_state_into_the_summary(flagged: Acting) -> None:
    forge_state(flagged.db, fitting=False)
    edit = ColumnEdit(FIRST, PROMPT, "csc-csc", (LumiRange(1, 1),), Triplet("STANDBY"))
    edit_columns(flagged, [edit])
    (row,) = tables.rows(flagged, "datasets", [KEY])
    assert row.triplet_summary is not None
    assert row.triplet_summary["dt-dt"]["BAD"] == 2
    assert not recounting.recount_all(flagged, repair=False).findings


def test_that_a_list_without_a_desk_is_the_same(flagged: Acting, season_dsn: str) -> None:
    other = Database(season_dsn)
    deskless = Acting(other, flagged.actor)
    assert generated(deskless, official=False)[1] == TRUE_LIST
    other.close()
    assert tables.runs_page(flagged, TableQuery("runs")).count == 2
