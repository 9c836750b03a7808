"""Pages of tabs that are made when they are looked at."""

import pytest
from PySide6.QtWidgets import QLabel, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from app.views.widgets.late_page import LatePage

Made = tuple[QTabWidget, list[str], list[LatePage[QLabel]]]


@pytest.fixture
def made(qtbot: QtBot) -> Made:
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(QWidget(), "First")
    names: list[str] = []

    def make(name: str) -> QLabel:
        names.append(name)
        return QLabel(name)

    late = [
        LatePage(tabs, lambda name=name: make(name), name, f"tip of {name}") for name in ("b", "c")
    ]
    tabs.show()
    return tabs, names, late


def test_that_a_page_is_made_when_it_comes_to_the_front(made: Made) -> None:
    tabs, names, late = made
    assert not names
    assert late[1].made is None
    told: list[QWidget | None] = []
    tabs.currentChanged.connect(lambda _at: told.append(tabs.currentWidget()))
    tabs.setCurrentIndex(2)
    assert names == ["c"]
    assert told == [late[1].made]
    assert tabs.currentWidget() is late[1].page
    assert late[1].page.isVisible()
    tabs.setCurrentIndex(0)
    tabs.setCurrentIndex(2)
    assert names == ["c"]


def test_that_a_page_that_is_asked_for_stays_where_its_tab_is(made: Made) -> None:
    tabs, names, late = made
    page = late[0].page
    assert names == ["b"]
    assert (tabs.indexOf(page), tabs.currentIndex(), tabs.count()) == (1, 0, 3)
    assert (tabs.tabText(1), tabs.tabToolTip(1)) == ("b", "tip of b")
    assert [each.place for each in late] == [1, 2]
    assert not page.isVisible()


def test_that_a_page_whose_tab_is_hidden_stays_hidden(made: Made) -> None:
    tabs, _, late = made
    tabs.setTabVisible(late[1].place, False)
    assert late[1].page.text() == "c"
    assert not tabs.isTabVisible(late[1].place)
    assert tabs.currentIndex() == 0
