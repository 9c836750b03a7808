"""The model of long tables: blocks, live changes, selection that follows its row."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex
from PySide6.QtWidgets import QTableView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.filters import Field, Source
from app.services.certification.tables import Row
from app.views.tables.columns import Column, PreparedRow, default_columns, prepare_row
from app.views.tables.table_model import BLOCK, CELL_ROLE, TableModel
from tests.views.builders import COLUMNS
from tests.views.table_rows import a_row

SHOWN = default_columns("runs", "global", COLUMNS)
ROWS = [a_row(1000 - n, place=n) for n in range(300)]


def prepared(rows: Sequence[Row], columns: Sequence[Column] = SHOWN) -> list[PreparedRow]:
    return [prepare_row(row, columns) for row in rows]


def a_model(loaded: int = BLOCK, count: int = 300) -> TableModel:
    model = TableModel()
    model.start(SHOWN, prepared(ROWS[:loaded]), count)
    return model


def keys(model: TableModel, places: range) -> list[int]:
    found = [model.key_at(place) for place in places]
    return [key[0] for key in found if key]


def test_that_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = a_model()
    qtmodeltester.check(model)
    model.renew(0, prepared([a_row(1001), *ROWS[: BLOCK - 1]]), 301)
    qtmodeltester.check(model)
    model.fill(BLOCK, prepared(ROWS[BLOCK : 2 * BLOCK]), 301)
    qtmodeltester.check(model)


def test_that_a_row_that_is_looked_at_is_asked_for_once_per_block(qtbot: QtBot) -> None:
    model = a_model()
    asked: list[int] = []
    model.rows_wanted.connect(asked.append)
    for place in (150, 151, 199):
        assert model.index(place, 0).data(CELL_ROLE) is None
    qtbot.waitUntil(lambda: asked == [BLOCK])
    model.fill(BLOCK, prepared(ROWS[BLOCK : 2 * BLOCK]), 300)
    assert model.index(150, 0).data() == "850"


def test_that_equal_places_change_in_place_and_only_where_they_differ(qtbot: QtBot) -> None:
    model = a_model()
    changed: list[tuple[int, int]] = []
    resets: list[bool] = []
    model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.row())))
    model.modelReset.connect(lambda: resets.append(True))
    now = list(ROWS[:BLOCK])
    now[3] = a_row(997, place=4)
    assert model.renew(0, prepared(now), 300) == 0
    assert changed == [(3, 3)]
    assert resets == []


def test_that_the_selection_follows_its_run_when_new_ones_appear(qtbot: QtBot) -> None:
    model = a_model()
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.selectRow(5)
    key = model.key_at(5)
    moved = model.renew(0, prepared([a_row(1002), a_row(1001), *ROWS[: BLOCK - 2]]), 302)
    assert moved == 2
    assert view.currentIndex().row() == 7
    assert model.key_at(view.currentIndex().row()) == key
    assert {index.row() for index in view.selectionModel().selectedRows()} == {7}
    assert model.rowCount() == 302


def test_that_a_selected_row_out_of_sight_moves_with_the_others(qtbot: QtBot) -> None:
    model = a_model(loaded=300)
    held = QPersistentModelIndex(model.index(250, 0))
    model.renew(0, prepared([a_row(1001), *ROWS[: BLOCK - 1]]), 301)
    assert held.row() == 251


def test_that_what_is_gone_is_no_longer_selected(qtbot: QtBot) -> None:
    model = a_model(loaded=5, count=5)
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.selectionModel().select(
        model.index(1, 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    rows = [row for place, row in enumerate(ROWS[:5]) if place != 1]
    model.renew(0, prepared(rows), 4)
    assert model.rowCount() == 4
    assert view.selectionModel().selectedRows() == []
    assert keys(model, range(4)) == [1000, 998, 997, 996]


def test_that_other_columns_show_the_same_rows() -> None:
    model = a_model()
    model.set_columns(SHOWN[:2])
    assert model.columnCount() == 2
    assert model.index(0, 0).data() == "1000"
    assert model.place_of((998, "online")) == 2


def test_that_status_columns_have_their_names_as_titles() -> None:
    status = next(each for each in SHOWN if each.field == Field(Source.COLUMN, "l1t-l1tmu"))
    assert status.title == "l1tmu"
