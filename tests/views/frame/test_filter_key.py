"""Ctrl+F goes to where something is looked for, in every place, or says why it can't."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.views.background import Background
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES


def _searches(window: MainWindow) -> QWidget:
    configuration = window.views["configuration"]
    assert isinstance(configuration, ConfigurationPlace)
    assert isinstance(configuration.pane, ListPane)
    return configuration.pane.search


GOES_TO: dict[str, Callable[[MainWindow], QWidget]] = {
    "online": lambda window: window.online.table.filter.edit,
    "offline": lambda window: window.offline.table.filter.edit,
    "todo": lambda window: window.todo.scope,
    "golden": lambda window: window.golden.entries.search,
    "log": lambda window: window.log.search.words,
    "configuration": _searches,
}
SAYS = {
    "cycles": "Choose a cycle first: its datasets are filtered.",
    "agents": "There is no filter in Agents: choose an agent in the list.",
}


@pytest.fixture
def press(window: MainWindow, background: Background, qtbot: QtBot) -> Callable[[str], None]:
    """Goes to a place and presses Ctrl+F there."""

    def pressed(place: str) -> None:
        window.activateWindow()
        window.go_into(place)
        qtbot.waitUntil(lambda: not background.busy)
        QTest.keySequence(window, QKeySequence("Ctrl+F"))

    return pressed


def test_that_every_place_has_an_answer() -> None:
    assert {*GOES_TO, *SAYS} == {place.name for place in PLACES}


def test_that_the_key_goes_to_where_something_is_looked_for(
    window: MainWindow, press: Callable[[str], None]
) -> None:
    went = {}
    for place, line in GOES_TO.items():
        press(place)
        went[place] = window.focusWidget() is line(window)
    assert went == dict.fromkeys(GOES_TO, True)


def test_that_the_key_says_why_where_there_is_no_filter(
    window: MainWindow, press: Callable[[str], None]
) -> None:
    told = {}
    for place in SAYS:
        press(place)
        told[place] = window.status.notice.text.text()
    assert told == SAYS
    configuration = window.views["configuration"]
    assert isinstance(configuration, ConfigurationPlace)
    configuration.go_to("workspaces")
    press("configuration")
    assert window.status.notice.text.text() == "The list of workspaces has no filter."
