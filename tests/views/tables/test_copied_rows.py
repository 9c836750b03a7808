"""Copying from a long table: rows that nobody has scrolled to are read for it."""

import csv
import io

from PySide6.QtCore import QItemSelectionModel, QSettings
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.tables.table_view import TableView
from app.views.widgets.tables.copying import copy_selected
from tests.views.builders import COLUMNS
from tests.views.many_runs import LARGE_COUNT, NEWEST
from tests.views.table_rows import VOCABULARY

LAST = 3000


def test_that_rows_that_are_not_loaded_are_copied(
    qtbot: QtBot,
    ten_thousand: Database,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    view = TableView("runs", Acting(ten_thousand), background, themes, remembered)
    qtbot.addWidget(view)
    view.show_workspace(WorkspaceColumns("global", COLUMNS))
    view.set_vocabulary(VOCABULARY)
    view.resize(1200, 400)
    view.show()
    qtbot.waitUntil(lambda: view.model.rowCount() == LARGE_COUNT)
    qtbot.waitUntil(lambda: view.model.prepared(0) is not None)
    assert view.model.prepared(LAST) is None
    flags = QItemSelectionModel.SelectionFlag
    selection, model = view.table.selectionModel(), view.table.model()
    for row in (0, 1, LAST):
        selection.select(model.index(row, 0), flags.Select | flags.Rows)
    QGuiApplication.clipboard().setText("nothing")
    copy_selected(view.table)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() != "nothing")
    rows = list(csv.reader(io.StringIO(QGuiApplication.clipboard().text()), delimiter="\t"))
    assert [row[0] for row in rows] == [str(NEWEST), str(NEWEST - 1), str(NEWEST - LAST)]
    assert len({len(row) for row in rows}) == 1
    qtbot.waitUntil(lambda: not background.busy)
