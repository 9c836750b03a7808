"""The lumisections of a run as ranges, without a mouse."""

from PySide6.QtWidgets import QApplication

from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from app.views.lumisections.ranges_dialog import RangesDialog
from tests.builders import EXPERT
from tests.views.frame.without_a_mouse.steps import BAD, RUN, pane_of
from tests.views.hand import Hand


def copied() -> list[list[str]]:
    return [line.split("\t") for line in QApplication.clipboard().text().splitlines()]


def test_that_ranges_are_looked_at_and_copied(hand: Hand, database: Database) -> None:
    edit = lumisections.ColumnEdit(RUN, "online", "dt-dt", (LumiRange(3, 5),), BAD)
    lumisections.edit_columns(Acting(database, EXPERT), [edit])
    grid = pane_of(hand).grid
    hand.until(lambda: grid.snapshot and grid.snapshot.state.rr.value("dt-dt", 4) == BAD)
    hand.settle()

    hand.press("Ctrl+Alt+R")
    dialog = hand.dialog(RangesDialog)
    assert dialog.count.text() == "3 ranges"
    hand.press("Down", "Ctrl+C")
    assert copied()[0][:3] == ["3", "5", "3"]
    assert "BAD" in copied()[0]

    hand.press("Alt+O")
    hand.until(lambda: "BAD" not in [text for line in dialog.model.texts() for text in line])
    hand.press("Alt+B")
    hand.until(lambda: {"dt-dt", "cms_active"} < set(dialog.model.texts()[0]))
    hand.tab_to("Copy all")
    hand.press("Space")
    assert copied()[0][:3] == ["From", "To", "LS"]
    assert {"dt-dt", "cms_active"} < set(copied()[0])
    hand.press("Escape")
    hand.until(lambda: QApplication.activeModalWidget() is None)
