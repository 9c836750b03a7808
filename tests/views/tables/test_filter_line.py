"""The filter line: what is in force, what is offered, where a mistake is."""

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.filters import Comparison
from app.views.looks.theme import Themes
from app.views.tables.filter_line import FilterLine
from app.views.widgets.completion_model import CompletionModel
from tests.views.table_rows import VOCABULARY


@pytest.fixture
def line(qtbot: QtBot, themes: Themes) -> FilterLine:
    line = FilterLine(themes)
    qtbot.addWidget(line)
    line.set_vocabulary(VOCABULARY)
    line.show()
    return line


def test_that_a_filter_is_in_force_after_a_pause(qtbot: QtBot, line: FilterLine) -> None:
    with qtbot.waitSignal(line.filter_changed) as changed:
        qtbot.keyClicks(line.edit, "class = Cosmics25")
    assert changed.args is not None
    assert isinstance(changed.args[0], Comparison)


def test_that_enter_tells_where_the_mistake_is(qtbot: QtBot, line: FilterLine) -> None:
    line.edit.setText("class = Cosmics25 and nosuch > 3")
    with qtbot.assertNotEmitted(line.filter_changed):
        qtbot.keyClick(line.edit, Qt.Key.Key_Return)
    assert line.refusal.isVisible()
    assert "nosuch" in line.refusal.text()
    assert "character 23" in line.refusal.text()
    assert line.edit.property("wrong") is True


def test_that_typing_on_takes_the_complaint_away(qtbot: QtBot, line: FilterLine) -> None:
    line.set_text("class = ")
    assert line.refusal.isVisible()
    qtbot.keyClicks(line.edit, "C")
    assert not line.refusal.isVisible()


def test_that_half_a_filter_is_no_mistake_while_typing(qtbot: QtBot, line: FilterLine) -> None:
    with qtbot.waitSignal(line._pause.timeout):
        qtbot.keyClicks(line.edit, "class = ")
    assert not line.refusal.isVisible()


def test_that_clearing_the_line_shows_everything_at_once(qtbot: QtBot, line: FilterLine) -> None:
    line.set_text("class = Cosmics25")
    with qtbot.waitSignal(line.filter_changed) as changed:
        line.edit.clear()
    assert changed.args == [None]


def test_that_what_is_offered_can_be_taken_with_the_keyboard(
    qtbot: QtBot, line: FilterLine
) -> None:
    line.edit.setFocus()
    qtbot.keyClicks(line.edit, "cla")
    offered = line.edit.completions
    assert offered.completion(0).text == "class"
    popup = line.edit._popup
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert line.edit.text() == "class "


def test_that_completions_keep_the_rules_of_qt(
    qtbot: QtBot, line: FilterLine, qtmodeltester: ModelTester
) -> None:
    line.edit.offer()
    assert isinstance(line.edit.completions, CompletionModel)
    qtmodeltester.check(line.edit.completions)


def test_that_enter_completes_half_a_condition_without_a_complaint(
    qtbot: QtBot, line: FilterLine
) -> None:
    line.edit.setFocus()
    qtbot.keyClicks(line.edit, "clas")
    qtbot.keyClick(line.edit._popup, Qt.Key.Key_Down)
    qtbot.keyClick(line.edit._popup, Qt.Key.Key_Return)
    assert line.edit.text() == "class "
    assert not line.refusal.isVisible()


def test_that_enter_takes_nothing_that_is_offered_but_not_marked(
    qtbot: QtBot, line: FilterLine
) -> None:
    line.edit.setFocus()
    qtbot.keyClicks(line.edit, "(class = Cosmics25)")
    popup = line.edit._popup
    assert popup.isVisible()
    # A list that comes to the keyboard makes its first line the current one, unseen.
    nothing = QItemSelectionModel.SelectionFlag.NoUpdate
    popup.selectionModel().setCurrentIndex(popup.model().index(0, 0), nothing)
    with qtbot.waitSignal(line.filter_changed):
        qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert line.edit.text() == "(class = Cosmics25)"
