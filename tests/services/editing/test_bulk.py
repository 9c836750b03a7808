"""Edits of many columns and datasets: the preview, one version or nothing, conflicts, files."""

import pytest
from sqlalchemy import text

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import BadInput, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import change_files, lumisections
from app.services.editing.bulk import ChangedMeanwhile
from app.services.history import look as history
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.models.events.test_event_log import check_folds

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
DT_EXPERT = Actor("dt@cern.ch", frozenset({"dt-experts"}))
GOOD = Triplet("GOOD")
BAD = Triplet("BAD", "HV trip", "hv")
RULE = {
    "and": [
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"==": [{"var": "lumisection.oms.dt0_ready"}, True]},
    ]
}


def pull_runs(database: Database) -> None:
    """Two open runs of 10 LS on the small configuration."""
    configure(database)
    for run in (RUN, RUN + 1):
        pull.apply(Acting(database), a_run(run, 10))


@filled_once
def online(database: Database) -> None:
    """Those runs, open."""
    pull_runs(database)


@filled_once
def offline(database: Database) -> None:
    """Both runs signed off; the offline datasets of the first are open everywhere."""
    pull_runs(database)
    for run in (RUN, RUN + 1):
        bulk_edit.write(Acting(database, EXPERT), [column(run, "online", "dt-dt", GOOD, 1, 10)])
        runs.move(Acting(database, EXPERT), run, "SIGNOFF")
    datasets.move(Acting(database, EXPERT), [(RUN, PROMPT), (RUN, EXPRESS)], "global", "OPEN")


def column(run: int, dataset: str, name: str, to: Triplet, first: int, last: int) -> ColumnEdit:
    return ColumnEdit(run, dataset, name, (LumiRange(first, last),), to)


