"""Numbers as text, and nouns that go with them."""

import pytest

from app.domain.counting import counted, luminosity, number, percent


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


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.001234, 3, "0.00123"),
        (12.345, 3, "12.3"),
        (999.6, 3, "1 000"),
        (38123.4, 3, "38 123"),
        (123.456, 4, "123.5"),
        (9999.6, 4, "10 000"),
    ],
)
def test_that_no_digit_before_the_point_of_a_luminosity_is_lost(
    value: float, digits: int, text: str
):
    assert luminosity(value, digits) == text.replace(" ", "\u202f")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_that_a_luminosity_that_is_none_is_written_as_it_is(text: str):
    assert luminosity(float(text)) == text


def test_that_a_share_has_one_digit_and_none_is_a_dash():
    assert [percent(each) for each in (0.98249, 1.0, None)] == ["98.2 %", "100.0 %", "–"]
