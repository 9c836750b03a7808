"""Lines of changes: what each says, which are shown, what is drawn and copied."""

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.views.changes.changes_table import AFTER, BEFORE, GROUP, WHERE, ChangesTable
from app.views.changes.history_axis import LaneDelegate, LanePainter, piece_words
from app.views.changes.lines import ChangeLine, Piece
from app.views.looks.theme import Themes
from app.views.widgets.tables.copying import copy_selected

GOOD, BAD = Triplet("GOOD"), Triplet("BAD", "HV trip", "hv")
DT = Piece("dt-dt", (LumiRange(11, 20), LumiRange(90, 90)), GOOD, BAD)
BIT = Piece("bpix_ready", (LumiRange(1, 100),), None, False, oms=True)
CLASS = Piece("class", (), "Cosmics25", "Collisions25", oms=True)


@pytest.fixture
def table(qtbot: QtBot, themes: Themes) -> ChangesTable:
    table = ChangesTable(themes)
    qtbot.addWidget(table)
    table.resize(1000, 300)
    table.show()
    return table


def painted(themes: Themes, lane: tuple[Piece, ...], length: int) -> QImage:
    image = QImage(200, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("#123456"))
    painter = QPainter(image)
    LanePainter(themes.theme, length).paint_lane(painter, QRectF(0, 0, 200, 20), lane)
    painter.end()
    return image


def test_that_a_lane_shows_the_old_value_above_the_new_one_where_it_changed(themes: Themes) -> None:
    image = painted(themes, (DT,), 100)
    x = 2 * 15
    assert image.pixelColor(x, 2) == themes.theme.status("GOOD").fill
    assert image.pixelColor(x, 14) == themes.theme.status("BAD").fill
    assert image.pixelColor(2 * 50, 14) == QColor("#123456")


def test_that_one_lumisection_among_thousands_is_seen(themes: Themes) -> None:
    image = painted(themes, (DT,), 5000)
    bad = themes.theme.status("BAD").fill
    assert sum(image.pixelColor(x, 14) == bad for x in range(200)) >= 2


def test_that_the_worst_value_is_on_top_where_many_columns_changed(themes: Themes) -> None:
    whole = (LumiRange(1, 100),)
    lane = tuple(Piece(f"c-{n}", whole, BAD, BAD if n == 2 else GOOD) for n in range(9))
    assert painted(themes, lane, 100).pixelColor(50, 14) == themes.theme.status("BAD").fill


def test_that_lines_say_where_what_and_from_what_to_what(table: ChangesTable) -> None:
    table.show_lines(
        [ChangeLine("run 1", DT), ChangeLine("run 2", BIT), ChangeLine("run 2", CLASS)]
    )
    texts = [
        [table.model.index(row, column).data() for column in range(table.model.columnCount())]
        for row in range(3)
    ]
    assert texts[0] == [
        "",
        "run 1",
        "dt-dt",
        "",
        "11-20, 90",
        "GOOD",
        "BAD HV trip (cause: hv)",
        "",
    ]
    assert texts[1][4:7] == ["1-100", "null", "false"]
    assert texts[2][4:7] == ["", "Cosmics25", "Collisions25"]


def test_that_a_column_that_would_say_the_same_everywhere_is_hidden(table: ChangesTable) -> None:
    table.show_lines([ChangeLine("run 1", DT), ChangeLine("run 1", BIT)])
    assert table.table.isColumnHidden(WHERE)
    assert table.table.isColumnHidden(GROUP)
    table.show_lines([ChangeLine("run 1", CLASS, valued=False), ChangeLine("run 2", CLASS)])
    assert not table.table.isColumnHidden(WHERE)
    assert not table.table.isColumnHidden(BEFORE)


def test_that_groups_are_counted_and_one_can_be_chosen(qtbot: QtBot, table: ChangesTable) -> None:
    lines = [ChangeLine("run 1", DT, "Comes back"), ChangeLine("run 1", BIT, "Refused")]
    table.show_lines(lines, groups=["Comes back", "Stays", "Refused"])
    assert table.chips.isVisible()
    refused = table.chips.button("Refused")
    assert refused.text() == "Refused  1"
    qtbot.mouseClick(refused, Qt.MouseButton.LeftButton)
    assert [line.piece for line in table.model.lines] == [BIT]
    qtbot.mouseClick(table.chips.button(None), Qt.MouseButton.LeftButton)
    assert len(table.model.lines) == 2


def test_that_selected_lines_can_be_copied(qtbot: QtBot, table: ChangesTable) -> None:
    table.show_lines([ChangeLine("run 1", DT)])
    table.table.selectRow(0)
    copy_selected(table.table)
    copied = QGuiApplication.clipboard().text()
    assert copied.split("\t") == ["dt-dt", "", "11-20, 90", "GOOD", "BAD HV trip (cause: hv)"]


def test_that_enter_and_double_click_name_the_line(qtbot: QtBot, table: ChangesTable) -> None:
    line = ChangeLine("run 1", DT)
    table.show_lines([line])
    table.table.selectRow(0)
    with qtbot.waitSignal(table.line_entered) as entered:
        qtbot.keyClick(table.table, Qt.Key.Key_Return)
    assert entered.args == [line]
    place = table.table.visualRect(table.model.index(0, AFTER)).center()
    qtbot.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    with qtbot.waitSignal(table.line_entered):
        qtbot.mouseDClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))


def test_that_an_empty_table_says_what_it_would_hold(table: ChangesTable) -> None:
    table.show_lines([], nothing="Both moments are the same.")
    assert table.table.words.isVisible()
    assert table.table.words.text() == "Both moments are the same."


def test_that_the_tip_tells_what_happened_in_a_lumisection(
    table: ChangesTable, themes: Themes
) -> None:
    lanes = LaneDelegate(themes.theme, table)
    tip = lanes.tip((DT, BIT), 15)
    assert tip.splitlines() == [
        "LS 15",
        "dt-dt: GOOD -> BAD HV trip (cause: hv) (LS 11-20, 90)",
        "bpix_ready: null -> false (LS 1-100)",
    ]
    assert lanes.tip((DT,), 50) == "LS 50\nnothing"


def test_that_a_value_that_stays_in_the_background_is_told_so() -> None:
    overruled = Piece("dt-dt", (LumiRange(1, 2),), BAD, GOOD, overruled=True)
    assert piece_words(overruled) == "GOOD, hidden by an earlier value set by hand"
    assert piece_words(Piece("dt-dt", (), GOOD, GOOD)) == "GOOD, now by hand"
    assert piece_words(Piece("recorded", (), None, None, kinds=1234)).endswith("different changes")