def versions(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(text('SELECT count(*) FROM "Version"')).scalar_one()


def statuses(db: Database, dataset: str, name: str, run: int = RUN) -> list[str]:
    rr = lumisections.dataset_state(Acting(db), run, dataset).rr
    return [(rr.value(name, number) or EMPTY_TRIPLET).status for number in range(1, 11)]


# --- preview --------------------------------------------------------------------------------------


def test_that_a_preview_says_from_what_to_what_and_writes_nothing(online: Database):
    before = versions(online)
    edits = [
        column(RUN, "online", "dt-dt", BAD, 2, 4),
        column(RUN, "online", "hcal-hcal", GOOD, 4, 5),
        BitEdit(RUN + 1, "online", "dt0_ready", (LumiRange(1, 2),), value=False),
    ]
    preview = bulk_edit.preview(Acting(online, EXPERT), edits, comment="because")
    assert [(c.run_number, c.key, c.before, c.after, c.ranges) for c in preview.changes] == [
        (RUN, "dt-dt", GOOD, BAD, (LumiRange(2, 4),)),
        (RUN, "hcal-hcal", EMPTY_TRIPLET, GOOD, (LumiRange(4, 5),)),
        (RUN + 1, "dt0_ready", True, False, (LumiRange(1, 2),)),
    ]
    assert [(e.run_number, e.cells, e.lumisections) for e in preview.datasets] == [
        (RUN, 5, 4),
        (RUN + 1, 2, 2),
    ]
    assert preview.datasets[0].recorded == pytest.approx(4 * 0.3 + (2 + 3 + 4 + 5) * 1e-4)
    assert (preview.cells, preview.lumisections) == (7, 6)
    assert versions(online) == before


def test_that_a_preview_says_what_leaves_and_enters_the_golden_json(offline: Database):
    bulk_edit.write(Acting(offline, EXPERT), [column(RUN, PROMPT, "dt-dt", BAD, 1, 2)])
    edits = [
        column(RUN, PROMPT, "dt-dt", GOOD, 1, 1),
        column(RUN, PROMPT, "dt-dt", BAD, 8, 10),
    ]
    golden = bulk_edit.preview(Acting(offline, EXPERT), edits, rule=RULE).golden
    assert golden is not None
    assert golden.entering == {RUN: (LumiRange(1, 1),)}
    assert golden.leaving == {RUN: (LumiRange(8, 10),)}
    assert (golden.lumisections_entering, golden.lumisections_leaving) == (1, 3)
    assert golden.recorded_leaving == pytest.approx(3 * 0.3 + 27e-4)


def test_that_bits_of_online_show_their_effect_on_the_offline_datasets(offline: Database):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    edit = BitEdit(RUN, "online", "dt0_ready", (LumiRange(3, 4),), value=False)
    golden = bulk_edit.preview(Acting(offline, EXPERT), [edit], comment="because", rule=RULE).golden
    assert golden is not None
    assert golden.leaving == {RUN: (LumiRange(3, 4),)}


def test_that_a_preview_tells_every_refusal_with_its_line(offline: Database):
    edits = [
        column(RUN, PROMPT, "dt-dt", BAD, 2, 4),
        column(RUN, PROMPT, "csc-csc", BAD, 2, 4),
        column(RUN, PROMPT, "dt-dt", BAD, 9, 11),
        column(RUN + 1, PROMPT, "dt-dt", BAD, 2, 4),
        column(RUN + 2, PROMPT, "dt-dt", BAD, 2, 4),
        column(RUN, PROMPT, "dt-dt", Triplet("BAD"), 2, 4),
    ]
    preview = bulk_edit.preview(Acting(offline, DT_EXPERT), edits)
    said = {line.place: str(line.refused) for line in preview.refused}
    assert said.keys() == {1, 2, 3, 4, 5}
    assert "csc-csc" in said[1]
    assert "outside" in said[2]
    assert "waiting dqm gui" in said[3]
    assert "not in the Run Registry" in said[4]
    assert "needs a comment" in said[5]


# --- writing --------------------------------------------------------------------------------------


def test_that_many_edits_are_one_version_and_columns_that_share_ranges_one_event(offline: Database):
    edits = [
        column(RUN, dataset, name, BAD, 2, 4)
        for dataset in (PROMPT, EXPRESS)
        for name in ("dt-dt", "csc-csc")
    ]
    before = versions(offline)
    written = bulk_edit.write(Acting(offline, EXPERT), edits, comment="detector off")
    assert (written.cells, written.datasets, versions(offline)) == (12, 2, before + 1)
    with offline.read() as connection:
        events = connection.execute(
            text(
                'SELECT name, jsonb FROM "LumisectionEvent" JOIN "Event" USING (version)'
                ' JOIN "JSONBDeduplication" d ON d.id = lumisection_metadata_id'
                " WHERE atomic_version = :version ORDER BY name"
            ),
            {"version": written.version},
        ).all()
    assert [(name, sorted(payload)) for name, payload in events] == [
        (EXPRESS, ["csc-csc", "dt-dt"]),
        (PROMPT, ["csc-csc", "dt-dt"]),
    ]
    check_folds(offline)


def test_that_one_refused_line_stops_all_unless_it_is_left_out(offline: Database):
    edits = [
        column(RUN, PROMPT, "dt-dt", BAD, 2, 4),
        column(RUN, PROMPT, "csc-csc", BAD, 2, 4),
    ]
    before = versions(offline)
    with pytest.raises(NotPermitted, match="csc-csc"):
        bulk_edit.write(Acting(offline, DT_EXPERT), edits)
    assert versions(offline) == before
    written = bulk_edit.write(Acting(offline, DT_EXPERT), edits, leave_out_refused=True)
    assert [line.place for line in written.left_out] == [1]
    assert statuses(offline, PROMPT, "dt-dt")[1:4] == ["BAD"] * 3


def test_that_a_cancelled_edit_leaves_nothing_behind(offline: Database):
    edits = [column(RUN, PROMPT, "dt-dt", BAD, 2, 4)]
    before = versions(offline)
    shares: list[float] = []
    with pytest.raises(Cancelled):
        bulk_edit.write(
            Acting(offline, EXPERT),
            edits,
            progress=Progress(shares.append, lambda: bool(shares) and shares[-1] >= 0.5),
        )
    assert versions(offline) == before
    assert shares == sorted(shares)
    bulk_edit.write(Acting(offline, EXPERT), edits)
    check_folds(offline)


# --- somebody else meanwhile ----------------------------------------------------------------------


def test_that_both_values_are_shown_and_the_person_chooses_range_by_range(online: Database):
    seen = {(RUN, "online"): history.look(Acting(online), RUN, "online").seen}
    theirs = Triplet("STANDBY", "ramp")
    bulk_edit.write(Acting(online, SHIFTER), [column(RUN, "online", "dt-dt", theirs, 2, 3)])
    bulk_edit.write(Acting(online, SHIFTER), [column(RUN, "online", "dt-dt", theirs, 8, 8)])
    mine = [column(RUN, "online", "dt-dt", BAD, 1, 10)]
    with pytest.raises(ChangedMeanwhile, match=r"shifter@cern.ch") as refused:
        bulk_edit.write(Acting(online, EXPERT), mine, seen=seen)
    first, second = refused.value.cells
    assert (first.ranges, first.seen, first.now, first.new, first.by) == (
        (LumiRange(2, 3),),
        GOOD,
        theirs,
        BAD,
        SHIFTER.email,
    )
    assert second.ranges == (LumiRange(8, 8),)
    preview = bulk_edit.preview(Acting(online, EXPERT), mine, seen=seen)
    assert preview.conflicts == refused.value.cells
    chosen = bulk_edit.resolved(mine, preview.conflicts, [True, False])
    bulk_edit.write(Acting(online, EXPERT), chosen, seen=preview.seen)
    assert statuses(online, "online", "dt-dt") == ["BAD", "STANDBY", "STANDBY"] + ["BAD"] * 7


def test_that_agreement_and_a_change_of_other_cells_are_no_conflict(online: Database):
    seen = {(RUN, "online"): history.look(Acting(online), RUN, "online").seen}
    bulk_edit.write(Acting(online, SHIFTER), [column(RUN, "online", "dt-dt", BAD, 2, 3)])
    bulk_edit.write(Acting(online, EXPERT), [column(RUN, "online", "dt-dt", BAD, 2, 4)], seen=seen)
    bulk_edit.write(
        Acting(online, EXPERT), [column(RUN, "online", "csc-csc", BAD, 2, 4)], seen=seen
    )


def test_that_a_bit_changed_through_online_is_a_conflict_of_an_offline_dataset(offline: Database):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    seen = {(RUN, PROMPT): history.look(Acting(offline), RUN, PROMPT).seen}
    online_edit = BitEdit(RUN, "online", "dt0_ready", (LumiRange(3, 4),), value=False)
    bulk_edit.write(Acting(offline, EXPERT), [online_edit], comment="off")
    mine = BitEdit(RUN, PROMPT, "dt0_ready", (LumiRange(4, 5),), value=True)
    preview = bulk_edit.preview(Acting(offline, EXPERT), [mine], comment="it was on", seen=seen)
    assert [(c.ranges, c.seen, c.now) for c in preview.conflicts] == [
        ((LumiRange(4, 4),), True, False)
    ]
    mine = BitEdit(RUN, PROMPT, "dt0_ready", (LumiRange(2, 4),), value=False)
    assert (
        bulk_edit.preview(Acting(offline, EXPERT), [mine], comment="it was on", seen=seen).conflicts
        == ()
    )


# --- files of changes -----------------------------------------------------------------------------

FILE = f"""run,dataset,column,first LS,last LS,status,comment,cause
{RUN},{PROMPT},dt-dt,2,4,BAD,HV trip,hv
{RUN},{PROMPT},dt-dt,2,3,BAD,HV trip,hv
{RUN},{PROMPT},dt-dt,9,12,BAD,HV trip,hv
{RUN},{PROMPT},dt-dt,9,8,BAD,HV trip,hv
{RUN},{PROMPT},dt0_ready,1,1,false,no power,
"""


def test_that_a_dry_run_of_a_file_reports_every_line(offline: Database):
    before = versions(offline)
    report = change_files.preview(Acting(offline, EXPERT), FILE)
    assert [(line.number, line.outcome) for line in report.lines] == [
        (2, "ok"),
        (3, "no change"),
        (4, "refused"),
        (5, "refused"),
        (6, "ok"),
    ]
    assert report.text == "5 lines: 2 ok, 1 no change, 2 refused."
    assert "greater than" in str(report.lines[3].refused)
    assert versions(offline) == before


def test_that_a_file_is_written_whole_or_without_its_refused_lines(offline: Database):
    before = versions(offline)
    with pytest.raises(BadInput, match="Line 5: The first LS 9"):
        change_files.write(Acting(offline, EXPERT), FILE)
    with pytest.raises(Refused, match="Line 4: LS 9-12 is outside"):
        change_files.write(Acting(offline, EXPERT), FILE.replace(",9,8,", ",8,9,"))
    assert versions(offline) == before
    written = change_files.write(Acting(offline, EXPERT), FILE, leave_out_refused=True)
    assert written.cells == 4
    assert "1 line can't be read" in written.text
    assert versions(offline) == before + 1
    assert statuses(offline, PROMPT, "dt-dt")[1:4] == ["BAD"] * 3
    check_folds(offline)


def test_that_the_same_edits_go_to_all_or_some_lumisections_of_many_datasets(offline: Database):
    keys = [(RUN, PROMPT), (RUN, EXPRESS)]
    acting = Acting(offline, EXPERT)
    length = lumisections.dataset_state(acting, RUN, PROMPT).length
    whole = bulk_edit.same_edits(acting, keys, ["dt-dt"], BAD)
    assert {(e.dataset, e.ranges) for e in whole} == {
        (PROMPT, (LumiRange(1, length),)),
        (EXPRESS, (LumiRange(1, length),)),
    }
    some = bulk_edit.same_edits(acting, keys, ["dt0_ready"], False, (LumiRange(2, 3),))
    assert some == [BitEdit(*key, "dt0_ready", (LumiRange(2, 3),), value=False) for key in keys]
