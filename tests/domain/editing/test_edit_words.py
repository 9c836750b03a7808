"""What was edited, in a sentence."""

from app.domain.editing.edit_words import edited_text
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet

BAD = Triplet("BAD", "HV trip")
RANGES = (LumiRange(30, 60),)


def column(run_number: int, dataset: str, name: str, value: Triplet = BAD) -> ColumnEdit:
    return ColumnEdit(run_number, dataset, name, RANGES, value)


def test_that_one_edit_says_what_where_and_how_much() -> None:
    assert edited_text([column(396372, "online", "dt-dt")], 31) == (
        "dt-dt BAD in LS 30-60 of run 396372, online: 31 cells."
    )
    bit = BitEdit(396372, "online", "bpix_ready", (LumiRange(3, 3),), value=False)
    assert edited_text([bit], 1) == "bpix_ready false in LS 3 of run 396372, online: 1 cell."


def test_that_what_differs_between_edits_is_left_out_or_counted() -> None:
    several = [
        column(1, "online", "dt-dt"),
        column(1, "online", "csc-csc", Triplet("GOOD")),
    ]
    assert edited_text(several, 62) == "dt-dt, csc-csc in LS 30-60 of run 1, online: 62 cells."
    many = [column(run, "/X/Y/DQM", name) for run in (3, 1, 2) for name in "abcd"]
    assert edited_text(many, 372) == (
        "4 columns BAD in LS 30-60 of 3 datasets of runs 1 to 3: 372 cells."
    )


def test_that_many_ranges_are_cut() -> None:
    ranges = tuple(LumiRange(first, first) for first in range(1, 20, 2))
    edit = ColumnEdit(1, "online", "dt-dt", ranges, BAD)
    assert edited_text([edit], 10) == "dt-dt BAD in LS 1, 3, 5, ... of run 1, online: 10 cells."
