"""The grid with a real mouse and keyboard."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange, mask_of_ranges
from app.domain.state.grid import DatasetState, Grid
from app.domain.triplets import BAD, GOOD, Triplet
from app.views.grid.axis_notes import AxisNote
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import prepare
from app.views.looks.theme import load
from tests.views.builders import a_state

THEME = load(dark=False, palette="traditional")
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> GridView:
    view = GridView(THEME)
    qtbot.addWidget(view)
    view.resize(900, 700)
    view.show_snapshot(
        prepare(a_state(length=100), by_hand={"dt-dt": mask_of_ranges([(10, 20)], 100)})
    )
    view.show()
    qtbot.waitExposed(view)
    view.setFocus()
    return view


def middle(view: GridView, row: int, number: int) -> QPoint:
    return view.cell_rect(Cell(row, number)).center().toPoint()


def test_that_a_click_focuses_the_cell_under_the_mouse(qtbot: QtBot, view: GridView) -> None:
    with qtbot.waitSignal(view.focus_changed) as focused:
        qtbot.mouseClick(view.viewport(), LEFT, pos=middle(view, 2, 42))
    assert focused.args == ["dt-dt", 42]
    assert view.focus_cell == Cell(2, 42)


def test_that_dragging_selects_a_rectangle(qtbot: QtBot, view: GridView) -> None:
    seen: list[tuple[object, object]] = []
    view.selection_changed.connect(lambda: seen.append(view.selection()))
    qtbot.mousePress(view.viewport(), LEFT, pos=middle(view, 1, 10))
    qtbot.mouseMove(view.viewport(), middle(view, 2, 20))
    qtbot.mouseMove(view.viewport(), middle(view, 3, 30))
    qtbot.mouseRelease(view.viewport(), LEFT, pos=middle(view, 3, 30))
    assert view.selection() == (("csc-csc", "dt-dt", "ecal-ecal"), ((10, 30),))
    assert seen[-1] == view.selection()


@pytest.mark.parametrize(
    ("key", "modifier", "expected"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, Cell(4, 51)),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, Cell(4, 49)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, Cell(3, 50)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, Cell(5, 50)),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier, Cell(4, 60)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, Cell(4, 1)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, Cell(4, 100)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier, Cell(23, 100)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier, Cell(0, 1)),
    ],
)
def test_that_keys_move_the_focus(
    qtbot: QtBot, view: GridView, key: Qt.Key, modifier: Qt.KeyboardModifier, expected: Cell
) -> None:
    view.focus(Cell(4, 50))
    qtbot.keyClick(view, key, modifier)
    assert view.focus_cell == expected


def test_that_home_drops_what_is_selected_and_ctrl_with_an_arrow_keeps_it(
    qtbot: QtBot, view: GridView
) -> None:
    for key, kept in ((Qt.Key.Key_Right, True), (Qt.Key.Key_Home, False)):
        view.select(Cell(2, 10), Cell(3, 12))
        qtbot.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
        assert bool(view.selection()[0]) is kept


def test_that_the_focus_stays_inside(qtbot: QtBot, view: GridView) -> None:
    qtbot.keyClick(view, Qt.Key.Key_Left)
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.focus_cell == Cell(0, 1)


def test_that_shift_and_arrows_extend_the_selection(qtbot: QtBot, view: GridView) -> None:
    view.focus(Cell(2, 10))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(view, key, Qt.KeyboardModifier.ShiftModifier)
    assert view.selection() == (("dt-dt", "ecal-ecal"), ((10, 12),))


def test_that_brackets_go_from_change_to_change(qtbot: QtBot, view: GridView) -> None:
    view.focus(Cell(2, 1))
    QTest.keyClicks(view, "]")
    assert view.focus_cell == Cell(2, 10)  # where a person's word begins
    QTest.keyClicks(view, "]")
    assert view.focus_cell == Cell(2, 21)
    QTest.keyClicks(view, "[")
    assert view.focus_cell == Cell(2, 10)


def test_that_a_double_click_selects_the_stretch_with_the_same_status(
    qtbot: QtBot, view: GridView
) -> None:
    snapshot = view.snapshot
    assert snapshot is not None
    around, _ = snapshot.run_at(0, 20)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=middle(view, 0, 20))
    assert view.selection() == (("cms-cms",), (around,))


def test_that_the_whole_run_fits_at_first_and_after_zero(qtbot: QtBot, view: GridView) -> None:
    assert view.horizontalScrollBar().maximum() == 0
    QTest.keyClicks(view, "++")
    assert view.horizontalScrollBar().maximum() > 0
    QTest.keyClicks(view, "0")
    assert view.horizontalScrollBar().maximum() == 0


def test_that_control_and_wheel_zoom_around_the_mouse(view: GridView) -> None:
    point = middle(view, 2, 60)
    event = QWheelEvent(
        QPointF(point),
        view.viewport().mapToGlobal(QPointF(point)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    before = view.pixels_per_lumisection
    QApplication.sendEvent(view.viewport(), event)
    assert view.pixels_per_lumisection > before
    assert view.cell_at(point) == Cell(2, 60)


def test_that_the_focus_scrolls_into_sight(qtbot: QtBot, view: GridView) -> None:
    view.zoom(6)
    view.horizontalScrollBar().setValue(0)
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.viewport().rect().contains(middle(view, 0, 100))


@pytest.mark.parametrize("place", ["middle button", "luminosity"])
def test_that_the_grid_is_panned_without_selecting(
    qtbot: QtBot, view: GridView, place: str
) -> None:
    view.zoom(6)
    view.horizontalScrollBar().setValue(500)
    curve = place == "luminosity"
    button = LEFT if curve else Qt.MouseButton.MiddleButton
    y = view.viewport().height() - 20 if curve else 60
    qtbot.mousePress(view.viewport(), button, pos=QPoint(500, y))
    qtbot.mouseMove(view.viewport(), QPoint(450, y))
    qtbot.mouseRelease(view.viewport(), button, pos=QPoint(450, y))
    assert view.horizontalScrollBar().value() == 550
    assert view.selection() == ((), ())


def test_that_the_focus_stays_in_sight_when_the_scroll_bar_of_a_zoomed_grid_comes(
    qtbot: QtBot, view: GridView
) -> None:
    view.resize(view.width(), 150)
    QApplication.processEvents()
    lowest = Cell(3, 50)  # scrolled to, it is the last row that is seen
    view.focus(lowest)
    view.zoom(6)
    QApplication.processEvents()
    assert view.horizontalScrollBar().isVisible()
    cell = view.cell_rect(lowest).toAlignedRect()
    assert view._layout.area().bottom() >= cell.bottom()
    assert view._layout.area().top() <= cell.top()


def test_that_the_same_dataset_keeps_zoom_place_and_focus(view: GridView) -> None:
    view.zoom(6)
    view.horizontalScrollBar().setValue(300)
    view.focus(Cell(3, 60))
    before = (view.pixels_per_lumisection, view.horizontalScrollBar().value())
    view.show_snapshot(prepare(a_state(length=120)))
    assert (view.pixels_per_lumisection, view.horizontalScrollBar().value()) == before
    assert view.focus_cell == Cell(3, 60)


def test_that_another_run_begins_whole(view: GridView) -> None:
    view.zoom(6)
    view.select(Cell(3, 60), Cell(4, 70))
    view.show_snapshot(prepare(a_state(362761, length=400)))
    assert view.horizontalScrollBar().maximum() == 0
    assert view.focus_cell == Cell(0, 1)
    assert view.selection() == ((), ())


def test_that_screen_readers_hear_the_focused_cell(qtbot: QtBot, view: GridView) -> None:
    view.focus(Cell(0, 1))
    assert "362760" in view.accessibleName()
    assert view.accessibleDescription() == (
        "cms-cms, LS 1 (of 1-11); BAD; HV trip; cause: hardware"
    )


def test_that_hovering_asks_who_set_a_cell(qtbot: QtBot, view: GridView) -> None:
    point = middle(view, 0, 5)
    event = QHelpEvent(QEvent.Type.ToolTip, point, view.viewport().mapToGlobal(point))
    with qtbot.waitSignal(view.origin_wanted) as wanted:
        QApplication.sendEvent(view.viewport(), event)
    assert wanted.args == ["cms-cms", 5]


def test_that_notes_are_marked_on_the_axis_and_told_there(
    view: GridView, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _view: told.append(text))
    point = middle(view, 0, 5)
    on_axis = QPoint(point.x(), 4)
    before = painted(view).pixelColor(on_axis)
    view.show_notes([AxisNote((LumiRange(4, 6),), "pump stopped"), AxisNote((), "magnet ramp")])
    assert painted(view).pixelColor(on_axis) == THEME.colour("warning")
    assert before != painted(view).pixelColor(on_axis)
    for place in (on_axis, QPoint(4, 4), point):
        event = QHelpEvent(QEvent.Type.ToolTip, place, view.viewport().mapToGlobal(place))
        QApplication.sendEvent(view.viewport(), event)
    assert "pump stopped" in told[0]
    assert "magnet ramp" not in told[0]
    assert "pump stopped" in told[1]
    assert "magnet ramp" in told[1]
    assert "pump stopped" not in told[2]


def test_that_notes_that_are_there_already_paint_nothing_anew(view: GridView) -> None:
    note = AxisNote((), "magnet ramp")
    view.show_notes([note])
    painted(view)
    picture = view._picture._stored
    view.show_notes([note])
    assert view._picture._stored is picture
    view.show_notes([])
    assert view._picture._stored is not picture


def test_that_the_number_of_notes_stands_beside_the_lumisections_and_not_on_them(
    view: GridView,
) -> None:
    view.show_snapshot(prepare(a_state(length=100)))
    narrow = view._layout.header_width
    view.show_notes([AxisNote((), "magnet ramp")] * 1000)
    wide = view._layout.header_width
    assert wide >= narrow
    assert wide >= view.fontMetrics().horizontalAdvance("LS 1-100 1,000 notes") + 12
    view.show_notes([])
    assert view._layout.header_width == narrow


def test_that_many_notes_on_a_lumisection_leave_the_axis_as_readable_as_one(
    view: GridView,
) -> None:
    one = AxisNote((LumiRange(4, 60),), "pump stopped")
    view.show_notes([one])
    view.show_notes([one] * 46)
    same = painted(view)
    view.show_notes([one, *[AxisNote((LumiRange(at, at),), "seen") for at in range(5, 50)]])
    assert len([*view._notes._bands()]) == 1
    many = painted(view)
    axis = QPoint(round(view._layout.x(30.0)), 12)
    assert same.pixelColor(axis) == many.pixelColor(axis) != THEME.colour("warning")
    spread = [AxisNote((LumiRange(at, at),), "") for at in (50, 20, 21, 90)]
    view.show_notes(spread)
    assert len([*view._notes._bands()]) == 3


def test_that_a_column_that_a_note_names_is_marked_and_tells_it(view: GridView) -> None:
    top = view.cell_rect(Cell(2, 1)).center().toPoint().y()
    view.show_notes([AxisNote((), "wheel off"), AxisNote((), "magnet ramp")])
    name = QPoint(view._layout.header_width - 4, top)
    assert painted(view).pixelColor(name) != THEME.colour("warning")
    view.show_notes([AxisNote((), "dt-dt: wheel off", ("dt-dt",)), AxisNote((), "magnet ramp")])
    assert painted(view).pixelColor(name) == THEME.colour("warning")
    assert view.snapshot is not None
    keys = view.snapshot.keys
    assert view._notes.text_at(name, keys) == "dt-dt: wheel off"
    assert view._notes.text_at(name + QPoint(0, 22), keys) == ""


def painted(view: GridView) -> QImage:
    return view.viewport().grab().toImage()


def test_that_one_bad_lumisection_among_five_thousand_is_seen(qtbot: QtBot) -> None:
    length = 5000
    codes = np.ones((1, length), np.int32)
    codes[0, 3210] = 2
    rr: Grid[Triplet] = Grid(
        length, ("dt-dt",), (None, Triplet(GOOD), Triplet(BAD)), codes, np.ones(length, np.bool_)
    )
    view = GridView(THEME)
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show_snapshot(
        prepare(DatasetState(1, "online", rr, Grid.empty(), np.ones(length, np.bool_)))
    )
    view.show()
    image = painted(view)
    y = middle(view, 0, 1).y()
    red = [x for x in range(image.width()) if image.pixelColor(x, y) == QColor("#ff0000")]
    assert 1 <= len(red) <= 3
    assert abs(red[0] - middle(view, 0, 3211).x()) <= 2


def test_that_a_true_bit_is_a_line_and_a_false_one_a_gap(view: GridView) -> None:
    image = painted(view)
    snapshot = view.snapshot
    assert snapshot is not None
    row = snapshot.keys.index("beam1_stable")
    on = next(n for n in range(1, 101) if snapshot.bit(row, n) is True)
    off = next(n for n in range(1, 101) if snapshot.bit(row, n) is False)
    assert image.pixelColor(middle(view, row, on)) == THEME.colour("success")
    assert image.pixelColor(middle(view, row, off)) == THEME.colour("surface")


@pytest.mark.parametrize("scale", [1.0, 12.0])
def test_that_an_empty_or_tiny_grid_paints(qtbot: QtBot, scale: float) -> None:
    view = GridView(THEME)
    qtbot.addWidget(view)
    view.resize(60, 40)
    view.show()
    painted(view)
    view.show_snapshot(prepare(a_state(length=7)))
    view.zoom(scale)
    painted(view)
    view.show_snapshot(None)
    painted(view)
    assert view.cell_at(QPoint(5, 5)) is None
