"""The server's clock, and when a person hears that the own one is off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.clock import ago, clock_words, server_ahead, server_now, set_server_ahead


@pytest.fixture(autouse=True)
def right_afterwards() -> Iterator[None]:
    yield
    set_server_ahead(timedelta())


def test_that_ages_are_counted_by_the_clock_of_the_server() -> None:
    set_server_ahead(timedelta(hours=-3))
    assert server_ahead() == timedelta(hours=-3)
    before = datetime.now(UTC) - timedelta(hours=3)
    assert before <= server_now() <= datetime.now(UTC) - timedelta(hours=3)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=60), ""),
        (timedelta(seconds=-59), ""),
        (timedelta(minutes=3), "The clock of this machine is 3 min behind the server's."),
        (timedelta(hours=-5), "The clock of this machine is 5 h ahead of the server's."),
    ],
)
def test_that_a_clock_is_told_when_it_is_off_by_more_than_a_minute(
    ahead: timedelta, said: str
) -> None:
    assert clock_words(ahead) == said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12, "12 s ago"),
        (180, "3 min ago"),
        (7300, "2 h ago"),
        (260000, "3 d ago"),
        (-12, "in 12 s"),
    ],
)
def test_that_times_are_told_roughly(seconds: int, text: str) -> None:
    now = datetime.now(UTC)
    assert ago(now - timedelta(seconds=seconds), now) == text
