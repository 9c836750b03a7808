"""Reports as of a version: what they say, and that the same version is the same page."""

import csv
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.certification.cycles import CycleEntry, keys_at
from app.domain.errors import BadInput, NotFound
from app.domain.keys import ONLINE
from app.domain.lumisections import LUMISECTION_S, LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.reports.document import Sentence, Table
from app.domain.triplets import Triplet
from app.models.events import event_positions
from app.services import notes
from app.services.acting import Acting
from app.services.certification import cycles, datasets, runs, second_eyes
from app.services.editing.lumisections import BitEdit, ColumnEdit, edit_bits, edit_columns
from app.services.golden import generation as golden
from app.services.golden.luminosity import import_brilcalc
from app.services.pulling import runs as pull
from app.services.reports import call, era, page, shift
from app.services.reports.moment import end_of, moment_of, named, start_of, time_named
from benchmarks import web_season
from benchmarks.production import plans
from tests.builders import EXPERT, a_run, configure
from tests.services import certified_in_may
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    number_of_a_slow_event,
    sign_off_runs,
)

DT_GOOD = {
    "and": [
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"!=": [{"var": "lumisection.oms.dtm_ready"}, False]},
    ]
}
RULE = ("dt", DT_GOOD)
RULES = [call.NamedRule("golden", DT_GOOD)]
BEGIN = datetime(2025, 5, 1, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\x1b[2J & \u202eabc"


@pytest.fixture
def season(server):
    """An expert on a fresh copy of them."""
    with server.opened(
        server.template(certified_in_may.TEMPLATE, certified_in_may.fill)
    ) as database:
        yield Acting(database, EXPERT)


def flag_dt(acting, status, first, last, *, name=PROMPT, run=FIRST, why="HV trip"):
    edit = ColumnEdit(run, name, "dt-dt", (LumiRange(first, last),), Triplet(status, why))
    edit_columns(acting, [edit], comment=f"dt {status}")


def shift_of(acting, moment, since=BEGIN):
    return shift.report(acting, moment, shift.period_of(acting, moment, since, None))


def era_of(acting, moment, pattern="/PromptReco/%"):
    return era.report(acting, moment, pattern, RULE)


def all_pages(acting, moment):
    return [
        page.html_of(made)
        for made in (
            shift_of(acting, moment),
            call.report(acting, moment, RULES),
            era_of(acting, moment),
        )
    ]


def section(report, title):
    """The blocks of a section, tables as lists of rows, everything else as its text."""
    (found,) = (each for each in report.sections if each.title == title)
    said = []
    for block in found.blocks:
        if isinstance(block, Table):
            said += [dict(zip(block.heads, row, strict=True)) for row in block.rows]
        elif isinstance(block, Sentence):
            said.append(block.text)
    return said


def test_that_the_same_version_is_the_same_page_whatever_is_written_later(season):
    flag_dt(season, "BAD", 2, 4)
    notes.add(season, FIRST, PROMPT, (LumiRange(2, 4),), "See elog.")
    now = moment_of(season)
    made = all_pages(season, now)
    flag_dt(season, "GOOD", 3, 3, why="no trip")
    datasets.move(season, [(FIRST, PROMPT)], "dt", "SIGNOFF")
    runs.move(season, FIRST, "OPEN")
    flag_dt(season, "STANDBY", 1, 10, name=ONLINE)
    pull.apply(season, a_run(FIRST + 5, 12))
    web_season.edit(season.db, SECOND, 3)  # which writes no event of the dataset
    notes.add(season, SECOND, "", (), "Reopened.")
    cycles.add(season, cycles.all_cycles(season)[0].id, [(FIRST, "/Express/Collisions2025/DQM")])
    golden.forget_seasons(season)
    assert all_pages(season, now) == made
    assert all_pages(season, moment_of(season)) != made


def test_that_a_version_that_is_named_counts_notes_up_to_its_time(season):
    newest = moment_of(season)
    flag_dt(season, "BAD", 2, 4)
    notes.add(season, FIRST, "", (), "Later than the version.")
    then = moment_of(season, newest.version)
    assert then.version == newest.version
    assert section(shift_of(season, then), "Notes") == ["There is no note."]
    assert "Later than" in section(shift_of(season, moment_of(season)), "Notes")[0]["Text"]


def test_that_an_older_version_isn_t_settled_while_a_slow_writer_may_have_a_smaller_one(season):
    flag_dt(season, "BAD", 2, 4)
    old = moment_of(season).version
    with season.db.transaction() as slow:
        number_of_a_slow_event(slow)
        for first in (5, 6):
            flag_dt(season, "BAD", first, first)
        newest = moment_of(season)
        then = moment_of(season, newest.version - 1)
        assert not newest.settled
        assert not then.settled
        assert "Still being written" in dict(shift_of(season, then).basis)
        for _ in range(event_positions.LATE_VERSIONS):
            number_of_a_slow_event(slow)
        flag_dt(season, "BAD", 7, 7)
        assert moment_of(season, old).settled
    assert moment_of(season).settled
    assert moment_of(season, then.version).settled


def test_that_a_moment_is_a_version_a_day_or_a_minute():
    assert named("812") == 812
    assert named("2025-08-18") == datetime(2025, 8, 19, tzinfo=UTC)
    assert named(" ") is None
    with pytest.raises(BadInput, match=r"Last call: .*is no moment"):
        named("yesterday", "Last call")
    assert time_named("2025-08-18", "From") == datetime(2025, 8, 18, tzinfo=UTC)
    assert time_named("2025-08-18T07:00", "From") == datetime(2025, 8, 18, 7, tzinfo=UTC)
    assert time_named("", "From") is None
    with pytest.raises(BadInput, match="is no time"):
        time_named("soon", "From")


def test_that_a_database_without_a_version_has_no_report(database):
    with pytest.raises(NotFound, match="Nothing was written"):
        moment_of(Acting(database))


def test_that_a_shift_tells_its_runs_flags_sign_offs_and_notes(season):
    flag_dt(season, "BAD", 2, 4)
    notes.add(season, FIRST, "", (), "The beam was dumped early.")
    bits = BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(5, 6),), False)
    edit_bits(season, [bits], comment="off in the logbook")
    report = shift_of(season, moment_of(season))
    (said, *rows) = section(report, "Runs taken")
    assert said.startswith("2 runs, 20 LS, 6.")
    assert rows[0]["Run"] == str(FIRST)
    assert rows[0]["Fill"] == "10500"
    assert rows[0]["Beam"] == "stable, 6800 GeV"
    flagged = [
        (row["LS"], row["Status"], row["By"])
        for row in section(report, "Flags set by people")
        if row["Why"] == "HV trip"
    ]
    assert flagged == [("2-4", "BAD", EXPERT.email)]
    (bit,) = section(report, "DCS bits set by people")
    assert (bit["Bits"], bit["LS"]) == ("bpix_ready false", "5-6")
    assert "off in the logbook" in bit["Why"]
    moves = section(report, "Sign-offs and moves")
    assert {row["Moved to"] for row in moves} >= {"SIGNOFF"}
    assert section(report, "Notes")[0]["Text"] == "The beam was dumped early."
    assert section(report, "Open questions") == ["Nothing is open."]


