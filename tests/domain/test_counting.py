"""Numbers as text, and nouns that go with them."""

import pytest

from app.domain.counting import counted, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1 234 567"),
        (12.0, "12"),
        (3.8, "3.8"),
        (0.123456789, "0.123457"),
        (1e15, "1e+15"),
    ],
)
def test_that_thousands_stand_apart_and_fractions_are_short(value: float, text: str):
    assert number(value) == text.replace(" ", "\u202f")


def test_that_one_is_singular():
    assert [counted(each, "cell") for each in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]
    assert counted(2, "entry", "entries") == "2 entries"
