"""Whatever lies over a cell of the grid, its letter can be read: measured on painted pixels."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.editing.draft_cells import DraftCells, TripletChange
from app.domain.state.grid import DatasetState, Grid
from app.domain.triplets import EMPTY, SETTABLE_STATUSES, STATUSES, Triplet
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import prepare
from app.views.looks.theme import PALETTES, StatusPalette, Theme, load
from app.views.tables.cell_delegate import paint_shares
from app.views.tables.columns import Cell as TableCell
from app.views.tables.columns import CellKind
from tests.views.pixels import contrast_in, picture_of

LETTERED = tuple(status for status in STATUSES if status != EMPTY)
LOOKS = list(itertools.product((False, True), PALETTES))
LENGTH = 40


def plain(_view: GridView) -> None:
    """Nothing lies over the cells."""


def selected(view: GridView) -> None:
    view.choose_all()


def hovered(view: GridView) -> None:
    middle = view.cell_rect(Cell(1, 1)).center()
    QTest.mouseMove(view.viewport(), QPointF(middle).toPoint())


def flashing(view: GridView) -> None:
    view.choose_all()
    chosen = view.chosen
    view.clear_selection()
    view.flash(chosen)


def selected_and_flashing(view: GridView) -> None:
    view.choose_all()
    view.flash(view.chosen)


@pytest.mark.parametrize(
    "over", [plain, selected, hovered, flashing, selected_and_flashing], ids=lambda f: f.__name__
)
@pytest.mark.parametrize(("dark", "palette"), LOOKS)
def test_that_the_letter_of_a_cell_can_be_read(
    qtbot: QtBot, dark: bool, palette: StatusPalette, over: Callable[[GridView], None]
) -> None:
    view = a_grid(qtbot, load(dark=dark, palette=palette), LETTERED)
    over(view)
    seen = {status: read(view, row) for row, status in enumerate(LETTERED)}
    assert all(each >= 4.5 for each in seen.values()), seen


@pytest.mark.parametrize("over", [plain, selected], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("dark", "palette"), LOOKS)
def test_that_the_letter_of_a_drafted_cell_can_be_read(
    qtbot: QtBot, dark: bool, palette: StatusPalette, over: Callable[[GridView], None]
) -> None:
    view = a_grid(qtbot, load(dark=dark, palette=palette), SETTABLE_STATUSES[::-1])
    snapshot = view.snapshot
    assert snapshot is not None
    cells = DraftCells(LENGTH)
    for row, status in enumerate(SETTABLE_STATUSES):
        view.select(Cell(row, 1), Cell(row, LENGTH))
        cells, _ = cells.set_columns(snapshot.state, view.chosen, TripletChange(status))
    view.clear_selection()
    view.show_draft(cells)
    over(view)
    seen = {status: read(view, row) for row, status in enumerate(SETTABLE_STATUSES)}
    assert all(each >= 4.5 for each in seen.values()), seen


@pytest.mark.parametrize(("dark", "palette"), LOOKS)
def test_that_the_letter_of_a_cell_in_a_table_can_be_read(
    qapp: object, dark: bool, palette: StatusPalette
) -> None:
    theme = load(dark=dark, palette=palette)
    for status in LETTERED:
        cell = TableCell(CellKind.SHARES, shares=((status, 10),))
        picture = picture_of(
            lambda painter, rect, cell=cell: paint_shares(painter, theme, rect, cell)
        )
        assert contrast_in(picture) >= 4.5, status


def a_grid(qtbot: QtBot, theme: Theme, statuses: tuple[str, ...]) -> GridView:
    """A grid with one column of each status."""
    view = GridView(theme)
    qtbot.addWidget(view)
    font = view.font()
    font.setPixelSize(16)  # strokes of more than a pixel have the colour that is meant
    font.setBold(True)
    view.setFont(font)
    view.resize(900, 400)
    covered = np.ones(LENGTH, np.bool_)
    codes = np.repeat(np.arange(1, len(statuses) + 1, dtype=np.int32)[:, None], LENGTH, axis=1)
    columns = tuple(f"dt-column{row}" for row in range(len(statuses)))
    rr = Grid(LENGTH, columns, (None, *map(Triplet, statuses)), codes, covered)
    oms = Grid(LENGTH, (), (None,), np.zeros((0, LENGTH), np.int32), covered)
    view.show_snapshot(prepare(DatasetState(396230, "online", rr, oms, covered)))
    view.show()
    qtbot.waitExposed(view)
    return view


def read(view: GridView, row: int) -> float:
    """Contrast of the letter of a row of the grid."""
    cell = view.cell_rect(Cell(row, 1))
    left = round(cell.left()) + 8
    place = cell.toRect().adjusted(0, 3, 0, -3)
    place.setLeft(left)
    place.setWidth(10)
    return contrast_in(view.viewport().grab().toImage().copy(place))
