"""Files of changes: what a line means, and what is said of one that means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.editing import change_file
from app.domain.editing.change_file import parse_changes
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange
from app.domain.text.csv_text import csv_line
from app.domain.triplets import Triplet

HEAD = "run,dataset,column,first LS,last LS,status,comment,cause\n"
PROMPT = "/PromptReco/Collisions2025A/DQM"


def test_that_a_line_is_an_edit_of_a_column_or_of_a_dcs_bit():
    lines = parse_changes(
        HEAD
        + f'390001,{PROMPT},dt-dt,1,20,bad,"HV trip, again",hv\n'
        + "390001,online,dt0_ready,5,5,FALSE,seen on the monitor,\n"
    )
    assert [line.number for line in lines] == [2, 3]
    assert [line.edit for line in lines] == [
        ColumnEdit(
            390001, PROMPT, "dt-dt", (LumiRange(1, 20),), Triplet("BAD", "HV trip, again", "hv")
        ),
        BitEdit(390001, "online", "dt0_ready", (LumiRange(5, 5),), value=False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "390001,online,dt-dt,1,2,GOOD,,\n",
        "390001;online;dt-dt;1;2;GOOD\r\n",
        "\ufeffrun_number\tdataset_name\tcomponent\tstart\tend\tstatus\n"
        "390001\tonline\tdt-dt\t1\t2\tGOOD\n",
        f"{HEAD.strip()},,\n390001,online,dt-dt,1,2,GOOD,,,,\n,,,,,,,,,\n",
        f"{HEAD}390001,online,dt-dt,1,2,GOOD,,,,\n",
        "390001,online,dt-dt,1,2,GOOD,,,,\n",
        "390001,online,dt-dt,1,2,GOOD\r",
        f"{HEAD.strip()}\r390001,online,dt-dt,1,2,GOOD,,\r",
        f"{HEAD.strip()}\r\n390001,online,dt-dt,1,2,GOOD,,\r\n",
        "sep=;\r\n390001;online;dt-dt;1;2;GOOD\r\n",
        '"# a remark, quoted; with ; ; ; and,"\n390001,online,dt-dt,1,2,GOOD,,\n',
        "# from the shift\n\nStatus,Last LS,First LS,Column,Dataset,Run\nGOOD,2,1,dt-dt,,390001\n",
    ],
)
def test_that_heads_delimiters_remarks_and_the_order_of_columns_may_differ(text: str):
    (line,) = parse_changes(text)
    assert line.edit == ColumnEdit(390001, "online", "dt-dt", (LumiRange(1, 2),), Triplet("GOOD"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,online,dt-dt,1,2,GOOD,,", 'The run "x" is not a number from 1'),
        (f"390001,online,dt-dt,1,{'9' * 5_000},GOOD,,", 'last LS "999'),
        (f"{'9' * 5_000},online,dt-dt,1,2,GOOD,,", 'The run "999'),
        (
            "4294967296,online,dt-dt,1,2,GOOD,,",
            'run "4294967296" is not a number from 1 to 2147483647',
        ),
        (f"{'9' * 5000},online,dt-dt,1,2,GOOD,,", "is not a number from 1"),
        ("390001,online,,1,2,GOOD,,", "column is missing"),
        ("390001,online,dt-dt,1,2,GOOD,one,two,three,", "It has 10 cells"),
        ("390001,online,dt-dt,0,2,GOOD,,", 'first LS "0"'),
        ("390001,online,dt-dt,5,2,GOOD,,", "first LS 5 is greater than the last LS 2"),
        ("390001,online,dt-dt,1,2,FINE,,", '"FINE" can\'t be set'),
        ("390001,online,dt-dt,1,2,BAD,no,", "BAD needs a comment"),
        ("390001,online,dt0_ready,1,2,GOOD,why not,", "its status is true or false"),
        ("390001,online,dt0_ready,1,2,true,,", "A DCS bit needs a comment"),
        ("390001,online,dt-dt,1,2,GOOD,one, two,,", "It has 10 cells"),
    ],
)
def test_that_a_line_that_can_t_be_read_says_why_and_the_others_are_read(line: str, said: str):
    good = "390001,online,dt-dt,1,2,GOOD,,\n"
    first, second, third = parse_changes(f"{HEAD}{good}{line}\n{good}")
    assert first.edit == third.edit is not None
    assert second.number == 3
    assert said in str(second.problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEAD, "no changes"),
        ("run,dataset,column\n1,online,dt-dt\n", "lacks first LS, last LS, status"),
        ("run,run,column,first,last,status\n", '"run" appears twice'),
        ("run,colour\n", '"colour" is none of run'),
        ('1,online,"dt-dt\n', "not CSV: a quotation mark is opened and never closed"),
        ('1,online,"dt"-dt\n', "not CSV: a comma must follow a cell in quotation marks"),
        ("\0", "not text"),
    ],
)
def test_that_a_file_that_can_t_be_read_is_refused(text: str, said: str):
    with pytest.raises(BadInput, match=said):
        parse_changes(text)


@pytest.mark.parametrize("first", ["", "# a; b; c; d; e; f; g; h\n", HEAD])
@pytest.mark.parametrize(
    ("line", "comment"),
    [
        (
            '390001,online,dt-dt,1,2,BAD,"a; b; c; d; e; f; g; h; i; j",',
            "a; b; c; d; e; f; g; h; i; j",
        ),
        (
            "390001,online,dt-dt,1,2,BAD,a; b; c; d; e; f; g; h; i; j,",
            "a; b; c; d; e; f; g; h; i; j",
        ),
        ('390001,online,dt-dt,1,2,BAD,"one\r\ntwo, ""three""\rfour",', 'one\r\ntwo, "three"\rfour'),
    ],
)
def test_that_delimiters_and_line_ends_inside_a_cell_are_of_the_cell(first, line, comment):
    (found,) = parse_changes(f"{first}{line}\n")
    assert found.comment == comment
    assert found.number == (2 if first else 1)


def test_that_the_number_of_a_line_counts_every_kind_of_line_end():
    line = '390001,online,dt-dt,1,2,BAD,"one\ntwo",'
    for end in ("\r", "\n", "\r\n"):
        found = parse_changes(f"{HEAD.strip()}{end}{line}{end}{end}{line}{end}")
        assert [each.number for each in found] == [2, 5]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(TEXT, TEXT)
def test_that_a_line_of_our_own_csv_is_read_as_it_was_meant(comment: str, cause: str):
    row = ("390001", "online", "dt-dt", 1, 2, "GOOD", comment.strip(), cause.strip())
    (found,) = parse_changes(HEAD + csv_line(row) + "\n")
    assert found.edit == ColumnEdit(
        390001, "online", "dt-dt", (LumiRange(1, 2),),
        Triplet("GOOD", comment.strip(), cause.strip()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("c15_mac_cr.csv", 2),
        ("c17_trailing_delims.csv", 1),
        ("c42_trailing_empty_cells_only.csv", 1),
        ("c41_history_spoof.csv", 1),
    ],
)
def test_that_files_of_spreadsheets_are_read(shared_data, file: str, lines: int):
    cases = shared_data / "cases" / "changes"
    if not cases.is_dir():
        pytest.skip(f"the failing inputs aren't here ({cases})")
    with (cases / file).open(encoding="utf-8", newline="") as opened:
        found = parse_changes(opened.read())
    assert len(found) == lines
    assert [line.problem for line in found] == [None] * lines


def test_that_a_file_of_remarks_is_empty():
    with pytest.raises(BadInput, match="is empty"):
        parse_changes("# run,dataset\n\n# nothing\n")


def test_that_a_file_that_is_too_long_is_cut_by_a_person(monkeypatch):
    monkeypatch.setattr(change_file, "_MOST_LINES", 2)
    line = "390001,online,dt-dt,1,2,GOOD,,\n"
    assert len(parse_changes(HEAD + line * 2)) == 2
    with pytest.raises(BadInput, match="more than 2 lines"):
        parse_changes(HEAD + line * 3)
