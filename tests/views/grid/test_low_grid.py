"""A grid that is too low for its rows: the luminosity folds, one line stands for the bits."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.domain.state.grid import DatasetState
from app.views.grid.grid_layout import AXIS_HEIGHT
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import FALSE, NULL, TRUE, LumisectionsSnapshot, prepare
from app.views.looks.theme import Theme, load
from tests.views.builders import BITS, a_state

LENGTH = 100
TALL, LOW = 700, 260


def a_view(qtbot: QtBot, height: int, state: DatasetState, theme: Theme) -> GridView:
    view = GridView(theme)
    qtbot.addWidget(view)
    view.resize(900, height)
    view.show_snapshot(prepare(state))
    view.show()
    qtbot.waitExposed(view)
    view.setFocus()
    return view


@pytest.fixture
def low(qtbot: QtBot) -> GridView:
    return a_view(qtbot, LOW, a_state(length=LENGTH), load(dark=False, palette="calm"))


def luminosity(view: GridView) -> int:
    """How high the luminosity is."""
    return view._layout.luminosity_height


def test_that_the_luminosity_is_folded_where_rows_need_the_room(
    qtbot: QtBot, low: GridView
) -> None:
    tall = a_view(qtbot, TALL, a_state(length=LENGTH), load(dark=False, palette="calm"))
    assert 0 < luminosity(low) < luminosity(tall)


def test_that_the_key_i_opens_and_folds_the_luminosity(qtbot: QtBot, low: GridView) -> None:
    folded = luminosity(low)
    qtbot.keyClick(low, Qt.Key.Key_I)
    opened = luminosity(low)
    assert opened > 2 * folded
    qtbot.keyClick(low, Qt.Key.Key_I)
    assert luminosity(low) == folded


def test_that_a_click_beside_the_luminosity_opens_and_folds_it(qtbot: QtBot, low: GridView) -> None:
    folded = luminosity(low)

    def click(x: int) -> None:
        place = QPoint(x, low.viewport().height() - folded // 2)
        qtbot.mouseClick(low.viewport(), Qt.MouseButton.LeftButton, pos=place)

    click(low._layout.header_width + 50)
    assert luminosity(low) == folded
    click(20)
    assert luminosity(low) > folded
    click(20)
    assert luminosity(low) == folded


def test_that_what_was_folded_stays_so_in_a_higher_window(qtbot: QtBot, low: GridView) -> None:
    qtbot.keyClick(low, Qt.Key.Key_I)
    qtbot.keyClick(low, Qt.Key.Key_I)
    folded = luminosity(low)
    low.resize(900, TALL)
    assert luminosity(low) == folded


def bits_line(view: GridView) -> QImage:
    """The line that stands for all bits, without its name."""
    layout = view._layout
    top = layout.height - layout.luminosity_height - layout.bits_height
    whole = view.viewport().grab().toImage()
    return whole.copy(layout.header_width, top, layout.area_width, layout.bits_height)


def with_bits(ranks: dict[str, tuple[int, int, int]]) -> LumisectionsSnapshot:
    """All bits true but for these, from and to a lumisection."""
    snapshot = prepare(a_state(length=LENGTH))
    snapshot.ranks[snapshot.columns :] = TRUE
    for bit, (rank, first, last) in ranks.items():
        snapshot.ranks[snapshot.keys.index(bit), first - 1 : last] = rank
    return snapshot


def colours_at(view: GridView, number: int) -> set[str]:
    """Colours of the line in the middle of a lumisection."""
    line = bits_line(view)
    x = int((number - 0.5) * view._layout.scale)
    return {QColor(line.pixel(x, y)).name() for y in range(line.height())}


@pytest.mark.parametrize("dark", [False, True])
def test_that_the_line_of_the_bits_is_red_where_one_is_false(qtbot: QtBot, dark: bool) -> None:
    theme = load(dark=dark, palette="calm")
    view = a_view(qtbot, LOW, a_state(length=LENGTH), theme)
    view.show_snapshot(with_bits({BITS[4]: (FALSE, 41, 60), BITS[6]: (NULL, 71, 90)}))
    danger, success = theme.colour("danger").name(), theme.colour("success").name()
    unknown = theme.colour("line").name()
    assert success in colours_at(view, 20)
    assert danger not in colours_at(view, 20)
    assert danger in colours_at(view, 50)
    assert success not in colours_at(view, 50)
    assert not {danger, success} & colours_at(view, 80)
    assert unknown in colours_at(view, 80)


def test_that_a_bit_that_is_never_true_does_not_make_the_line_red(low: GridView) -> None:
    low.show_snapshot(with_bits({BITS[4]: (FALSE, 1, LENGTH)}))
    danger = load(dark=False, palette="calm").colour("danger").name()
    assert all(danger not in colours_at(low, number) for number in (1, 50, 100))


def test_that_there_is_no_line_where_all_bits_are_in_sight(qtbot: QtBot) -> None:
    view = a_view(qtbot, TALL, a_state(length=LENGTH), load(dark=False, palette="calm"))
    assert np.isfinite(view.snapshot.recorded).any()
    assert view._layout.bits_height == 0


def test_that_half_a_name_is_not_painted_over_the_line_of_the_bits(low: GridView) -> None:
    low.verticalScrollBar().setValue(0)
    layout = low._layout
    background = load(dark=False, palette="calm").colour("background").name()
    last = max(layout.rows_in_sight())
    for hidden in range(1, layout.height_of(last)):
        low.verticalScrollBar().setValue(low.verticalScrollBar().value() + 1)
        last = max(layout.rows_in_sight())
        top = layout.tops[last] - layout.top + AXIS_HEIGHT
        bottom = AXIS_HEIGHT + layout.area_height
        if top + (layout.height_of(last) - 1) // 2 < bottom:
            continue
        picture = low.viewport().grab().toImage()
        names = {
            QColor(picture.pixel(x, y)).name()
            for x in range(layout.header_width - 2)
            for y in range(top + 1, bottom)
        }
        assert names <= {background}, hidden
