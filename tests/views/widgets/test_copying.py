"""Copying from tables, lists and trees: what a spreadsheet gets when it pastes."""

import csv
import io

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QTableView,
    QTreeWidget,
    QTreeWidgetItem,
)
from pytestqt.qtbot import QtBot

from app.views.widgets.tables.copying import copy_selected

HOSTILE = 'a\ttab, a "quote"\nand a line'


def pasted() -> list[list[str]]:
    """What Excel and LibreOffice make of the clipboard."""
    return list(csv.reader(io.StringIO(QGuiApplication.clipboard().text()), delimiter="\t"))


@pytest.fixture
def table(qtbot: QtBot) -> QTableView:
    model = QStandardItemModel(3, 3)
    for row in range(3):
        for column in range(3):
            model.setItem(row, column, QStandardItem(f"{row}{column}"))
    table = QTableView()
    model.setParent(table)
    table.setModel(model)
    qtbot.addWidget(table)
    return table


def test_that_hostile_cells_shift_no_column(table: QTableView) -> None:
    model = table.model()
    model.setData(model.index(1, 1), HOSTILE)
    model.setData(model.index(2, 0), "=1+1")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.selectAll()
    copy_selected(table)
    assert pasted() == [["00", "01", "02"], ["10", HOSTILE, "12"], ["'=1+1", "21", "22"]]


def test_that_hidden_columns_stay_out_and_moved_ones_come_as_they_are_seen(
    table: QTableView,
) -> None:
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setColumnHidden(1, True)
    table.horizontalHeader().moveSection(2, 0)
    table.selectRow(1)
    copy_selected(table)
    assert pasted() == [["12", "10"]]


def test_that_cells_keep_their_places(table: QTableView) -> None:
    model, flags = table.model(), table.selectionModel()
    flags.select(model.index(0, 0), flags.SelectionFlag.Select)
    flags.select(model.index(2, 2), flags.SelectionFlag.Select)
    copy_selected(table)
    assert pasted() == [["00", ""], ["", "22"]]


def test_that_nothing_chosen_copies_the_current_row_and_no_row_copies_nothing(
    table: QTableView,
) -> None:
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.selectRow(2)
    table.selectionModel().clearSelection()
    copy_selected(table)
    assert pasted() == [["20", "21", "22"]]
    table.selectionModel().clear()
    copy_selected(table)
    assert pasted() == [["20", "21", "22"]]


def test_that_lines_of_a_tree_come_indented_in_their_order(qtbot: QtBot) -> None:
    tree = QTreeWidget()
    qtbot.addWidget(tree)
    tree.setColumnCount(2)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    top, other = QTreeWidgetItem(["all of", "true"]), QTreeWidgetItem(["last", ""])
    top.addChildren([QTreeWidgetItem(["dt", "GOOD"]), QTreeWidgetItem(["csc", "BAD"])])
    tree.addTopLevelItems([top, other])
    tree.expandAll()
    tree.selectAll()
    top.child(1).setHidden(True)
    copy_selected(tree)
    assert pasted() == [["all of", "true"], ["  dt", "GOOD"], ["last", ""]]


def test_that_the_lines_of_a_list_are_copied_and_ticks_are_told(qtbot: QtBot) -> None:
    chosen = QListWidget()
    qtbot.addWidget(chosen)
    chosen.addItems(["dt", "csc"])
    chosen.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    chosen.selectAll()
    copy_selected(chosen)
    assert pasted() == [["dt"], ["csc"]]
    chosen.item(0).setText("")
    chosen.item(0).setCheckState(Qt.CheckState.Checked)
    copy_selected(chosen)
    assert pasted() == [["yes"], ["csc"]]
