"""What a hand does again and again: into the grid, to a cell, a draft."""

from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from app.views.frame.keyboard import Keyboard
from app.views.frame.main_window import MainWindow
from app.views.grid.grid_view import GridView
from app.views.lumisections.pane import LumisectionsPane
from tests.views.hand import Hand, name_of

RUN, LENGTH, AGENT = 390005, 20, "pixel-ae"
BAD = Triplet("BAD", "HV trip")


def marks(window: MainWindow) -> Keyboard:
    keyboard = window.findChild(Keyboard)
    assert keyboard is not None
    return keyboard


def stored(db: Database, column: str, lumisection: int, run: int = RUN) -> Triplet:
    rr = lumisections.dataset_state(Acting(db), run, "online").rr
    return rr.value(column, lumisection) or EMPTY_TRIPLET


def grid_of(hand: Hand) -> GridView:
    """The grid, which has the keyboard."""
    grid = hand.at
    assert isinstance(grid, GridView), hand.story()
    return grid


def pane_of(hand: Hand) -> LumisectionsPane:
    return hand.window.online.shown_details.lumisections


def go_to_cell(hand: Hand, column: str, lumisection: int) -> None:
    """By arrows and by the number of the lumisection."""
    grid = grid_of(hand)
    assert grid.snapshot is not None
    assert grid.focus_cell is not None
    down = grid.snapshot.keys.index(column) - grid.focus_cell.row
    hand.press(*(["Down"] * down if down > 0 else ["Up"] * -down), "Home")
    hand.press(*["Right"] * (lumisection - 1))
    assert (grid.snapshot.keys[grid.focus_cell.row], grid.focus_cell.lumisection) == (
        column,
        lumisection,
    )


def draft_bad(hand: Hand, column: str = "dt-dt", first: int = 3, length: int = 3) -> None:
    """Into the grid, to a cell, some cells, BAD with a comment; the keyboard is in the comment."""
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView) and pane_of(hand).grid.snapshot is not None)
    hand.settle()
    go_to_cell(hand, column, first)
    hand.press(*["Shift+Right"] * (length - 1), "B")
    assert name_of(hand.at) == "Comment", hand.story()
    hand.write("HV trip")


def previewed(hand: Hand) -> None:
    preview = pane_of(hand).preview
    hand.until(lambda: preview.isVisible() and not preview.bar.loading)
