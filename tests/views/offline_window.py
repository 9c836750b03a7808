"""The whole window on the real services, with two signed-off runs of two datasets each."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QItemSelectionModel, QSettings
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.session import WebAddresses, Workplace
from app.views.tables.table_view import TableView
from tests.views.workplaces import a_context, a_window, a_workplace

ADDRESSES = WebAddresses(
    "https://oms/report",
    "https://gui/dqm/offline",
    "https://elog/{run}",
    "https://oms/ls?r={run}&from={first}",
)


@pytest.fixture
def services(database: Database) -> Workplace:
    """An expert at a database with two runs whose datasets are OPEN everywhere."""
    return a_workplace(database, addresses=ADDRESSES)


@pytest.fixture
def real_window(
    qtbot: QtBot,
    services: Workplace,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> Iterator[MainWindow]:
    """The window at the offline datasets."""
    context = a_context(services, background, notices, themes, remembered)
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    window.go_to("offline")
    qtbot.waitUntil(lambda: window.offline.table.model.rowCount() == 4)
    settle(qtbot, window)
    yield window
    window.close()


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Waits until nothing is on its way."""
    qtbot.waitUntil(lambda: window.is_settled)


def select(table: TableView, *places: int) -> None:
    """Selects these rows and no other."""
    flags = QItemSelectionModel.SelectionFlag
    table.table.clearSelection()
    for place in places:
        table.table.selectionModel().select(table.model.index(place, 0), flags.Select | flags.Rows)


def opened(window: MainWindow, action: str, kind: type[QDialog]) -> QDialog:
    """The dialog that an action opens."""
    window.actions_[action].trigger()
    dialogs = [each for each in window.findChildren(kind) if each.isVisible()]
    assert dialogs, f"{action} opens no {kind.__name__}"
    return dialogs[-1]
