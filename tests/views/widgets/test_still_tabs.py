from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.views.widgets.still_tabs import StillTabs


class Painted(QObject):
    """Counts how often widgets are painted."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.times = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, _widget: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.Paint
        return False


class Tabbed:
    """A window with tabs, of which the first page has a line and a button below it."""

    def __init__(self, qtbot: QtBot, kind: type[QTabWidget]) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.tabs = kind()
        self.label, self.button = QLabel("one"), QPushButton("Still here")
        self.page = QWidget()
        inside = QVBoxLayout(self.page)
        inside.addWidget(self.label)
        inside.addWidget(self.button)
        inside.addStretch(1)
        self.tabs.addTab(self.page, "First")
        self.tabs.addTab(QWidget(), "Second")
        layout = QVBoxLayout(self.window)
        layout.addWidget(self.tabs)
        self.window.resize(400, 300)
        self.window.show()
        qtbot.waitExposed(self.window)
        qtbot.wait(50)

    def places(self) -> list[object]:
        bar = self.tabs.tabBar()
        widgets = (self.window, self.tabs, bar, self.page, self.label, self.button)
        shown = [bar.tabText(at) for at in range(bar.count())], bar.isVisible()
        return [*(each.geometry().getRect() for each in widgets), shown, self.window.minimumSize()]


def test_that_a_text_inside_paints_nothing_around_it_anew(qtbot: QtBot) -> None:
    counted = []
    for kind in (QTabWidget, StillTabs):
        tabbed = Tabbed(qtbot, kind)
        tabbed.label.setText("three")  # what is remembered is measured at the first
        qtbot.wait(50)
        painted = Painted(tabbed.tabs, tabbed.button)
        tabbed.label.setText("seven")
        tabbed.label.updateGeometry()
        qtbot.waitUntil(lambda tabbed=tabbed: tabbed.label.text() == "seven")
        qtbot.wait(50)
        counted.append(painted.times)
    assert counted[0] > counted[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda tabbed: tabbed.label.setMinimumSize(500, 400),
        lambda tabbed: tabbed.tabs.setTabText(1, "Second, with a much longer name than before"),
        lambda tabbed: (tabbed.tabs.setTabBarAutoHide(True), tabbed.tabs.removeTab(1)),
        lambda tabbed: tabbed.tabs.insertTab(0, QWidget(), "Zeroth"),
        lambda tabbed: tabbed.tabs.setTabVisible(1, False),
        lambda tabbed: tabbed.label.setText("a line\nand one below\nand one more"),
        lambda tabbed: tabbed.tabs.setDocumentMode(True),
        lambda tabbed: tabbed.window.resize(700, 500),
        lambda tabbed: tabbed.tabs.setStyleSheet("QTabBar::tab { height: 60px; }"),
    ],
)
def test_that_everything_is_where_qt_s_own_tabs_put_it(
    qtbot: QtBot, change: Callable[[Tabbed], object]
) -> None:
    own, still = Tabbed(qtbot, QTabWidget), Tabbed(qtbot, StillTabs)
    before = own.places()
    change(own)
    change(still)
    qtbot.waitUntil(lambda: own.places() != before and still.places() == own.places())


def test_that_what_wants_more_room_and_has_it_paints_nothing_around_it_anew(qtbot: QtBot) -> None:
    counted = []
    for kind in (QTabWidget, StillTabs):
        tabbed = Tabbed(qtbot, kind)
        tabbed.label.setText("three")
        qtbot.wait(50)
        before = tabbed.window.minimumSizeHint()
        painted = Painted(tabbed.tabs)
        tabbed.label.setMinimumWidth(350)
        qtbot.waitUntil(
            lambda tabbed=tabbed, before=before: tabbed.window.minimumSizeHint() != before
        )
        qtbot.wait(50)
        counted.append(painted.times)
    assert counted[0] > counted[1] == 0
