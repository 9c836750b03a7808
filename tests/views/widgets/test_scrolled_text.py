"""A text in a dialog of its own."""

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.views.frame.actions.help import KEYS
from app.views.widgets.dialogs.fitting import ScrolledText


@pytest.mark.parametrize("width", [340, 480, 720])
def test_that_a_text_wider_than_its_dialog_wraps(
    qtbot: QtBot, qapp: QApplication, width: int
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    lines = "".join(
        f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in KEYS
    )
    dialog = ScrolledText(
        "Keys", f"<table>{lines}</table><p>All other keys are in the menus.</p>", 760, window
    )
    dialog.resize(width, 400)
    dialog.show()
    qapp.processEvents()
    qapp.processEvents()
    assert dialog.text.hasHeightForWidth()
    assert dialog.text.height() >= dialog.text.heightForWidth(dialog.text.width())
    assert dialog.area.horizontalScrollBar().maximum() == 0
    assert dialog.text.width() <= dialog.area.viewport().width()