def test_that_a_shift_looks_at_the_runs_of_its_time_and_not_at_all_there_are(season):
    with plans.watched() as statements:
        shift_of(season, moment_of(season))
    (asked,) = (each for each in statements.seen if "'start_time' <" in each)
    with season.db.read() as connection:
        # All runs of a season fit into a page, which no server would look up elsewhere.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {asked}", statements.given[asked]).scalars()
        assert "Index Cond: (((oms_attributes ->> 'start_time'" in "".join(plan)


def test_that_a_shift_asks_what_is_open(season):
    runs.move(season, FIRST, "OPEN")
    pull.apply(season, a_run(FIRST + 5, 12, end_time=None))
    flag_dt(season, "BAD", 2, 4, name=ONLINE)
    other = Acting(season.db, type(EXPERT)("other@cern.ch", EXPERT.egroups))
    flag_dt(other, "GOOD", 4, 6, name=ONLINE, why="")
    asked = section(shift_of(season, moment_of(season)), "Open questions")
    told = {(row["Run"], row["What"]) for row in asked}
    assert {(str(FIRST), "Not signed off"), (str(FIRST + 5), "Running")} <= told
    (conflict,) = (row["Details"] for row in asked if row["What"] == "Disagreement")
    assert conflict == (f"dt-dt of online, LS 4: {EXPERT.email} said BAD, then other@cern.ch GOOD")


