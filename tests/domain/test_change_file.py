"""Files of changes: what a line means, and what is said of one that means nothing."""

import pytest

from app.domain.change_file import parse_changes
from app.domain.edits import BitEdit, ColumnEdit
from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange
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
        "# from the shift\n\nStatus,Last LS,First LS,Column,Dataset,Run\nGOOD,2,1,dt-dt,,390001\n",
    ],
)
def test_that_heads_delimiters_remarks_and_the_order_of_columns_may_differ(text: str):
    (line,) = parse_changes(text)
    assert line.edit == ColumnEdit(390001, "online", "dt-dt", (LumiRange(1, 2),), Triplet("GOOD"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,online,dt-dt,1,2,GOOD,,", 'The run "x" is no number from 1'),
        (f"390001,online,dt-dt,1,{'9' * 5_000},GOOD,,", 'last LS "999'),
        (f"{'9' * 5_000},online,dt-dt,1,2,GOOD,,", 'The run "999'),
        ("390001,online,,1,2,GOOD,,", "column is missing"),
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
        ("run,run,column,first,last,status\n", '"run" is there twice'),
        ("run,colour\n", '"colour" is none of run'),
        ('1,online,"dt-dt\n', "no CSV"),
        ("\0", "no text"),
    ],
)
def test_that_a_file_that_can_t_be_read_is_refused(text: str, said: str):
    with pytest.raises(BadInput, match=said):
        parse_changes(text)
