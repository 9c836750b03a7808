"""What a puller says of itself, and what its silence means."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.sources.pull import PullerReport

NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)
SILENT = "desk-1 pulls, and has said nothing since 11:50 UTC"


@pytest.mark.parametrize(
    ("trouble", "due_min", "told"),
    [
        ("", None, ""),
        ("", -1, ""),
        ("", -5, SILENT),
        ("", 5, ""),
        ("no connection", -5, "no connection"),
    ],
)
def test_that_a_puller_that_does_not_come_back_is_told(
    trouble: str, due_min: int | None, told: str
) -> None:
    due = None if due_min is None else NOW + timedelta(minutes=due_min)
    heard = NOW - timedelta(minutes=10)
    assert PullerReport("desk-1", "", heard, trouble, None, due).trouble_at(NOW) == told