def test_that_the_last_eight_hours_of_data_are_meant_where_no_time_is_named(season):
    moment = moment_of(season)
    period = shift.period_of(season, moment, None, None)
    assert period.text == "2025-05-01 06:01 UTC to 2025-05-01 14:01 UTC"
    assert shift.period_of(season, moment, BEGIN, None).until == BEGIN + timedelta(hours=8)
    with pytest.raises(BadInput, match="before it begins"):
        shift.period_of(season, moment, BEGIN, BEGIN)
    with pytest.raises(BadInput, match="a week at most"):
        shift.period_of(season, moment, BEGIN, BEGIN + timedelta(days=8))


@pytest.mark.parametrize(
    "times",
    [
        {"start_time": "0001-01-01T00:00:00+14:00"},
        {"start_time": "9999-12-31T23:59:59Z", "end_time": None},
        {"start_time": 7},
        {"start_time": "2025-05-01T10:00:00", "end_time": "soon", "ls_duration": 1e300},
    ],
)
def test_that_times_and_lengths_that_can_t_be_are_none(times):
    assert start_of({"start_time": "2025-05-01T10:00:00"}) == datetime(2025, 5, 1, 10, tzinfo=UTC)
    end = end_of(times, 2)
    assert end is None or end == datetime(2025, 5, 1, 10, tzinfo=UTC) + timedelta(
        seconds=2 * LUMISECTION_S
    )


def test_that_a_shift_without_runs_says_so(season):
    report = shift_of(season, moment_of(season), BEGIN - timedelta(days=90))
    assert section(report, "Runs taken") == ["No run was taken in this time."]
    assert report.plots == ()


def test_that_a_call_tells_what_is_certified_lost_and_left(season):
    flag_dt(season, "BAD", 2, 4)
    datasets.move(season, [(SECOND, PROMPT)], "dt", "COMPLETED")
    report = call.report(season, moment_of(season), RULES)
    listed = section(report, "Cycle May")
    assert (listed[0]["List"], listed[0]["LS"]) == ("golden", "17")
    assert listed[-1]["LS"] == "20"
    lost = section(report, "Lost for golden")
    assert {"Sub-system": "dt", "LS": "3"}.items() <= lost[1].items()
    (worst,) = section(report, "Runs that lost most")
    assert (worst["Run"], worst["LS lost"]) == (str(FIRST), "3")
    left = {row["Workspace"]: row for row in section(report, "Left to do") if "Workspace" in row}
    assert (left["dt"]["OPEN"], left["dt"]["COMPLETED"]) == ("1", "1")
    assert left["csc"]["OPEN"] == "2"


def test_that_a_lumisection_of_two_datasets_of_a_run_counts_once_in_a_call(season):
    both = [(FIRST, PROMPT), (FIRST, EXPRESS)]
    made = cycles.create(season, "Both", date(2031, 1, 1), ["dt"], both)
    listed = section(call.report(season, moment_of(season), RULES, cycle=made.id), "Cycle Both")
    assert (listed[-1]["Runs"], listed[-1]["LS"]) == ("1", "10")


