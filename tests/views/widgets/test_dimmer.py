"""What lies over an answer to an earlier question."""

from PySide6.QtWidgets import QApplication, QSplitter, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.views.looks.theme import Themes
from app.views.widgets.dimmer import Dimmer


def test_that_it_lies_over_a_splitter_and_takes_no_room_in_it(
    qtbot: QtBot, themes: Themes, owner: QWidget
) -> None:
    splitter = QSplitter()
    splitter.addWidget(QWidget())
    splitter.addWidget(QWidget())
    dimmer = Dimmer(splitter, themes, owner)
    layout = QVBoxLayout(owner)
    layout.addWidget(QWidget())
    layout.addWidget(splitter)
    owner.resize(400, 300)
    QApplication.processEvents()
    sizes = splitter.sizes()
    dimmer.dim()
    qtbot.waitUntil(dimmer.isVisible)
    assert (splitter.count(), splitter.sizes()) == (2, sizes)
    assert dimmer.geometry() == splitter.geometry()
    owner.resize(500, 300)
    QApplication.processEvents()
    assert dimmer.geometry() == splitter.geometry()
    dimmer.clear()
    assert not dimmer.is_dimming
