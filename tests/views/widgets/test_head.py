"""The head of a table asks for its columns only while somebody sees it."""

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from pytestqt.qtbot import QtBot

from app.views.widgets.tables.plain_table import PlainTable
from app.views.widgets.tables.titled_model import TitledModel


class Titles(TitledModel):
    """No rows, three columns; counts how often it is asked for one."""

    titles = ("Run", "Dataset", "Agent")

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:
        return 0

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        self.asked += 1
        return super().headerData(section, orientation, role)


@pytest.fixture
def table(qtbot: QtBot) -> PlainTable:
    table = PlainTable("Agents")
    qtbot.addWidget(table)
    table.setModel(Titles())
    table.model().setParent(table)
    return table


def asked(table: PlainTable) -> int:
    model = table.model()
    assert isinstance(model, Titles)
    number, model.asked = model.asked, 0
    return number


def test_that_a_head_that_nobody_sees_is_measured_once(table: PlainTable) -> None:
    head = table.horizontalHeader()
    before = head.sizeHint()
    asked(table)
    table.doItemsLayout()
    assert head.sizeHint() == before
    assert asked(table) == 0


def test_that_a_head_is_measured_when_it_comes_into_sight(qtbot: QtBot, table: PlainTable) -> None:
    before = table.horizontalHeader().sizeHint().height()
    font = table.font()
    font.setPointSize(3 * font.pointSize())
    table.setFont(font)
    table.horizontalHeader().setFont(font)
    table.show()
    assert table.horizontalHeader().height() > 2 * before


def test_that_a_head_of_fixed_height_is_never_measured(table: PlainTable) -> None:
    table.horizontalHeader().setFixedHeight(24)
    table.show()
    asked(table)
    assert table.horizontalHeader().sizeHint().height() == 24
    assert asked(table) == 0
