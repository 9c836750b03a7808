"""Undo in the window: from the history, a notice, as the last action; what its dialog says."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.history.undo_dialog import UndoDialog
from app.views.notices import NoticeBar, Notices
from app.views.theme import Themes
from tests.views.fake_backend import CREATED, MINE, FakeBackend

REASON = "it must be OPEN to be edited."


@pytest.fixture
def dialog(
    qtbot: QtBot, backend: FakeBackend, background: Background, themes: Themes, owner: QWidget
) -> UndoDialog:
    dialog = UndoDialog(backend, background, themes, MINE, owner)
    dialog.open()
    return dialog


def history_of(qtbot: QtBot, window: MainWindow) -> None:
    details = window.online.details
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    details.tabs.setCurrentWidget(details.history)
    qtbot.waitUntil(lambda: details.history.model.rowCount() == 2)


def opened(qtbot: QtBot, window: MainWindow) -> UndoDialog:
    qtbot.waitUntil(lambda: window.findChild(UndoDialog) is not None)
    found = window.findChild(UndoDialog)
    assert isinstance(found, UndoDialog)
    return found


def test_that_what_comes_back_and_what_stays_is_listed_before_anything_is_written(
    qtbot: QtBot, backend: FakeBackend, dialog: UndoDialog
) -> None:
    assert not dialog.submit_button.isEnabled()
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    assert dialog.summary.text() == "Undo version 812: 29 cells; 2 changed since, left alone."
    groups = [line.group for line in dialog.changes.model.lines]
    assert groups == ["Comes back", "Changed since, left alone", "Stays as it is"]
    assert "by person@cern.ch" in dialog.made.text()
    assert dialog.by_hand.isVisible()
    assert not dialog.leave_out.isVisible()
    assert backend.acts == []
    dialog.comment.setText("wrong run")
    with qtbot.waitSignal(dialog.undone) as undone:
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, False, "wrong run")]
    assert undone.args[0].text == "Done: undo."


def test_that_one_outcome_can_be_looked_at_alone(qtbot: QtBot, dialog: UndoDialog) -> None:
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    qtbot.mouseClick(dialog.changes.chips.button("Stays as it is"), Qt.MouseButton.LeftButton)
    (line,) = dialog.changes.model.lines
    assert line.piece.key == "gem-gem"


def test_that_a_refused_part_stops_the_whole_unless_it_is_left_out(
    qtbot: QtBot, backend: FakeBackend, background: Background, themes: Themes, owner: QWidget
) -> None:
    backend.undo_refused = (REASON,)
    dialog = UndoDialog(backend, background, themes, MINE, owner)
    dialog.open()
    qtbot.waitUntil(dialog.leave_out.isVisible)
    assert dialog.changes.model.lines[-1].note == REASON
    assert not dialog.submit_button.isEnabled()
    dialog.leave_out.setChecked(True)
    with qtbot.waitSignal(dialog.undone):
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, True, "")]


def test_that_a_version_that_cannot_be_undone_is_refused_inside(
    qtbot: QtBot, backend: FakeBackend, background: Background, themes: Themes, owner: QWidget
) -> None:
    dialog = UndoDialog(backend, background, themes, CREATED, owner)
    dialog.open()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "Version 700 made run 396230: that can't be undone."
    assert not dialog.submit_button.isEnabled()


def test_that_what_is_refused_while_undoing_is_said_inside_and_the_dialog_stays(
    qtbot: QtBot, backend: FakeBackend, dialog: UndoDialog
) -> None:
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    backend.error = Refused("Run 396230 was signed off meanwhile.")
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "Run 396230 was signed off meanwhile."
    assert dialog.isVisible()
    qtbot.waitUntil(dialog.submit_button.isEnabled)


def test_that_the_history_offers_the_version_that_is_selected(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, notices: Notices
) -> None:
    history_of(qtbot, window)
    history = window.online.details.history
    history.table.selectRow(0)
    history.undo_button.click()
    dialog = opened(qtbot, window)
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with qtbot.waitSignal(notices.shown):
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, False, "")]
    assert notices.last is not None
    assert (notices.last.text, notices.last.version) == ("Done: undo.", 900)


def test_that_the_notice_offers_to_take_back_what_it_tells(
    qtbot: QtBot, window: MainWindow, notices: Notices
) -> None:
    notices.tell("Changed 3 cells in 1 dataset.", version=MINE)
    (bar,) = window.findChildren(NoticeBar)
    assert bar.undo.isVisible()
    bar.undo.click()
    dialog = opened(qtbot, window)
    assert dialog.atomic_version == MINE
    assert not bar.isVisible()
    dialog.reject()
    notices.tell("Asking OMS.")
    assert not bar.undo.isVisible()


def test_that_the_context_menu_of_the_history_acts_on_the_entry_below_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    history_of(qtbot, window)
    history = window.online.details.history
    place = history.table.visualRect(history.model.index(1, 2)).center()
    qtbot.mouseClick(history.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    history.table.customContextMenuRequested.emit(place)
    menu = history.findChild(QMenu)
    assert menu is not None
    texts = [action.text() for action in menu.actions()]
    assert texts[:3] == ["Undo version 700...", "As of version 700", "As of before version 700"]
    menu.actions()[0].trigger()
    menu.close()
    dialog = opened(qtbot, window)
    assert dialog.atomic_version == CREATED
    dialog.reject()


@pytest.mark.parametrize("keys", ["Ctrl+Z", "Z"])
def test_that_undo_offers_what_this_person_did_last(
    qtbot: QtBot, window: MainWindow, keys: str
) -> None:
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    window.activateWindow()
    window.online.details.lumisections.grid.setFocus()
    QTest.keySequence(window.online.details.lumisections.grid, QKeySequence(keys))
    dialog = opened(qtbot, window)
    assert dialog.atomic_version == MINE
    dialog.reject()


def test_that_a_person_who_took_nothing_back_is_told_so(
    qtbot: QtBot, window: MainWindow, notices: Notices
) -> None:
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    with qtbot.waitSignal(notices.shown):
        window.actions_["edit.redo"].trigger()
    assert notices.last is not None
    assert "There is nothing to redo" in notices.last.text
    assert window.findChild(UndoDialog) is None


def test_that_a_text_that_is_typed_has_its_own_undo(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    edit = window.online.table.filter.edit
    edit.setFocus()
    qtbot.keyClicks(edit, "run")
    QTest.keySequence(edit, QKeySequence("Ctrl+Z"))
    assert edit.text() == ""
    assert window.findChild(UndoDialog) is None
