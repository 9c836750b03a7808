"""A place that couldn't be read says so, and neither that it is being read nor that there is
nothing."""

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.views.frame.main_window import MainWindow
from app.views.looks.words import UNREAD
from tests.conftest import TestServer
from tests.views.offline_window import settle


def says_unread(window: MainWindow, place: str) -> bool:
    labels = window.views[place].findChildren(QLabel)
    return UNREAD in [each.text() for each in labels if each.isVisible()]


@pytest.mark.parametrize("place", ["golden", "log", "configuration"])
def test_that_a_place_that_was_not_read_says_so_until_it_is(
    qtbot: QtBot, real_window: MainWindow, server: TestServer, dsn: str, place: str
) -> None:
    with server.without_rights(dsn):
        real_window.go_to(place)
        qtbot.waitUntil(lambda: says_unread(real_window, place))
        settle(qtbot, real_window)
        assert says_unread(real_window, place)
    real_window.views[place].refresh()
    qtbot.waitUntil(lambda: not says_unread(real_window, place))
