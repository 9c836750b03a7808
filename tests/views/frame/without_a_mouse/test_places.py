"""Where the keyboard is when a place or a tab comes to the front."""

import pytest

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation
from app.views.focus import can_have_keys
from app.views.frame.navigation import PLACES
from tests.builders import EXPERT
from tests.services.offline_runs import PROMPT
from tests.views.hand import Hand, name_of

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


@pytest.mark.parametrize("number", range(2, len(PLACES) + 1))
def test_that_a_place_that_is_new_gives_the_keyboard_to_what_is_done_there(
    hand: Hand, database: Database, number: int
) -> None:
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    view = hand.window.views[PLACES[number - 1].name]
    hand.press(f"Ctrl+{number}")
    hand.settle()
    home = view.home()
    assert home is not None
    hand.until(lambda: can_have_keys(home))
    assert hand.at is home, name_of(hand.at)


def test_that_ctrl_tab_goes_round_the_tabs_of_a_list(hand: Hand, database: Database) -> None:
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    hand.press("Ctrl+5")
    hand.settle()
    tabs = hand.window.golden.tabs
    hand.until(lambda: name_of(hand.at) == "Golden JSONs")
    hand.press("F6")
    seen = [tabs.tabText(tabs.currentIndex())]
    for _ in range(tabs.count()):
        hand.press("Ctrl+Tab")
        hand.settle()
        assert hand.at is not None
        assert tabs.isAncestorOf(hand.at), hand.story()
        seen.append(tabs.tabText(tabs.currentIndex()))
    assert seen[-1] == seen[0]
    assert len(set(seen)) == tabs.count()
