"""Lines that wrap and panes that turn where there is little width."""

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.views.widgets.narrow import ScrolledPane, TurningSplitter, WrappingLine


class Part(QWidget):
    """A widget that asks for a size, and may be made as narrow as half of it."""

    def __init__(self, width: int, height: int = 20) -> None:
        super().__init__()
        self._size = QSize(width, height)

    def sizeHint(self) -> QSize:
        return self._size

    def become(self, width: int, height: int) -> None:
        """Asks for another size."""
        self._size = QSize(width, height)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._size.width() // 2, self._size.height())


@pytest.fixture
def around(qtbot: QtBot) -> QWidget:
    around = QWidget()
    qtbot.addWidget(around)
    return around


def line_of(
    around: QWidget, *parts: tuple[Part, int], at_top: bool = False, keeps_lines: bool = False
) -> WrappingLine:
    line = WrappingLine(around, at_top=at_top, keeps_lines=keeps_lines)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    for part, share in parts:
        line.add(part, share)
    around.show()
    return line


def test_that_parts_stand_side_by_side_where_they_fit(around: QWidget) -> None:
    one, other = Part(100), Part(60)
    line = line_of(around, (one, 0), (other, 0))
    line.setGeometry(QRect(0, 0, 164, 20))
    assert (one.geometry(), other.geometry()) == (QRect(0, 0, 100, 20), QRect(104, 0, 60, 20))
    assert line.heightForWidth(164) == 20


def test_that_lines_are_kept_where_a_pane_gets_little_height(qtbot: QtBot) -> None:
    panes, upper, line, table = (QSplitter(Qt.Orientation.Vertical), *map(QWidget, [None] * 3))
    qtbot.addWidget(panes)
    rows = QVBoxLayout(upper)
    parts = Part(100), Part(60)
    line_of(line, *((part, 0) for part in parts), keeps_lines=True)
    rows.addWidget(line)
    rows.addWidget(table, 1)
    table.setMinimumHeight(30)
    panes.addWidget(upper)
    panes.addWidget(Part(100, 300))
    panes.setChildrenCollapsible(False)
    panes.resize(300, 400)
    panes.show()
    for width, height in ((150, 44), (300, 20)):
        panes.resize(width, 400)
        qtbot.waitUntil(lambda height=height: line.minimumHeight() == height)
        panes.setSizes([1, 399])
        qtbot.waitUntil(lambda height=height: line.height() == height)


def test_that_what_does_not_fit_begins_another_line(around: QWidget) -> None:
    one, other = Part(100), Part(60, 30)
    line = line_of(around, (one, 0), (other, 0))
    line.setGeometry(QRect(0, 0, 163, 54))
    assert (one.geometry(), other.geometry()) == (QRect(0, 0, 100, 20), QRect(0, 24, 60, 30))
    assert line.heightForWidth(163) == 54


def test_that_what_has_a_share_takes_the_width_that_is_left(around: QWidget) -> None:
    fixed, one, other = Part(100), Part(80), Part(80)
    line = line_of(around, (fixed, 0), (one, 1), (other, 3))
    line.setGeometry(QRect(0, 0, 268, 20))
    assert [part.width() for part in (fixed, one, other)] == [100, 60, 100]


def test_that_a_share_shrinks_before_the_line_wraps(around: QWidget) -> None:
    fixed, one = Part(100), Part(80)
    line = line_of(around, (fixed, 0), (one, 1))
    assert line.heightForWidth(144) == 20
    assert line.heightForWidth(143) == 44
    assert line.minimumSize().width() == 100
    assert line.sizeHint() == QSize(184, 20)


def test_that_hidden_parts_take_no_room(around: QWidget) -> None:
    one, other = Part(100), Part(60)
    line = line_of(around, (one, 0), (other, 0))
    one.hide()
    line.setGeometry(QRect(0, 0, 164, 20))
    assert other.geometry() == QRect(0, 0, 60, 20)


@pytest.mark.parametrize(("at_top", "top"), [(True, 0), (False, 5)])
def test_that_a_low_part_stands_in_the_middle_or_at_the_top(
    around: QWidget, at_top: bool, top: int
) -> None:
    low, high = Part(60, 20), Part(60, 30)
    line = line_of(around, (low, 0), (high, 0), at_top=at_top)
    line.setGeometry(QRect(0, 0, 200, 30))
    assert low.geometry() == QRect(0, top, 60, 20)


def test_that_margins_are_kept_free(around: QWidget) -> None:
    one = Part(100)
    line = line_of(around, (one, 0))
    line.setContentsMargins(8, 4, 8, 2)
    line.setGeometry(QRect(0, 0, 200, 26))
    assert one.geometry().topLeft() == QRect(8, 4, 1, 1).topLeft()
    assert line.heightForWidth(200) == 26


@pytest.fixture
def splitter(around: QWidget) -> TurningSplitter:
    around.resize(900, 500)
    splitter = TurningSplitter(around)
    for width in (300, 200):
        pane = QWidget()
        pane.setMinimumWidth(width)
        splitter.addWidget(pane)
    splitter.resize(800, 400)
    around.show()
    return splitter


def test_that_panes_turn_where_they_are_too_wide_together(splitter: TurningSplitter) -> None:
    needed = 500 + splitter.handleWidth()
    splitter.resize(needed, 400)
    assert splitter.orientation() == Qt.Orientation.Horizontal
    splitter.resize(needed - 1, 400)
    assert splitter.orientation() == Qt.Orientation.Vertical
    upper, lower = splitter.sizes()
    assert abs(upper - lower) <= 1


def test_that_turned_panes_keep_their_shares_until_a_person_moves_them(
    splitter: TurningSplitter,
) -> None:
    splitter.setSizes([200, 600])
    splitter.resize(400, 400)
    upper, lower = splitter.sizes()
    assert abs(3 * upper - lower) <= 6
    splitter.moveSplitter(300, 1)
    splitter.resize(401, 400)
    assert splitter.sizes()[0] > splitter.sizes()[1]


def test_that_a_form_scrolls_where_it_would_be_squeezed(around: QWidget) -> None:
    form = QWidget()
    form.setMinimumSize(150, 300)
    pane = ScrolledPane(form)
    pane.setParent(around)
    pane.resize(200, 130)
    around.show()
    assert pane.minimumSizeHint().width() == form.minimumSizeHint().width()
    assert form.height() == 300
    assert pane.verticalScrollBar().maximum() > 0


def test_that_panes_turn_back_with_the_widths_they_had(splitter: TurningSplitter) -> None:
    splitter.setSizes([320, 480 - splitter.handleWidth()])
    before = splitter.sizes()
    splitter.resize(400, 400)
    assert splitter.orientation() == Qt.Orientation.Vertical
    splitter.resize(800, 400)
    assert splitter.orientation() == Qt.Orientation.Horizontal
    assert splitter.sizes() == before


def test_that_turned_panes_ask_for_the_widest_of_them(splitter: TurningSplitter) -> None:
    assert splitter.minimumSizeHint().width() == 300


def test_that_what_a_part_asked_for_is_remembered_until_it_asks_for_another_size(
    around: QWidget,
) -> None:
    part = Part(100)
    line = line_of(around, (part, 0))
    assert [line.heightForWidth(width) for width in (100, 150, 100, 90)] == [20] * 4
    assert line.minimumSize() == QSize(100, 20)
    part.become(120, 30)
    assert line.heightForWidth(200) == 30
