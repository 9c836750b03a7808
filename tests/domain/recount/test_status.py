"""How complete and how fresh what is derived is, in sentences."""

from dataclasses import replace
from datetime import UTC, datetime

from app.domain.recount.status import Finding, Recounted, Standing

AT = datetime(2025, 5, 1, 10, 0, tzinfo=UTC)
FINDING = Finding("desk.lumisection_state", 7, "online", "dt-dt", "1-4", "BAD", "GOOD", "puller")
STANDING = Standing(10, 10, 9, 1, 10, 50, 49, AT, AT, keeps_marks=True)


def test_that_a_finding_says_what_where_and_what_became_of_it():
    assert FINDING.text == (
        "desk.lumisection_state, run 7, online: dt-dt, LS 1-4 was GOOD; the events say BAD."
        " It is right again."
    )
    of_run = replace(FINDING, table="Run", name="", part="rr.class", lumisections="")
    assert of_run.text.startswith("Run, run 7: rr.class was GOOD;")
    assert replace(FINDING, repaired=False).text.endswith("It isn't repaired.")
    assert FINDING.line == FINDING.text
    assert replace(FINDING, at=AT).line == f"2025-05-01 10:00 UTC, puller: {FINDING.text}"
    assert "more of this row" in replace(FINDING, part="more").text


def test_that_steps_add_up():
    both = Recounted(2, 1, (FINDING,), (7,), (), True) + Recounted(3, failed=("run 8: deep",))
    assert both == Recounted(5, 1, (FINDING,), (7,), ("run 8: deep",), False)
    assert both.text == (
        "5 rows counted again, 1 brought up to date, 1 false value found. Not counted: run 8: deep."
    )
    assert Recounted(1).text == "1 row counted again, 0 brought up to date, 0 false values found."


def test_that_the_standing_is_told_in_sentences():
    assert STANDING.lines == (
        "9 of 10 datasets were counted since their last change.",
        "Summaries of 1 are missing or old; the quick copy of the lumisections has 10.",
        "The newest version written is 50, the newest counted is 49.",
        "The last count was at 2025-05-01 10:00 UTC; every dataset was counted, the oldest count"
        " is of 2025-05-01 10:00 UTC.",
        "No false value was found so far.",
    )
    half = replace(STANDING, counted_once=5, unconfirmed=3, findings_number=2)
    assert "50% of the datasets were counted," in half.lines[3]
    assert half.lines[4].startswith("3 rows that people's clients computed wait for")
    assert half.lines[5] == "2 false values found so far:"
    assert "Nothing was counted again yet." in replace(STANDING, last=None).lines
    assert Standing(10, stale=4).lines[0] == "Summaries of 6 of 10 datasets are up to date."
