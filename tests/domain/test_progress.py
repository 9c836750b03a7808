"""Telling how far work is, and stopping it."""

import pytest

from app.domain.progress import SILENT, Cancelled, Progress


def test_that_a_part_of_the_work_takes_its_share():
    shares: list[float] = []
    part = Progress(shares.append).part(0.5, 0.9)
    part.at(0.0)
    part.part(0.5, 1.0).tell(0.5)
    part.at(1.0)
    assert shares == pytest.approx([0.5, 0.8, 0.9])


def test_that_stopping_stops_every_part_and_reports_nothing_more():
    shares: list[float] = []
    whole = Progress(shares.append, is_cancelled=lambda: bool(shares))
    part = whole.part(0.2, 0.4)
    part.at(0.0)
    with pytest.raises(Cancelled, match="nothing was written"):
        part.at(0.5)
    assert shares == [0.2]
    SILENT.at(0.5)
