"""Undo in the window: from the history, as the last action, and what its dialog says."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.views.background import Background
from app.views.main_window import MainWindow
from app.views.notices import Notices
from app.views.runs.dialogs import UndoDialog
from tests.views.fake_backend import FIRST_RUN, FakeBackend

MINE, CREATED = 812, 700
REFUSED = "class of run 396230: it must be OPEN to be edited."


@pytest.fixture
def dialog(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> UndoDialog:
    dialog = UndoDialog(backend, background, MINE, owner)
    dialog.open()
    return dialog


def history_of(qtbot: QtBot, window: MainWindow) -> None:
    details = window.online.details
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    details.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: details.history.rowCount() == 2)


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
    text = dialog.lines.toPlainText()
    assert dialog.summary.text() == "Undo version 812: 29 cells; 2 changed since, left alone."
    assert text.index("Comes back:\ndt-dt") < text.index("Changed since, left alone:\ndt-dt")
    assert "Stays as it is:\ngem-gem" in text
    assert "Refused" not in text
    assert not dialog.leave_out.isVisible()
    assert backend.acts == []
    with qtbot.waitSignal(dialog.acted) as acted:
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, False)]
    assert acted.args == ["Done: undo."]


def test_that_a_refused_part_is_said_inside_and_can_be_left_out(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    backend.undo_refused = (REFUSED,)
    dialog = UndoDialog(backend, background, MINE, owner)
    dialog.open()
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    assert f"Refused:\n{REFUSED}" in dialog.lines.toPlainText()
    dialog.submit_button.click()
    qtbot.waitUntil(lambda: dialog.refusal.text() == REFUSED)
    assert backend.acts == []
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    dialog.leave_out.setChecked(True)
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, True)]


def test_that_a_version_that_cannot_be_undone_is_refused_inside(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = UndoDialog(backend, background, CREATED, owner)
    dialog.open()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "Version 700 made run 396230: that can't be undone."
    assert not dialog.submit_button.isEnabled()


def test_that_the_history_offers_the_version_that_is_selected(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, notices: Notices
) -> None:
    history_of(qtbot, window)
    details = window.online.details
    assert not details.undo_button.isEnabled()
    details.history_table.selectRow(0)
    details.undo_button.click()
    dialog = opened(qtbot, window)
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with qtbot.waitSignal(notices.shown):
        dialog.submit_button.click()
    assert backend.acts == [("undo", MINE, False)]
    assert notices.last is not None
    assert notices.last.text == "Done: undo."


def test_that_the_context_menu_of_the_history_undoes_the_entry_below_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    history_of(qtbot, window)
    table = window.online.details.history_table
    place = table.visualRect(window.online.details.history.index(1, 2)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    table.customContextMenuRequested.emit(place)
    menu = window.online.details.findChild(QMenu)
    assert menu is not None
    (action,) = menu.actions()
    assert action.text() == "Undo version 700..."
    action.trigger()
    menu.close()
    dialog = opened(qtbot, window)
    assert dialog.windowTitle() == "Undo version 700"
    dialog.reject()


def test_that_the_selected_version_stays_selected_when_the_history_grows(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    history_of(qtbot, window)
    details = window.online.details
    details.history_table.selectRow(1)
    known = backend.run_history(FIRST_RUN + 30)
    monkeypatch.setattr(backend, "run_history", lambda _: (known[0], *known))
    details.refresh()
    qtbot.waitUntil(lambda: details.history.rowCount() == 3)
    assert details.chosen_entry == known[1]
    assert details.undo_button.isEnabled()


def test_that_undo_offers_what_this_person_did_last(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    window.activateWindow()
    QTest.keySequence(window, QKeySequence("Ctrl+Z"))
    dialog = opened(qtbot, window)
    assert dialog.windowTitle() == "Undo version 812"
    dialog.reject()


def test_that_a_person_who_did_nothing_is_told_so(
    qtbot: QtBot,
    window: MainWindow,
    backend: FakeBackend,
    notices: Notices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    qtbot.waitUntil(lambda: window.online.subject() is not None)
    monkeypatch.setattr(backend, "run_history", lambda _: ())
    with qtbot.waitSignal(notices.shown):
        window.actions_["edit.undo"].trigger()
    assert notices.last is not None
    assert "you changed nothing of run 396230 lately" in notices.last.text
    assert window.findChild(UndoDialog) is None


def test_that_a_text_that_is_typed_has_its_own_undo(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    edit = window.online.table.filter.edit
    edit.setFocus()
    qtbot.keyClicks(edit, "run")
    QTest.keySequence(edit, QKeySequence("Ctrl+Z"))
    assert edit.text() == ""
    assert window.findChild(UndoDialog) is None
