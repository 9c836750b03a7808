"""Tab, F6 and Ctrl+C in every place."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.views.frame.navigation import PLACES
from app.views.grid.grid_view import GridView
from tests.views.frame.without_a_mouse.steps import marks
from tests.views.hand import Hand, name_of


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_tab_goes_round_the_place_and_back(hand: Hand, place: str) -> None:
    hand.window.go_to(place)
    hand.settle()
    hand.press("Shift+F6")
    for _ in range(6):
        if name_of(hand.at) == "Places":
            break
        hand.press("Shift+F6")
    for key in ("Tab", "Shift+Tab"):
        start = name_of(hand.at)
        assert start == "Places", hand.story()
        seen = [start]
        while len(seen) < 90:
            hand.press(key)
            seen.append(name_of(hand.at))
            if seen[-1] == start:
                break
        assert seen[-1] == start, seen
        assert len(set(seen)) > 3, seen
        home = hand.window.views[place].home()
        if home is not None and home.isVisible() and home.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert name_of(home) in seen


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_f6_comes_to_every_pane_and_each_is_marked(hand: Hand, place: str) -> None:
    window = hand.window
    window.go_to(place)
    hand.settle()
    seen = set()
    for _ in range(7):
        hand.press("F6")
        at = hand.at
        assert at is not None
        seen.add(name_of(at))
        shows_itself = at.inherits("QLineEdit") or at.inherits("QAbstractButton")
        shows_itself = shows_itself or at.inherits("QComboBox") or at.inherits("QPlainTextEdit")
        assert shows_itself or marks(window).marked is at
    assert "Places" in seen
    assert len(seen) > 1


def test_that_a_second_enter_at_a_run_opens_no_menu(hand: Hand) -> None:
    hand.settle()
    hand.press("Return", "Return")
    assert QApplication.activePopupWidget() is None, hand.story()
    hand.until(lambda: isinstance(hand.at, GridView))
