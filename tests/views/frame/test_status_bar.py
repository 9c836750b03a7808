"""The status bar says what somebody should know before acting."""

import pytest
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
