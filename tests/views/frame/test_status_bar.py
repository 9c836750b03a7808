"""The status bar says what somebody should know before acting."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.frame.status_bar import StatusBar
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.session import DatabaseKind, Session


@pytest.mark.parametrize("unproved", ["", "This database has no guard."])
def test_that_it_says_when_nothing_proves_who_acts(
    qtbot: QtBot, themes: Themes, notices: Notices, unproved: str
) -> None:
    session = Session("cms-prod", DatabaseKind.PRODUCTION, "a@cern.ch", unproved=unproved)
    bar = StatusBar(session, notices, themes)
    qtbot.addWidget(bar)
    bar.show()
    assert bar.unproved.isVisible() is bool(unproved)
    assert bar.unproved.property("role") == "warning"
    assert unproved in bar.unproved.toolTip()


def test_that_nothing_of_it_comes_as_a_window_of_its_own(
    qtbot: QtBot, qapp: QApplication, themes: Themes, notices: Notices
) -> None:
    shown: list[str] = []

    class Shown(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Show and watched.isWidgetType():
                shown.append(type(watched).__name__)
            return False

    watcher = Shown()
    qapp.installEventFilter(watcher)
    said = {"unproved": "No guard.", "read_only": "Nothing can be changed here."}
    session = Session("cms-prod", DatabaseKind.PRODUCTION, "a@cern.ch", **said)
    qtbot.addWidget(StatusBar(session, notices, themes))
    qapp.removeEventFilter(watcher)
    assert shown == []
