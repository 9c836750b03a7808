"""A text in a dialog of its own."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.views.frame.actions.help import KEYS
from app.views.widgets.dialogs.fitting import ScrolledText


def test_that_a_text_wider_than_its_dialog_wraps(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    lines = "".join(f"<tr><td><b>{keys}</b></td><td>{what}</td></tr>" for keys, what in KEYS)
    dialog = ScrolledText("Keys", f"<table>{lines}</table>", window)
    dialog.resize(480, 400)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.area.verticalScrollBar().maximum() > 0)
    assert dialog.area.horizontalScrollBar().maximum() == 0
    assert dialog.text.width() <= dialog.area.viewport().width()
