"""Tables as bytes: what is missing stays missing, and no text becomes a formula."""

import io

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from app.door.v1.negotiation import Form
from app.door.v1.problems import TooMuch
from app.door.v1.tables import Categories, Flags, Table, written

TABLE = Table(
    3,
    {
        "n": np.array([1, 2, 3], np.int64),
        "status": Categories(np.array([1, -1, 0], np.int32), ["=BAD, x", "GOOD"]),
        "bit": Flags(np.array([1, -1, 0], np.int8)),
        "recorded": np.array([0.5, np.nan, 2.0]),
        "mixed": [1, "a", None],
        "wide": [True, None, False],
        "numbers": [1, 2.5, None],
        "great": [2**70, 1.5, None],
        "lists": [[1], {"a": "é"}, None],
        "none": [None, None, None],
    },
    b'{"a": 1}',
)


@pytest.mark.parametrize("form", [Form.ARROW, Form.PARQUET])
def test_that_what_is_missing_is_null(form):
    body = io.BytesIO(written(TABLE, form))
    table = (
        pyarrow.parquet.read_table(body)
        if form is Form.PARQUET
        else pyarrow.ipc.open_stream(body).read_all()
    )
    found = table.to_pydict()
    assert found["status"] == ["GOOD", None, "=BAD, x"]
    assert found["bit"] == [True, None, False]
    assert found["recorded"] == [0.5, None, 2.0]
    assert found["mixed"] == ["1", '"a"', None]
    assert found["wide"] == [True, None, False]
    assert found["numbers"] == [1.0, 2.5, None]
    assert found["great"] == [str(2**70), "1.5", None]
    assert found["lists"] == ["[1]", '{"a": "é"}', None]
    assert found["none"] == [None] * 3
    assert table.schema.metadata[b"run_registry"] == b'{"a": 1}'


def test_that_csv_has_a_line_per_row_and_no_formula():
    lines = written(TABLE, Form.CSV).decode().splitlines()
    assert lines == [
        "n,status,bit,recorded,mixed,wide,numbers,great,lists,none",
        f"1,GOOD,true,0.5,1,true,1,{2**70},[1],",
        '2,,,,a,,2.5,1.5,"{""a"":""é""}",',
        '3,"\'=BAD, x",false,2.0,,false,,,,',
    ]


def test_that_the_same_table_is_the_same_bytes():
    for form in (Form.CSV, Form.ARROW, Form.PARQUET):
        assert written(TABLE, form) == written(TABLE, form)


def test_that_an_empty_table_is_one():
    empty = Table(0, {"n": np.zeros(0, np.int64), "s": Categories(np.zeros(0, np.int32), [])})
    assert written(empty, Form.CSV) == b"n,s\n"
    assert pyarrow.ipc.open_stream(written(empty, Form.ARROW)).read_all().num_rows == 0


def test_that_too_many_cells_are_refused_before_they_are_written(monkeypatch):
    monkeypatch.setattr("app.door.v1.tables.MOST_CELLS", 29)
    for form in (Form.CSV, Form.ARROW, Form.PARQUET):
        with pytest.raises(TooMuch, match="3 rows of 10 columns"):
            written(TABLE, form)
