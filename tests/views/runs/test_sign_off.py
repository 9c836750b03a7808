"""A sign-off that is refused names every place without a status and leads there."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange
from app.views.frame.main_window import MainWindow
from app.views.runs.dialogs import MoveDialog
from tests.views.many_runs import NEWEST


@pytest.fixture
def thirty_runs(thirty_runs: Database) -> Database:
    """The newest run lacks statuses in two columns."""
    with begin(thirty_runs, [NEWEST]) as action:
        for column, status, first, last in (
            ("dt-dt", "EMPTY", 4, 6),
            ("csc-csc", "NO VALUE FOUND", 2, 2),
        ):
            change = LumisectionChange(
                NEWEST, "online", [({column: Triplet(status)}, (LumiRange(first, last),))]
            )
            action.append("x@cern.ch", "by the web service", [change])
    return thirty_runs


@pytest.mark.parametrize("by", ["Enter", "click"])
def test_that_a_refusal_to_sign_off_leads_to_the_cell(
    qtbot: QtBot, window: MainWindow, by: str
) -> None:
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    window.all_actions.runs.move("SIGNOFF")
    dialog = window.findChild(MoveDialog)
    assert dialog is not None
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.unset.isVisible)
    assert "4 cells without a status" in dialog.refusal.text()
    table = dialog.unset.table
    model = dialog.unset.model
    assert [line.texts for line in model.lines] == [
        ("csc-csc", "NO VALUE FOUND", "1", "2"),
        ("dt-dt", "EMPTY", "3", "4-6"),
    ]
    if by == "Enter":
        assert table.hasFocus() or dialog.focusWidget() is table
        qtbot.keyClick(table, Qt.Key.Key_Down)
        qtbot.keyClick(table, Qt.Key.Key_Return)
    else:
        place = table.visualRect(model.index(1, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not dialog.isVisible()
    pane = window.online.details.lumisections
    qtbot.waitUntil(lambda: pane.grid.focus_cell is not None)
    cell, snapshot = pane.grid.focus_cell, pane.grid.snapshot
    assert cell is not None
    assert snapshot is not None
    assert (snapshot.keys[cell.row], cell.lumisection) == ("dt-dt", 4)
    assert pane.grid.selection() == (("dt-dt",), (LumiRange(4, 6),))
    assert window.focusWidget() is pane.grid
    assert window.online.tabs.currentIndex() == 0
    qtbot.waitUntil(lambda: not window._background.busy)
