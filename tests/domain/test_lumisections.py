"""Ranges of lumisections as a person writes them."""

import pytest

from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange, parse_ranges, ranges_of_numbers


def test_that_ranges_are_sorted_and_joined():
    assert parse_ranges("55, 12-40; 41") == (LumiRange(12, 41), LumiRange(55, 55))
    assert parse_ranges(" ") == ()


@pytest.mark.parametrize("text", ["x", "5-", "0", "7-5", "9" * 5_000, "1-" + "9" * 5_000])
def test_that_what_is_no_range_is_refused_in_few_words(text: str):
    with pytest.raises(BadInput) as refused:
        parse_ranges(text)
    assert len(str(refused.value)) < 120


def test_that_no_numbers_are_no_ranges():
    assert ranges_of_numbers([]) == ()
    assert ranges_of_numbers([3, 1, 2, 7, 2]) == (LumiRange(1, 3), LumiRange(7, 7))