def test_that_a_call_tells_what_was_verified_at_its_moment(season):
    other = Acting(season.db, type(EXPERT)("other@cern.ch", EXPERT.egroups))

    def told(moment):
        left = section(call.report(season, moment, RULES), "Left to do")
        rows = {row["Workspace"]: row["verified"] for row in left if "Workspace" in row}
        return rows["dt"], rows["csc"], next(each for each in left if "second person" in each)

    nothing = "0 of 2 datasets are verified as a whole by a second person."
    flag_dt(season, "BAD", 2, 4)
    assert told(moment_of(season)) == ("0", "0", nothing)
    second_eyes.verify(other, [(FIRST, PROMPT)], "dt")
    second_eyes.verify(other, [(SECOND, PROMPT)])
    before = moment_of(season)
    whole = "1 of 2 datasets is verified as a whole by a second person."
    assert told(before) == ("2", "1", whole)
    flag_dt(season.because("seen again"), "GOOD", 2, 4)
    assert told(moment_of(season)) == ("1", "1", whole)
    assert told(before) == ("2", "1", whole)


def test_that_a_call_tells_what_changed_since_the_last_one_and_who_did_it(season):
    before = moment_of(season)
    flag_dt(season, "BAD", 2, 4)
    report = call.report(season, moment_of(season), RULES, since=before.version)
    said = section(report, "Changed since the last call")
    assert f"version {before.version}" in said[0]
    assert "lost 3 LS" in said[1]
    (row,) = said[2:]
    assert {"What": "dt-dt", "Before": "GOOD", "Now": "BAD", "LS lost": "3"}.items() <= row.items()
    assert row["By"] == EXPERT.email
    again = call.report(season, moment_of(season), RULES, since=moment_of(season).version)
    assert section(again, "Changed since the last call")[1] == "Nothing changed."
    with pytest.raises(NotFound, match="later than the report"):
        call.report(season, before, RULES, since=moment_of(season).version)


def test_that_a_call_without_a_pending_cycle_says_so(database):
    sign_off_runs(database, FIRST)
    acting = Acting(database, EXPERT)
    report = call.report(acting, moment_of(acting), RULES)
    assert section(report, "Cycles") == ["No cycle was pending."]


def test_that_a_cycle_holds_what_it_held_then():
    at = datetime(2025, 5, 1, tzinfo=UTC)
    added = CycleEntry(at, "x", "datasets added", {"datasets": [[2, "b"]]})
    gone = CycleEntry(at + timedelta(1), "x", "datasets taken out", {"datasets": [[1, "a"], "?"]})
    now = {(2, "b"), (3, "c")}
    assert keys_at(now, [gone, added], at + timedelta(2)) == now
    assert keys_at(now, [gone, added], at) == {(1, "a"), (2, "b"), (3, "c")}
    assert keys_at(now, [gone, added], at - timedelta(1)) == {(1, "a"), (3, "c")}


def test_that_an_era_tells_its_luminosity_and_efficiency(season):
    flag_dt(season, "BAD", 2, 4)
    report = era_of(season, moment_of(season))
    (row,) = section(report, "Luminosity")
    stored = golden.generate(season, "/PromptReco/%", DT_GOOD).selection
    assert (row["Era"], row["Runs"], row["LS certified"]) == ("Collisions2025A", "2", "17")
    assert row["Certified /pb"] == f"{stored.in_json.recorded:.4g}"
    efficiency = [
        each for each in section(report, "Efficiency of certification") if "Sub-system" in each
    ]
    assert efficiency[0]["Sub-system"] == "dt"
    assert [plot.key for plot in report.plots] == ["accumulated", "days", "efficiency"]


def test_that_an_era_that_is_not_there_is_named(season):
    with pytest.raises(NotFound, match=r"matched \"/PromptReco/\*\".*%, not \*"):
        era_of(season, moment_of(season), "/PromptReco/*")


