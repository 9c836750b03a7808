"""Shares of a status cell in pixels."""

from hypothesis import given
from hypothesis import strategies as st

from app.views.widgets.shares import share_widths


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=7),
    st.integers(30, 200),
)
def test_that_everything_that_exists_is_seen_and_the_cell_is_full(
    counts: list[int], width: int
) -> None:
    widths = share_widths(counts, width)
    assert sum(widths) == width
    assert min(widths) >= 3


def test_that_shares_are_in_proportion() -> None:
    assert share_widths([25, 75], 40) == [10, 30]
    assert share_widths([1, 4999], 40) == [3, 37]
