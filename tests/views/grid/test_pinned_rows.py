"""Rows pinned under the grid, on its axis."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app.views.grid.grid_layout import AXIS_HEIGHT, Cell
from app.views.grid.grid_view import GridView
from app.views.grid.pinned_rows import PinnedRow
from app.views.grid.snapshot import prepare
from app.views.looks.theme import Themes
from tests.views.builders import a_state

RATE = PinnedRow(
    "L1 rate", "kHz", "Level-1 accepts", numbers=np.array([90.0, 91.5, np.nan, 92.0] * 5)
)
PRESCALE = PinnedRow("prescale", words=("1 (a)",) * 8 + ("2 (b)",) * 12)
AWAY = PinnedRow("pile-up", note="OMS failed")


@pytest.fixture
def grid(qtbot: QtBot, themes: Themes) -> GridView:
    grid = GridView(themes.theme)
    qtbot.addWidget(grid)
    grid.resize(900, 420)
    grid.show()
    grid.show_snapshot(prepare(a_state(length=20)))
    return grid


def test_that_a_row_says_its_value_in_a_lumisection():
    assert RATE.text_at(2) == "91.5 kHz"
    assert RATE.text_at(3) == RATE.text_at(99) == ""
    assert PRESCALE.text_at(8) == "1 (a)"
    assert PRESCALE.stretches == ((0, 8, "1 (a)", 0), (8, 20, "2 (b)", 1))


def test_that_a_few_values_far_above_the_others_do_not_flatten_them():
    numbers = np.full(100, 3.0)
    assert PinnedRow("dead time", numbers=numbers).top_of_scale == 3.0
    numbers[0] = 100.0
    assert PinnedRow("dead time", numbers=numbers).top_of_scale == pytest.approx(3.75)
    assert PinnedRow("dead time", numbers=np.full(3, np.nan)).top_of_scale == 1.0


def test_that_pinned_rows_take_their_place_from_the_cells_and_give_it_back(grid: GridView):
    before = grid._layout.area_height
    grid.show_pinned([RATE, PRESCALE, AWAY])
    grid.grab()
    assert grid._layout.area_height < before
    grid.resize(900, 200)
    grid.show_pinned([RATE, PRESCALE, AWAY] * 3)
    grid.grab()
    assert grid._layout.pinned_row_height == 18
    grid.resize(900, 420)
    grid.show_pinned([])
    assert grid._layout.area_height == before


def test_that_the_mouse_and_the_reader_are_told_what_is_pinned(grid: GridView):
    grid.show_pinned([RATE, AWAY])
    grid.focus(Cell(0, 2))
    assert grid.accessibleDescription().endswith("; L1 rate 91.5 kHz; pile-up unknown")
    layout = grid._layout
    top = AXIS_HEIGHT + layout.area_height + layout.bits_height
    over = QPoint(round(layout.x(1.5)), top + 4)
    assert grid._pinned.text_at(over) == "L1 rate, LS 2: 91.5 kHz\nLevel-1 accepts"
    below = over + QPoint(0, layout.pinned_row_height)
    assert grid._pinned.text_at(below) == "pile-up\nOMS failed"
    assert grid._pinned.text_at(QPoint(over.x(), top - 4)) == ""


def test_that_a_pinned_curve_is_painted_where_its_lumisections_are(grid: GridView, themes: Themes):
    half = np.array([1.0] * 10 + [np.nan] * 10)
    grid.show_pinned([PinnedRow("rate", numbers=half)])
    picture = grid.grab().toImage()
    layout = grid._layout
    top = AXIS_HEIGHT + layout.area_height + layout.bits_height
    accent = themes.theme.colour("accent").rgb()

    def is_painted(position: float) -> bool:
        x = round(layout.x(position))
        tall = layout.pinned_row_height
        return any(picture.pixel(x, y) == accent for y in range(top + 1, top + tall))

    assert is_painted(4.5)
    assert not is_painted(15.5)


def test_that_words_too_narrow_to_be_told_apart_are_painted_as_one(grid: GridView, themes: Themes):
    length = 4000
    grid.show_snapshot(prepare(a_state(length=length)))
    changing = tuple(f"{at}" if at % 9 else "" for at in range(1000))
    row = PinnedRow("beams", words=changing + ("stable",) * 1500 + ("",) * 900 + changing[:600])
    grid.show_pinned([row])
    assert [each[:3] for each in grid._pinned._in_sight(row)] == [
        (0, 1000, "1000 values"),
        (1000, 2500, "stable"),
        (3401, 4000, "599 values"),
    ]
    grid.show_pinned([PinnedRow("beams", words=("", "") * 2000)])
    assert not [*grid._pinned._in_sight(grid._pinned.rows[0])]
    grid.show_pinned([row])
    layout = grid._layout
    layout.scale, layout.left = 64.0, 64 * 995
    assert [each.word for each in grid._pinned._in_sight(row)] == [
        *("995", "996", "997", "998", "stable"),
    ]
    layout.left = 64 * 3990
    assert [each.word for each in grid._pinned._in_sight(row)][-1] == "599"
    grid.grab()
