"""Days and minutes as moments of the past."""

from datetime import UTC, datetime

import pytest

from app.domain.errors import BadInput
from app.domain.history.moments import parse_time


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2025-08-18", datetime(2025, 8, 19, tzinfo=UTC)),
        ("2025-08-18 06:12", datetime(2025, 8, 18, 6, 12, tzinfo=UTC)),
        ("2025-08-18T06:12 UTC", datetime(2025, 8, 18, 6, 12, tzinfo=UTC)),
        ("2025-08-18T08:12+02:00", datetime(2025, 8, 18, 6, 12, tzinfo=UTC)),
        ("812", None),
        ("2025-08-1", None),
        ("2025-08-18 06", None),
        ("somebody 2025-08-18", None),
    ],
)
def test_that_a_day_reaches_to_its_end_and_a_minute_to_its_beginning(
    text: str, means: datetime | None
) -> None:
    assert parse_time(text) == means


@pytest.mark.parametrize("text", ["2025-02-30", "9999-12-31", "2025-08-18 25:00"])
def test_that_a_day_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_time(text)
