"""How numbers and times are written."""

from datetime import UTC, datetime

import pytest

from app.views.looks import words

NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (1234567, "1\u202f234\u202f567"),
        (3.8, "3.8"),
        (0, "0"),
        (3.0, "3"),
        (-12000, "-12\u202f000"),
    ],
)
def test_that_thousands_stand_apart(given: float, text: str) -> None:
    assert words.number(given) == text


def test_that_a_time_without_a_zone_is_utc() -> None:
    assert words.moment("2025-08-20T12:00:00") == NOW
    assert words.moment("2025-08-20T12:00:00Z") == NOW
    assert words.moment("not a time") is None


@pytest.mark.parametrize(
    ("given", "text"),
    [(None, "null"), (True, "true"), (["DT", "CSC"], "DT, CSC"), ({"a": 1}, '{"a":1}'), ("x", "x")],
)
def test_that_any_value_is_one_line(given: object, text: str) -> None:
    assert words.value(given) == text  # type: ignore[arg-type]


def test_that_one_is_no_plural() -> None:
    assert words.counted(1, "run") == "1 run"
    assert words.counted(12345, "run") == "12\u202f345 runs"
