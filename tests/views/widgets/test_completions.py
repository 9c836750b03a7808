"""Completions below a line: one Enter takes what is marked and is the Enter of the line."""

import pytest
from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.views.widgets.completions import Completions

NAMES = ["/PromptReco/Collisions2025C/DQM", "/PromptReco/Collisions2025D/DQM", "/Express/DQM"]


@pytest.fixture
def line(qtbot: QtBot) -> QLineEdit:
    line = QLineEdit()
    line.setCompleter(Completions(QStringListModel(NAMES, line), line))
    qtbot.addWidget(line)
    line.show()
    line.activateWindow()
    qtbot.waitUntil(line.isActiveWindow)
    line.setFocus()
    return line


def test_that_one_enter_takes_what_is_marked(qtbot: QtBot, line: QLineEdit) -> None:
    qtbot.keyClicks(line, "collisions")
    popup = line.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    with qtbot.waitSignal(line.returnPressed, timeout=1000):
        qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert line.text() == NAMES[1]
    assert not popup.isVisible()


def test_that_one_enter_takes_what_was_typed_when_nothing_is_marked(
    qtbot: QtBot, line: QLineEdit
) -> None:
    line.setText("collisions")
    line.completer().setCompletionPrefix("collisions")
    line.completer().complete()
    popup = line.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    with qtbot.waitSignal(line.returnPressed, timeout=1000):
        qtbot.keyClick(popup, Qt.Key.Key_Enter)
    assert line.text() == "collisions"
    assert not popup.isVisible()
