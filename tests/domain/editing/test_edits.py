"""What an edit must fulfil before it is written."""

import pytest

from app.domain.editing import edits
from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange
from app.domain.triplets import SETTABLE_STATUSES, Triplet

WHERE = "run 390001"


@pytest.mark.parametrize("status", SETTABLE_STATUSES)
def test_that_every_status_people_give_is_accepted(status: str):
    edits.check_triplet(Triplet(status, "abc"))


@pytest.mark.parametrize("status", ["", "EMPTY", "NO VALUE FOUND", "bad", "GOOD "])
def test_that_any_other_status_is_refused_with_the_choice_there_is(status: str):
    with pytest.raises(BadInput, match="GOOD, BAD, STANDBY, EXCLUDED, NOTSET"):
        edits.check_triplet(Triplet(status, "abc"))


@pytest.mark.parametrize(("comment", "enough"), [("", 0), ("ab", 0), (" a ", 0), ("abc", 1)])
def test_that_bad_and_bits_need_a_comment_of_three_characters(comment: str, enough: int):
    for check in (
        lambda: edits.check_triplet(Triplet("BAD", comment)),
        lambda: edits.check_bit_comment(comment),
    ):
        if enough:
            check()
        else:
            with pytest.raises(Refused, match="at least 3 characters"):
                check()


@pytest.mark.parametrize("first", range(-1, 5))
@pytest.mark.parametrize("last", range(-1, 5))
def test_that_exactly_the_ranges_inside_the_dataset_pass(first: int, last: int):
    ranges = [LumiRange(2, 2), LumiRange(first, last)]
    if 1 <= first <= last <= 3:
        edits.check_ranges(ranges, 3, WHERE)
    else:
        with pytest.raises(Refused, match=str(first)):
            edits.check_ranges(ranges, 3, WHERE)


def test_that_a_dataset_without_lumisections_says_so():
    with pytest.raises(Refused, match=r"LS 1 is outside run 390001: it has no lumisections"):
        edits.check_ranges([LumiRange(1, 1)], 0, WHERE)
    with pytest.raises(BadInput, match="No lumisections"):
        edits.check_ranges([], 3, WHERE)


def test_that_a_column_is_one_of_a_workspace():
    edits.check_column("dt-dt", ("csc-csc", "dt-dt"), "online")
    with pytest.raises(BadInput, match=r"No workspace has a column dt in online"):
        edits.check_column("dt", ("csc-csc", "dt-dt"), "online")


@pytest.mark.parametrize(
    ("of_workspace", "of_global", "global_expert", "may"),
    [
        ("OPEN", "SIGNOFF", False, True),
        ("SIGNOFF", "OPEN", False, False),
        ("SIGNOFF", "OPEN", True, True),
        ("SIGNOFF", "SIGNOFF", True, False),
        ("waiting dqm gui", None, True, False),
        (None, None, False, False),
        (None, "OPEN", True, True),
    ],
)
def test_that_an_offline_dataset_is_edited_where_it_is_open(
    of_workspace, of_global, global_expert: bool, may: bool
):
    attributes = {"dt_state": of_workspace, "global_state": of_global}
    arguments = (attributes, "dt", "/X/Y/DQM of run 390001")
    if may:
        edits.check_dataset_open(*arguments, global_expert=global_expert)
    else:
        with pytest.raises(Refused, match=r"/X/Y/DQM of run 390001 is .* in workspace dt"):
            edits.check_dataset_open(*arguments, global_expert=global_expert)
