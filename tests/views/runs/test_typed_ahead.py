"""What is typed after Enter on a run, before its lumisections are there, goes to its grid."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.focus import give_keys
from app.views.frame.main_window import MainWindow
from app.views.runs.details import DetailsView
from tests.builders import a_run
from tests.views.many_runs import NEWEST

Key = Qt.Key


def type_keys(window: MainWindow, *keys: Qt.Key) -> None:
    """Types into whoever has the keyboard; nothing that is being read arrives meanwhile."""
    for key in keys:
        at: QWidget | None = window.focusWidget()
        assert at is not None
        QTest.keyClick(at, key)


def opened(window: MainWindow, *keys: Qt.Key) -> DetailsView:
    """The tab of the newest run, opened by Enter, with keys that follow at once."""
    window.activateWindow()
    give_keys(window.online.table.table)
    type_keys(window, Key.Key_Return)
    view = window.online.shown_details
    assert view is not window.online.details
    assert not view.lumisections.grid.isVisible()
    type_keys(window, *keys)
    return view


def test_that_letters_and_arrows_go_to_the_grid_in_their_order(
    qtbot: QtBot, window: MainWindow
) -> None:
    view = opened(window, Key.Key_Down, Key.Key_Right, Key.Key_B)
    editor = view.lumisections.editor
    qtbot.waitUntil(lambda: bool(editor.cells))
    (edit,) = editor.edits
    assert isinstance(edit, ColumnEdit)
    assert (edit.run_number, edit.column, edit.ranges) == (NEWEST, "dt-dt", (LumiRange(2, 2),))
    assert edit.triplet.status == "BAD"


def test_that_a_comment_is_typed_before_its_line_is_there(qtbot: QtBot, window: MainWindow) -> None:
    view = opened(window, Key.Key_C, Key.Key_H, Key.Key_V)
    comment = view.lumisections.strip.comment
    qtbot.waitUntil(comment.hasFocus)
    assert comment.text() == "hv"


@pytest.mark.parametrize("key", [Key.Key_Return, Key.Key_Escape])
def test_that_any_other_key_forgets_what_was_typed_before_it(
    qtbot: QtBot, window: MainWindow, key: Qt.Key
) -> None:
    view = opened(window, Key.Key_B, key, Key.Key_Down)
    qtbot.waitUntil(view.lumisections.grid.hasFocus)
    assert view.lumisections.grid.focus_cell is not None
    assert view.lumisections.grid.focus_cell.row == 1
    assert not view.lumisections.editor.cells
    assert not view.lumisections.preview.isVisible()


def test_that_nothing_is_kept_where_no_lumisections_will_come(
    qtbot: QtBot, window: MainWindow, thirty_runs: Database
) -> None:
    pull.apply(Acting(thirty_runs), a_run(NEWEST + 1, 0))
    window.refresh()
    table, pane = window.online.table, window.online.details
    qtbot.waitUntil(lambda: pane.run_number == NEWEST + 1 and pane.is_loaded)
    qtbot.waitUntil(lambda: not pane.lumisections.is_reading)
    assert not pane.lumisections.grid.isVisible()
    window.activateWindow()
    give_keys(table.filter.edit)
    pane.go_into_grid()
    qtbot.keyClicks(table.filter.edit, "class")
    assert table.filter.edit.text() == "class"


def test_that_who_goes_elsewhere_meanwhile_types_there(qtbot: QtBot, window: MainWindow) -> None:
    view = opened(window, Key.Key_B, Key.Key_Right)
    line = view.lumisections.ranges
    give_keys(window.places)
    qtbot.waitUntil(view.lumisections.grid.isVisible)
    assert window.places.hasFocus()
    assert (not view.lumisections.editor.cells, line.text()) == (True, "")
    # And the arrows of the tabs are theirs again.
    give_keys(window.online.tabs.tabBar())
    type_keys(window, Key.Key_Left)
    assert window.online.shown_details is window.online.details
