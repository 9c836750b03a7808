"""What a leaf says, and which of its rows isn't what it was."""

import pytest

from app.domain.seal import leaves
from app.domain.seal.leaves import Leaf, RowChange, changed_rows

VERSION = '["Version", 7, "a@cern.ch", null, "2026-05-01T10:00:00+00:00"]'
EVENT = '["Event", 11, 7]'
COVERED = '["LumisectionEventAssignation", 11, [1, 2, 3]]'
CONTENT = "\n".join((VERSION, EVENT, COVERED))


def test_that_table_and_number_of_a_row_are_read_from_its_line() -> None:
    assert [each.name for each in leaves.rows(CONTENT)] == [
        "Version 7",
        "Event 11",
        "LumisectionEventAssignation 11",
    ]


@pytest.mark.parametrize("kept", [None, CONTENT])
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (CONTENT, []),
        (CONTENT.replace("[1, 2, 3]", "[1, 2]"), [("LumisectionEventAssignation 11", "altered")]),
        (f"{VERSION}\n{COVERED}", [("Event 11", "removed")]),
        (f'{CONTENT}\n["Event", 12, 7]', [("Event 12", "slipped in")]),
        (
            CONTENT.replace("a@", "b@").replace("11, 7", "13, 7"),
            [("Version 7", "altered"), ("Event 11", "removed"), ("Event 13", "slipped in")],
        ),
    ],
)
def test_that_rows_are_told_apart_by_marks_and_by_what_was_kept(
    kept: str | None, now: str, expected: list[tuple[str, str]]
) -> None:
    marks = leaves.marks(CONTENT.encode())
    found = changed_rows(marks, kept, now)
    assert [(each.row, each.what) for each in found] == expected


def test_that_what_was_kept_is_told_beside_what_is_there() -> None:
    now = CONTENT.replace("[1, 2, 3]", "[1, 2]")
    (change,) = changed_rows(None, CONTENT, now)
    assert change == RowChange(
        "LumisectionEventAssignation 11", "altered", COVERED, COVERED.replace(", 3", "")
    )


def test_that_a_row_that_is_gone_is_told_with_all_its_lines() -> None:
    found = changed_rows(None, CONTENT, None)
    assert [each.before for each in found] == [VERSION, EVENT, COVERED]
    assert {each.what for each in found} == {"removed"}


def test_that_nothing_is_made_up_where_nothing_is_known() -> None:
    assert changed_rows(None, None, CONTENT) == ()
    assert changed_rows(b"broken", None, CONTENT) == ()


def test_that_the_words_of_people_are_kept_and_those_of_machines_are_not() -> None:
    assert Leaf("Version", 7, CONTENT.encode(), "a@cern.ch").kept_content == CONTENT
    assert Leaf("Version", 7, CONTENT.encode(), "auto@auto - a@cern.ch").kept_content is None
    assert Leaf("Permission", 7, b'["Permission", 7]').kept_content == '["Permission", 7]'
    assert Leaf("Permission", 7, b"x" * 20_000).kept_content is None


def test_that_a_statement_is_read_as_it_was_made() -> None:
    leaf = leaves.statement(leaves.NUMBERS, 9, 5, 9)
    assert (leaf.content, leaf.marks) == (b'["seal.numbers",5,9]', None)
    assert leaves.values(leaf.content.decode()) == [5, 9]
