"""Our CSV is safe in a spreadsheet, and is read back as it was meant."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text.csv_text import cell_meant, csv_line, csv_text

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("HV trip", "HV trip"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
        ("-5", "-5"),
        ("+1.5e-3", "+1.5e-3"),
        (-5, "-5"),
        (-0.25, "-0.25"),
        (None, ""),
        ("a\rb", '"a\rb"'),
    ],
)
def test_that_a_text_is_no_formula_and_a_number_stays_one(value: object, written: str):
    assert csv_line([value]) == (written or '""')
    if isinstance(value, str):
        assert cell_meant(read(f"{written}\n")[0][0]) == value


@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), max_size=4))
def test_that_any_text_is_read_back_and_none_is_computed(rows: list[list[str]]):
    found = read(csv_text(rows))
    assert [[cell_meant(cell) for cell in row] for row in found] == rows
    for row in found:
        for cell in row:
            assert not cell.startswith(_COMPUTED) or float(cell) is not None
