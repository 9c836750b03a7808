"""Lumisections that take no part: counted, refused, shown, named and listed alike."""

import numpy as np
import pytest
from sqlalchemy import text

from app.domain.certification.todo import TaskKind
from app.domain.errors import Refused
from app.domain.filters import parse
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import oms_run
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting
from app.services.certification import runs, tables
from app.services.certification.todo import todo
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.plain_folds import plain_datasets, plain_summary

RUN = 390001
ONLINE = (RUN, "online")
COLUMNS = ("csc-csc", "dt-dt", "tracker-pixel", "tracker-strip")


@filled_once
def holed(database: Database) -> None:
    """A run of 80 LS of which OMS doesn't have 11 and 12."""
    configure(database)
    answer = a_run(RUN, 80)
    present = [each for each in answer.lumisections if each["lumisection_number"] not in {11, 12}]
    pull.apply(Acting(database), oms_run(answer.attributes, present))


def found(db: Database, filter_text: str) -> list[int]:
    page = tables.runs_page(Acting(db), TableQuery("runs", filter=parse(filter_text)))
    return [row.run_number for row in page.rows]


def stored(db: Database, key: tuple[int, str] = ONLINE) -> dict:
    with db.read() as connection:
        row = connection.execute(
            text(
                "SELECT triplet_summary, dcs_summary, rr_ranges, dcs_ranges"
                ' FROM "DatasetTripletCache" WHERE run_number = :run AND name = :name'
            ),
            {"run": key[0], "name": key[1]},
        ).one()
        expected = plain_summary(plain_datasets(connection)[key])
    summary = dict(row._mapping)
    assert summary == {name: expected[name] for name in summary}
    return summary


def fill(db: Database, first: int, last: int) -> None:
    wanted = [
        ColumnEdit(RUN, "online", column, (LumiRange(first, last),), Triplet("NOTSET"))
        for column in COLUMNS
    ]
    lumisections.edit_columns(Acting(db, EXPERT), wanted)


def test_that_a_hole_inside_is_empty_in_both_summaries_and_in_the_ranges(holed: Database):
    # The web service's own code over the same rows counts 78 GOOD and 2 EMPTY.
    summary = stored(holed)
    assert summary["triplet_summary"]["dt-dt"] == {
        "GOOD": 78,
        "EMPTY": 2,
        "comments": [],
        "causes": [],
    }
    assert summary["dcs_summary"]["dt0_ready"] == {"TRUE": 78, "FALSE": 0, "NULL": 0, "EMPTY": 2}
    assert summary["dcs_summary"]["ls_duration"] == {"TRUE": 80}
    assert summary["rr_ranges"]["dt-dt"] == {"GOOD": [[1, 10], [13, 80]], "EMPTY": [[11, 12]]}
    assert summary["dcs_ranges"]["dt0_ready"]["EMPTY"] == [[11, 12]]
    assert summary["dcs_ranges"]["all_lumisections"] == {"TRUE": [[1, 80]]}


def test_that_filter_sign_off_and_grid_give_one_answer_for_a_hole(holed: Database):
    assert found(holed, "dt-dt.EMPTY > 0") == [RUN]
    assert found(holed, "dt0_ready.EMPTY = 2") == [RUN]
    with pytest.raises(Refused, match="dt-dt is EMPTY in LS 11-12"):
        runs.move(Acting(holed, EXPERT), RUN, "SIGNOFF")
    state = lumisections.dataset_state(Acting(holed), RUN, "online")
    assert state.rr.value("dt-dt", 11) is None
    assert (np.flatnonzero(~state.participating) + 1).tolist() == [11, 12]


def test_that_a_column_edit_leaves_the_counts_of_a_hole(holed: Database):
    # One that changes no participation rewrites only a part of the row.
    edit = ColumnEdit(*ONLINE, "dt-dt", (LumiRange(3, 4),), Triplet("STANDBY", "trip"))
    lumisections.edit_columns(Acting(holed, EXPERT), [edit])
    assert stored(holed)["triplet_summary"]["dt-dt"] == {
        "GOOD": 76,
        "STANDBY": 2,
        "EMPTY": 2,
        "comments": ["trip"],
        "causes": [],
    }


def test_that_what_oms_does_not_have_is_named_by_the_sign_off_and_listed(holed: Database):
    fill(holed, 11, 12)
    moved = runs.move(Acting(holed, EXPERT), RUN, "SIGNOFF")
    assert moved.text == (
        f"Signed off run {RUN}. 2 datasets now wait for the DQM GUI. LS 11-12 take no part: OMS and"
        " flags don't"
        " both have them."
    )
    (task,) = [
        each
        for each in todo(Acting(holed)).of_kind(TaskKind.LUMISECTIONS)
        if each.dataset == "online"
    ]
    assert task.text.endswith("; LS 11-12 take no part")


def test_that_a_hole_on_both_sides_is_listed_though_the_numbers_agree(holed: Database):
    with begin(holed, [RUN]) as action:
        made = DatasetChange(RUN, "/PromptReco/Collisions2025A/DQM", {"global_state": "OPEN"})
        action.append("x@cern.ch", "by the web service", [made])
    texts = [
        each.text
        for each in todo(Acting(holed)).of_kind(TaskKind.LUMISECTIONS)
        if each.dataset == "online"
    ]
    assert texts == [
        "OMS 78 LS, RR online 78 LS, OMS lumisections 78 LS, luminosity 78 LS;"
        " LS 11-12 take no part"
    ]


def test_that_flags_beyond_the_last_that_takes_part_are_in_no_summary_but_are_named(
    holed: Database,
):
    good = {column: Triplet("GOOD") for column in COLUMNS}
    with begin(holed, [RUN]) as action:
        change = LumisectionChange(*ONLINE, [(good, (LumiRange(81, 90),))])
        action.append("x@cern.ch", "by the web service", [change])
    counts = stored(holed)["triplet_summary"]["dt-dt"]
    assert (counts["GOOD"], counts["EMPTY"]) == (78, 2)
    assert lumisections.dataset_state(Acting(holed), RUN, "online").length == 90
    fill(holed, 11, 12)
    assert "LS 11-12, 81-90 take no part" in runs.move(Acting(holed, EXPERT), RUN, "SIGNOFF").text
    texts = [each.text for each in todo(Acting(holed)).of_kind(TaskKind.LUMISECTIONS)]
    assert any("LS 11-12, 81-90 take no part" in each for each in texts)


def test_that_oms_beyond_the_flags_is_in_no_summary_but_is_named(holed: Database):
    fill(holed, 11, 12)
    with begin(holed, [RUN]) as action:
        more = LumisectionChange(*ONLINE, [({"dt0_ready": True}, (LumiRange(81, 82),))], oms=True)
        action.append("auto@auto", "two more", [more])
    assert stored(holed)["dcs_summary"]["dt0_ready"]["TRUE"] == 78
    assert "LS 11-12, 81-82 take no part" in runs.move(Acting(holed, EXPERT), RUN, "SIGNOFF").text
    texts = [each.text for each in todo(Acting(holed)).of_kind(TaskKind.LUMISECTIONS)]
    assert any("LS 11-12, 81-82 take no part" in each for each in texts)
