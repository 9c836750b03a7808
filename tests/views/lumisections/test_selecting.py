"""Selecting cells of the grid with mouse and keyboard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.editing.selection import Selection
from app.views.grid.grid_layout import AXIS_HEIGHT, Cell
from app.views.grid.grid_view import GridView
from app.views.grid.selection_model import Mode, SelectionModel, Span
from app.views.grid.snapshot import LumisectionsSnapshot, prepare
from app.views.looks.theme import load
from app.views.lumisections.selection_words import selection_text
from tests.views.builders import BITS, COLUMNS, a_state

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
LENGTH = 100


@pytest.fixture
def view(qtbot: QtBot) -> GridView:
    view = GridView(load(dark=False, palette="traditional"))
    qtbot.addWidget(view)
    view.resize(1100, 700)
    view.show_snapshot(prepare(a_state(length=LENGTH)))
    view.show()
    qtbot.waitExposed(view)
    view.setFocus()
    return view


def middle(view: GridView, row: int, number: int) -> QPoint:
    return view.cell_rect(Cell(row, number)).center().toPoint()


def drag(
    qtbot: QtBot,
    view: GridView,
    first: Cell,
    last: Cell,
    modifier: Qt.KeyboardModifier = NONE,
) -> None:
    qtbot.mousePress(view.viewport(), LEFT, modifier, middle(view, *first))
    qtbot.mouseMove(view.viewport(), middle(view, *last))
    qtbot.mouseRelease(view.viewport(), LEFT, modifier, middle(view, *last))


def of(rows: range, first: int, last: int) -> Selection:
    snapshot = prepare(a_state(length=LENGTH))
    return Selection.of([snapshot.keys[row] for row in rows], [(first, last)], LENGTH)


# --- mouse ----------------------------------------------------------------------------------------


def test_that_a_click_selects_one_cell_and_another_click_another(
    qtbot: QtBot, view: GridView
) -> None:
    qtbot.mouseClick(view.viewport(), LEFT, pos=middle(view, 2, 42))
    assert view.chosen == of(range(2, 3), 42, 42)
    qtbot.mouseClick(view.viewport(), LEFT, pos=middle(view, 3, 7))
    assert view.chosen == of(range(3, 4), 7, 7)


def test_that_ctrl_adds_a_rectangle_and_takes_away_what_is_selected(
    qtbot: QtBot, view: GridView
) -> None:
    drag(qtbot, view, Cell(1, 10), Cell(3, 30))
    drag(qtbot, view, Cell(5, 50), Cell(6, 60), CTRL)
    both = of(range(1, 4), 10, 30) | of(range(5, 7), 50, 60)
    assert view.chosen == both
    drag(qtbot, view, Cell(2, 20), Cell(2, 25), CTRL)
    assert view.chosen == both - of(range(2, 3), 20, 25)
    assert view.selection()[1] == ((10, 30), (50, 60))


def test_that_shift_moves_the_corner_of_the_last_rectangle(qtbot: QtBot, view: GridView) -> None:
    drag(qtbot, view, Cell(0, 1), Cell(0, 5))
    drag(qtbot, view, Cell(4, 40), Cell(4, 45), CTRL)
    qtbot.mouseClick(view.viewport(), LEFT, SHIFT, middle(view, 5, 60))
    assert view.chosen == of(range(1), 1, 5) | of(range(4, 6), 40, 60)


def test_that_a_name_selects_its_row_and_dragging_over_names_several(
    qtbot: QtBot, view: GridView
) -> None:
    places = [QPoint(20, middle(view, row, 1).y()) for row in (2, 3, 4)]
    qtbot.mousePress(view.viewport(), LEFT, NONE, places[0])
    qtbot.mouseMove(view.viewport(), places[1])
    qtbot.mouseMove(view.viewport(), places[2])
    qtbot.mouseRelease(view.viewport(), LEFT, NONE, places[2])
    assert view.chosen == of(range(2, 5), 1, LENGTH)
    qtbot.mouseClick(view.viewport(), LEFT, CTRL, places[1])
    assert view.chosen == of(range(2, 3), 1, LENGTH) | of(range(4, 5), 1, LENGTH)


def test_that_the_axis_selects_lumisections_of_all_columns(qtbot: QtBot, view: GridView) -> None:
    places = [QPoint(middle(view, 0, number).x(), AXIS_HEIGHT // 2) for number in (12, 15, 40)]
    qtbot.mousePress(view.viewport(), LEFT, NONE, places[0])
    qtbot.mouseMove(view.viewport(), places[1])
    qtbot.mouseRelease(view.viewport(), LEFT, NONE, places[1])
    assert view.chosen == of(range(len(COLUMNS)), 12, 15)
    qtbot.mouseClick(view.viewport(), LEFT, CTRL, places[2])
    assert view.chosen == of(range(len(COLUMNS)), 12, 15) | of(range(len(COLUMNS)), 40, 40)


def test_that_the_axis_selects_bits_when_the_focus_is_on_one(qtbot: QtBot, view: GridView) -> None:
    view.focus(Cell(len(COLUMNS), 1))
    qtbot.mouseClick(view.viewport(), LEFT, NONE, QPoint(middle(view, 0, 9).x(), AXIS_HEIGHT // 2))
    assert view.selection()[0] == tuple(key for key in prepare(a_state()).keys if key in BITS)


def test_that_the_corner_selects_the_whole_run(qtbot: QtBot, view: GridView) -> None:
    qtbot.mouseClick(view.viewport(), LEFT, NONE, QPoint(10, AXIS_HEIGHT // 2))
    assert view.chosen == of(range(len(COLUMNS)), 1, LENGTH)


def test_that_the_menu_button_keeps_a_selection_below_the_mouse(
    qtbot: QtBot, view: GridView
) -> None:
    drag(qtbot, view, Cell(1, 10), Cell(3, 30))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=middle(view, 2, 20))
    assert view.chosen == of(range(1, 4), 10, 30)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=middle(view, 8, 20))
    assert not view.chosen
    assert view.focus_cell == Cell(8, 20)


# --- keyboard alone -------------------------------------------------------------------------------


def test_that_ctrl_moves_the_focus_and_keeps_the_selection_and_space_adds(
    qtbot: QtBot, view: GridView
) -> None:
    view.focus(Cell(2, 10))
    qtbot.keyClick(view, Qt.Key.Key_Right, SHIFT)
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_Down, CTRL)
    assert view.chosen == of(range(2, 3), 10, 11)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    qtbot.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert view.chosen == of(range(2, 3), 10, 11) | of(range(5, 6), 11, 12)
    qtbot.keyClick(view, Qt.Key.Key_Space)  # the cell that was reached is selected: taken away
    assert view.chosen == of(range(2, 3), 10, 11) | of(range(5, 6), 11, 11)


def test_that_an_arrow_alone_drops_the_selection(qtbot: QtBot, view: GridView) -> None:
    view.select(Cell(1, 1), Cell(2, 5))
    with qtbot.waitSignal(view.selection_changed):
        qtbot.keyClick(view, Qt.Key.Key_Left)
    assert not view.chosen


@pytest.mark.parametrize(
    ("key", "modifier", "rows", "first", "last"),
    [
        (Qt.Key.Key_Space, SHIFT, range(3, 4), 1, LENGTH),
        (Qt.Key.Key_Space, CTRL, range(len(COLUMNS)), 50, 50),
        (Qt.Key.Key_A, CTRL, range(len(COLUMNS)), 1, LENGTH),
        (Qt.Key.Key_A, CTRL | SHIFT, range(len(COLUMNS) + len(BITS)), 1, LENGTH),
    ],
)
def test_that_rows_lumisections_and_the_run_have_a_key(
    qtbot: QtBot,
    view: GridView,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier,
    rows: range,
    first: int,
    last: int,
) -> None:
    view.focus(Cell(3, 50))
    qtbot.keyClick(view, key, modifier)
    assert view.chosen == of(rows, first, last)


def test_that_a_selects_what_has_the_same_status_here_or_everywhere(
    qtbot: QtBot, view: GridView
) -> None:
    snapshot = view.snapshot
    assert snapshot is not None
    view.focus(Cell(0, 20))
    status = snapshot.triplet(0, 20).status
    alike = [n for n in range(1, LENGTH + 1) if snapshot.triplet(0, n).status == status]
    qtbot.keyClick(view, Qt.Key.Key_A, SHIFT)
    assert (np.flatnonzero(view.chosen.rows["cms-cms"]) + 1).tolist() == alike
    qtbot.keyClick(view, Qt.Key.Key_A)
    around = (np.flatnonzero(view.chosen.rows["cms-cms"]) + 1).tolist()
    assert 20 in around
    assert around == list(range(around[0], around[-1] + 1))
    assert {around[0] - 1, around[-1] + 1}.isdisjoint(alike)


def test_that_braces_select_up_to_the_next_change(qtbot: QtBot, view: GridView) -> None:
    snapshot = view.snapshot
    assert snapshot is not None
    view.focus(Cell(0, 1))
    QTest.keyClicks(view, "}")
    around, _ = snapshot.run_at(0, 1)
    assert view.selection() == (("cms-cms",), ((1, around.last + 1),))


# --- what stays -----------------------------------------------------------------------------------


def test_that_the_selection_stays_when_the_dataset_grows_or_its_order_changes(
    view: GridView,
) -> None:
    view.select(Cell(1, 10), Cell(2, 30))
    keys, ranges = view.selection()
    view.show_snapshot(prepare(a_state(length=120), order=("tracker-strip", "dt-dt")))
    assert (set(view.selection()[0]), view.selection()[1]) == (set(keys), ranges)
    assert view.chosen.length == 120


def test_that_the_words_say_cells_rows_lumisections_and_luminosity(view: GridView) -> None:
    view.select(Cell(1, 41), Cell(2, 60))
    snapshot = view.snapshot
    assert snapshot is not None
    line, whole = selection_text(snapshot, view.chosen)
    recorded = sum(0.46 * 0.999**n for n in range(41, 61))
    assert line == (f"40 cells · 2 rows · 20 LS · {recorded:.3g} pb⁻¹ · csc-csc, dt-dt · LS 41-60")
    assert "csc-csc: LS 41-60" in whole


def test_that_screen_readers_hear_how_much_is_selected(view: GridView) -> None:
    view.select(Cell(1, 41), Cell(2, 60))
    assert view.accessibleDescription().endswith("40 cells are selected")


# --- algebra --------------------------------------------------------------------------------------

_SNAPSHOT: LumisectionsSnapshot = prepare(a_state(length=30))
_ROWS = len(_SNAPSHOT.rows)
_cells = st.builds(Cell, st.integers(0, _ROWS - 1), st.integers(1, 30))


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Mode)), st.sampled_from(list(Span)), _cells, _cells),
        max_size=8,
    )
)
def test_that_rectangles_add_and_take_away_as_sets_of_cells_do(
    steps: list[tuple[Mode, Span, Cell, Cell]],
) -> None:
    model = SelectionModel()
    model.show(_SNAPSHOT, same_dataset=False)
    expected: set[tuple[int, int]] = set()
    columns = _SNAPSHOT.columns
    for mode, span, anchor, corner in steps:
        model.begin(anchor, mode, span)
        model.extend(_cells_of_nobody(), anchor)
        model.extend(corner, anchor)
        rows = range(min(anchor.row, corner.row), max(anchor.row, corner.row) + 1)
        numbers = range(
            min(anchor.lumisection, corner.lumisection),
            max(anchor.lumisection, corner.lumisection) + 1,
        )
        if span is Span.ROWS:
            numbers = range(1, 31)
        elif span is Span.LUMISECTIONS:
            rows = range(columns) if anchor.row < columns else range(columns, _ROWS)
        shape = {(row, number) for row in rows for number in numbers}
        if mode is Mode.REPLACE:
            expected = shape
        else:
            expected = expected | shape if mode is Mode.ADD else expected - shape
    found = {
        (_SNAPSHOT.keys.index(key), int(place) + 1)
        for key, mask in model.chosen.rows.items()
        for place in np.flatnonzero(mask)
    }
    assert found == expected


def _cells_of_nobody() -> Cell:
    """Where the mouse is on its way."""
    return Cell(_ROWS - 1, 30)
