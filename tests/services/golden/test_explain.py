"""Why lumisections are in or out, now and as a stored list saw them."""

import pytest

from app.domain.errors import NotFound
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing.lumisections import BitEdit, ColumnEdit, edit_bits, edit_columns
from app.services.golden import explain as golden_explain
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.conftest import filled_once
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, open_all, sign_off_runs

DT = "lumisection.rr.dt-dt"
BPIX = "lumisection.oms.bpix_ready"
ENERGY = "run.oms.energy"
CLASS = "run.rr.class"
STATE = "dataset.dt_state"
RULE = {
    "and": [
        {">=": [{"var": ENERGY}, 6000]},
        {"==": [{"var": CLASS}, "Collisions25"]},
        {"==": [{"var": STATE}, "OPEN"]},
        {"==": [{"var": DT}, "GOOD"]},
        {"==": [{"var": BPIX}, True]},
    ]
}


@filled_once
def season(database: Database) -> None:
    """A run with open offline datasets; the expert set dt BAD in LS 3-4 and a bit false in 4-5."""
    sign_off_runs(database, FIRST)
    open_all(database, FIRST)
    bad = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(3, 4),), Triplet("BAD", "hv trip"))
    edit_columns(Acting(database, EXPERT), [bad], comment="checked the plots")
    edit_bits(
        Acting(database, EXPERT),
        [BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(4, 5),), False)],
        comment="off in the logbook",
    )


def test_that_each_value_is_shown_with_who_set_it(season):
    question = golden_explain.question_now(RULE, PROMPT)
    (explained,) = golden_explain.explain_lumisection(Acting(season), question, FIRST, 4)

    assert (explained.good, explained.absent) == (False, "")
    deciding = [leaf for leaf in explained.tree.leaves if leaf.deciding]
    assert [value[:2] for leaf in deciding for value in leaf.values] == [(DT, "BAD"), (BPIX, False)]
    assert (explained.set_by[DT].action.comment, explained.set_by[DT].by_hand) == (
        "checked the plots",
        True,
    )
    assert explained.set_by[DT].action.author == EXPERT.email
    assert "off in the logbook" in explained.set_by[BPIX].action.comment
    assert (explained.set_by[ENERGY].action.author, explained.set_by[ENERGY].by_hand) == (
        "auto@auto",
        False,
    )
    assert explained.set_by[CLASS].action.comment == f"run {FIRST} creation"
    assert explained.set_by[STATE].action.author == EXPERT.email
    (good,) = golden_explain.explain_lumisection(Acting(season), question, FIRST, 1)
    assert good.good
    assert good.set_by[DT].action.author == "auto@auto"


def test_that_a_stored_list_is_explained_as_it_was_made(season):
    made = golden.generate(Acting(season, EXPERT), PROMPT, RULE).id
    good = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(3, 4),), Triplet("GOOD"))
    edit_columns(Acting(season, EXPERT), [good])
    edit_bits(
        Acting(season, EXPERT),
        [BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(4, 5),), True)],
        comment="on after all",
    )

    (now,) = golden_explain.explain_lumisection(
        Acting(season), golden_explain.question_now(RULE, PROMPT), FIRST, 4
    )
    (then,) = golden_explain.explain_lumisection(
        Acting(season), golden_explain.question_of(Acting(season), made), FIRST, 4
    )

    assert (now.good, then.good) == (True, False)
    assert then.set_by[DT].action.comment == "checked the plots"
    assert then.set_by[BPIX].action.version < now.set_by[BPIX].action.version


def test_that_a_run_is_explained_by_the_first_condition_that_failed(season):
    question = golden_explain.question_now(RULE)
    by_name = {
        each.dataset: each for each in golden_explain.explain_run(Acting(season), question, FIRST)
    }

    assert set(by_name) == {"online", PROMPT, EXPRESS}
    prompt = by_name[PROMPT]
    assert [(cause.condition, cause.ranges) for cause in prompt.causes] == [
        (None, (LumiRange(1, 2), LumiRange(6, 10))),
        ('{"==":[{"var":"lumisection.rr.dt-dt"},"GOOD"]}', (LumiRange(3, 4),)),
        ('{"==":[{"var":"lumisection.oms.bpix_ready"},true]}', (LumiRange(5, 5),)),
    ]
    assert by_name["online"].causes[0].condition == '{"==":[{"var":"dataset.dt_state"},"OPEN"]}'
    assert prompt.no_part == ()


def test_that_what_takes_no_part_says_why(season):
    question = golden_explain.question_now(RULE, PROMPT)
    (beyond,) = golden_explain.explain_lumisection(Acting(season), question, FIRST, 11)
    assert beyond.absent == "the dataset has 10 lumisections"
    pull.apply(Acting(season), a_run(390009, 3, hlt_key=None))
    (insignificant,) = golden_explain.explain_lumisection(
        Acting(season), golden_explain.question_now(RULE), 390009, 1
    )
    assert "RR" in insignificant.absent
    assert golden_explain.explain_run(Acting(season), golden_explain.question_now(RULE), 390009)[
        0
    ].no_part == (LumiRange(1, 3),)
    with pytest.raises(NotFound, match="/No/Such"):
        golden_explain.explain_run(
            Acting(season), golden_explain.question_now(RULE, "/No/Such"), FIRST
        )
    with pytest.raises(NotFound):
        golden_explain.explain_run(Acting(season), question, 1)
