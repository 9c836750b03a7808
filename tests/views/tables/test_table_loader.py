"""Rows come before their number, where that is a search for itself."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.tables.table_view import TableView
from tests.views.builders import COLUMNS
from tests.views.many_runs import COUNT, SIGNED_OFF
from tests.views.table_rows import VOCABULARY

NAMES = 5
ALL, AT_ONCE = NAMES * COUNT + len(SIGNED_OFF) * 2, 100


class Number:
    """Lets the view know how many rows there are when it `may_be_known`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_be_known = threading.Event()
        self.asked = 0
        self._read = tables.number_of_rows
        monkeypatch.setattr(tables, "number_of_rows", self._slow)

    def _slow(self, acting: Acting, query: TableQuery) -> int:
        self.asked += 1
        assert self.may_be_known.wait(60)
        return self._read(acting, query)


@pytest.fixture
def number(background: Background, monkeypatch: pytest.MonkeyPatch) -> Iterator[Number]:
    """Nobody of the `background` waits for it in the end."""
    number = Number(monkeypatch)
    yield number
    number.may_be_known.set()


@pytest.fixture
def view(
    qtbot: QtBot,
    thirty_runs: Database,
    number: Number,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> TableView:
    """Datasets in the order of an attribute of their runs, as soon as the first are there."""
    with thirty_runs.raw_connection("tests") as raw:
        raw.execute(
            """
            INSERT INTO "Dataset"
                (run_number, name, version, dataset_attributes, datasets_in_gui, deleted)
            SELECT run_number, '/Another' || n || '/DQM', version, '{}', '[]', false
            FROM "Dataset", generate_series(1, %s) n WHERE name = 'online'
            """,
            [NAMES],
        )
    view = TableView("datasets", Acting(thirty_runs), background, themes, remembered)
    qtbot.addWidget(view)
    view.resize(1200, 500)
    view.show()
    view.set_vocabulary(VOCABULARY)
    view._layout.show_guest((), "-ls_duration")
    view.show_workspace(WorkspaceColumns("global", COLUMNS))
    qtbot.waitUntil(lambda: view.model.rowCount() == AT_ONCE)
    return view


def test_that_rows_are_there_before_their_number(
    qtbot: QtBot, view: TableView, number: Number
) -> None:
    assert view.line.count.text() == f"at least {AT_ONCE} datasets"
    assert view.chosen is not None
    with qtbot.waitSignal(view.selection_changed):
        number.may_be_known.set()
    assert view.model.rowCount() == ALL
    assert view.line.count.text() == f"{ALL} datasets"
    selection = view.selection()
    assert selection is not None
    assert selection.everything_count == ALL


def test_that_a_table_that_is_read_again_does_not_become_short(
    qtbot: QtBot, view: TableView, number: Number
) -> None:
    number.may_be_known.set()
    qtbot.waitUntil(lambda: view.model.rowCount() == ALL)
    shortened: list[int] = []
    view.model.rowsRemoved.connect(lambda *_: shortened.append(view.model.rowCount()))
    view.table.verticalScrollBar().setValue(ALL)
    qtbot.waitUntil(lambda: view.model.key_at(ALL - 1) is not None)
    view.table.verticalScrollBar().setValue(0)
    number.may_be_known.clear()
    asked = number.asked
    with qtbot.waitSignal(view._loader.renewed):
        view.refresh_soon()
    assert view.line.count.text() == f"{ALL} datasets"
    number.may_be_known.set()
    qtbot.waitUntil(lambda: number.asked > asked)
    qtbot.waitUntil(lambda: not view._loader._counting.is_running)
    assert not shortened
    assert view.model.rowCount() == ALL


def test_that_the_number_of_another_filter_is_not_believed(
    qtbot: QtBot, view: TableView, number: Number
) -> None:
    number.may_be_known.set()
    qtbot.waitUntil(lambda: view.model.rowCount() == ALL)
    number.may_be_known.clear()
    view.filter.set_text('name ~ "/Another%"')
    qtbot.waitUntil(lambda: view.model.rowCount() == AT_ONCE)
    view.filter.set_text('name ~ "/Another1%"')
    qtbot.waitUntil(lambda: view.model.rowCount() == COUNT)
    assert view.line.count.text() == f"{COUNT} datasets"
    with qtbot.waitSignal(view._loader.replaced):
        view.filter.edit.clear()
    assert view.line.count.text() == f"{ALL} datasets"
