"""Labels of one line: where a text is cut is seen."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.views.widgets.line_label import CutLabel, LineLabel
from app.views.widgets.plain import Label

TEXT = "dataset not significant for workspace in global"


def test_that_a_text_that_is_cut_ends_in_an_ellipsis(qtbot: QtBot) -> None:
    cut, short = CutLabel(TEXT), Label()
    for label in (cut, short):
        qtbot.addWidget(label)
        label.setFixedSize(120, 24)
    room = cut.contentsRect().width()
    short.setText(cut.fontMetrics().elidedText(TEXT, Qt.TextElideMode.ElideRight, room))
    assert short.text().endswith("…")
    assert cut.grab().toImage() == short.grab().toImage()
    assert cut.text() == TEXT


def test_that_a_text_with_enough_room_stays_whole(qtbot: QtBot) -> None:
    cut, plain = CutLabel("OPEN"), Label("OPEN")
    for label in (cut, plain):
        qtbot.addWidget(label)
        label.setFixedSize(120, 24)
    assert cut.grab().toImage() == plain.grab().toImage()


def test_that_a_line_says_when_it_begins_to_be_cut_and_when_it_ends(qtbot: QtBot) -> None:
    line = LineLabel(f"{TEXT}\nand more")
    qtbot.addWidget(line)
    cuts: list[bool] = []
    line.cut_changed.connect(cuts.append)
    line.resize(2000, 24)
    line.show()
    assert line.shown == line.text() == line.accessibleName()
    assert "\n" not in line.text()
    assert line.toolTip() == f"{TEXT}\nand more"
    line.resize(120, 24)
    line.setText(f"{TEXT}, {TEXT}")
    assert line.shown.endswith("…")
    line.setText("OPEN")
    assert cuts == [True, False]
    assert line.minimumSizeHint().width() == 0