def test_that_an_era_without_luminosity_says_so(database):
    configure(database)
    acting = Acting(database, EXPERT)
    without = {n: {"recorded": None, "delivered": None} for n in range(1, 11)}
    pull.apply(acting, a_run(FIRST, 10, changed=without, start_time=None))
    report = era_of(acting, moment_of(acting), ONLINE)
    said = section(report, "Luminosity")
    assert said[0].startswith("No luminosity is stored")
    assert f"no start of runs {FIRST}" in said[1]
    assert "Nothing to draw" in page.html_of(report)


def test_that_what_others_wrote_is_text_in_a_page(season):
    flag_dt(season, "BAD", 2, 4, why=HOSTILE)
    notes.add(season, FIRST, "", (), HOSTILE)
    html = page.html_of(shift_of(season, moment_of(season)))
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;alert(1)") == 2
    assert "<script" not in page.markup_of(shift_of(season, moment_of(season)))


def test_that_a_page_needs_no_other_file(season):
    for html in all_pages(season, moment_of(season)):
        assert "<link" not in html
        assert " src=" not in html
        assert "default-src 'none'" in html


def test_that_a_report_is_cancelled(season):
    with pytest.raises(Cancelled):
        era.report(season, moment_of(season), "/PromptReco/%", RULE, Progress(None, lambda: True))


def measured_by_brilcalc(file):
    """Run, LS, time, delivered and recorded luminosity, as brilcalc says."""
    with file.open() as lines:
        for row in csv.reader(lines):
            if not row[0].startswith("#"):
                at = datetime.strptime(row[2], "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
                yield (
                    int(row[0].split(":")[0]),
                    int(row[1].split(":")[0]),
                    at,
                    *map(float, row[5:7]),
                )


def test_that_an_era_adds_up_to_the_sums_of_brilcalc(database, shared_data):
    file = shared_data / "data" / "brilcalc" / "coffea_lumi_small_2017_byls.csv"
    rows = list(measured_by_brilcalc(file))
    configure(database)
    acting = Acting(database, EXPERT)
    for run in sorted({row[0] for row in rows}):
        of_run = {ls: at for number, ls, at, *_ in rows if number == run}
        first, last = min(of_run), max(of_run)
        begin = of_run[first] - timedelta(seconds=LUMISECTION_S * (first - 1))
        nothing = {n: {"recorded": None, "delivered": None} for n in range(1, last + 1)}
        times = {
            "start_time": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{of_run[last]:%Y-%m-%dT%H:%M:%SZ}",
        }
        pull.apply(acting, a_run(run, last, changed=nothing, **times))
        edit_columns(
            acting,
            [ColumnEdit(run, ONLINE, "dt-dt", (LumiRange(1, 100),), Triplet("BAD", "trip"))],
        )
    import_brilcalc(acting, file)
    moment = moment_of(acting)
    eras, whole = era.figures(acting, moment, ONLINE, DT_GOOD)
    delivered, recorded = sum(row[3] for row in rows), sum(row[4] for row in rows)
    certified = sum(row[4] for row in rows if row[1] > 100)
    assert whole.total.delivered == pytest.approx(delivered, rel=1e-12)
    assert whole.total.recorded == pytest.approx(recorded, rel=1e-12)
    assert whole.total.certified == pytest.approx(certified, rel=1e-12)
    assert eras[0].sums == whole.total
    assert eras[0].selection.in_json.recorded == pytest.approx(certified, rel=1e-12)
    by_day = {}
    for _, _, at, _, of_ls in rows:
        by_day[at.date()] = by_day.get(at.date(), 0.0) + of_ls
    found = {datetime.fromtimestamp(day, UTC).date(): sums.recorded for day, sums in whole.days}
    assert len(found) == 2
    one_lumisection = 0.2
    assert found == pytest.approx(by_day, abs=one_lumisection)
