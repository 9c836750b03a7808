"""Triplets as they are stored."""

import pytest

from app.domain.triplets import EMPTY_TRIPLET, Triplet, triplet_from_json


def test_that_a_triplet_reads_as_it_is_written():
    triplet = Triplet("BAD", "HV trip", "hv")
    assert triplet_from_json(triplet.as_json()) == triplet


@pytest.mark.parametrize("stored", [None, "GOOD", ["GOOD"], 3])
def test_that_what_is_not_an_object_means_nothing(stored: object):
    assert triplet_from_json(stored) == EMPTY_TRIPLET


def test_that_a_part_that_is_not_a_text_is_empty():
    assert triplet_from_json({"status": "BAD", "cause": 5}) == Triplet("BAD", "", "")
