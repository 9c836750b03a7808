"""The table of runs: loading, live refresh, sorting, filters, columns, words when empty."""

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.domain.filters import Field, Source
from app.services.certification.tables import Sort
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.tables.column_chooser import ColumnChooser
from app.views.tables.table_view import TableView
from app.views.theme import Themes
from tests.views.builders import COLUMNS
from tests.views.fake_backend import FakeBackend, a_row, unavailable

GLOBAL = WorkspaceColumns("global", COLUMNS)


@pytest.fixture(scope="module")
def ten_thousand() -> FakeBackend:
    return FakeBackend(10_000)


@pytest.fixture
def backend(ten_thousand: FakeBackend) -> FakeBackend:
    backend = FakeBackend(1)
    backend.rows = list(ten_thousand.rows)
    return backend


@pytest.fixture
def view(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> TableView:
    view = TableView("runs", backend, background, themes, remembered)
    qtbot.addWidget(view)
    view.resize(1200, 500)
    view.show()
    view.set_vocabulary(backend.vocabulary("runs"))
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: view.model.rowCount() == 10_000)
    return view


def first_run(view: TableView) -> int:
    key = view.model.key_at(view.table.rows_in_sight().start)
    return key[0] if key else 0


def settle(qtbot: QtBot, background: Background) -> None:
    qtbot.waitUntil(lambda: not background.busy)


def test_that_only_what_is_looked_at_is_loaded(
    qtbot: QtBot, view: TableView, backend: FakeBackend, background: Background
) -> None:
    settle(qtbot, background)
    assert sum(request.limit for request in backend.requests) <= 200
    view.table.verticalScrollBar().setValue(7_030)
    qtbot.waitUntil(lambda: view.model.key_at(7_030) is not None)
    assert view.model.key_at(7_030) == (396_200 + 10_000 - 7_030, "online")
    assert sum(request.limit for request in backend.requests) <= 400


def test_that_reading_never_happens_in_the_gui_thread(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    backend.threads.clear()
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(lambda: view.model.rowCount() == 2_500)
    assert backend.threads
    assert threading.get_ident() not in backend.threads


def test_that_a_live_refresh_keeps_selection_and_scroll(
    qtbot: QtBot, view: TableView, backend: FakeBackend, background: Background
) -> None:
    view.table.verticalScrollBar().setValue(40)
    settle(qtbot, background)
    view.table.selectRow(45)
    chosen, seen = view.model.key_at(45), first_run(view)
    backend.rows.insert(0, a_row(500_000))
    backend.rows.insert(0, a_row(500_001))
    view.refresh_soon()
    qtbot.waitUntil(lambda: view.model.rowCount() == 10_002)
    assert view.model.key_at(view.table.currentIndex().row()) == chosen
    assert first_run(view) == seen


def test_that_new_runs_appear_for_whoever_looks_at_the_top(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    backend.rows.insert(0, a_row(500_000))
    view.refresh_soon()
    qtbot.waitUntil(lambda: first_run(view) == 500_000)
    assert view.chosen is not None
    assert view.chosen.run_number == 396_200 + 10_000


def test_that_a_changed_run_changes_in_place(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    row = backend.rows[2]
    backend.rows[2] = replace(row, rr_attributes={**row.rr_attributes, "state": "COMPLETED"})
    with qtbot.waitSignal(view.model.dataChanged):
        view.refresh_soon()
    state = [each.id for each in view.columns].index("state")
    assert view.model.index(2, state).data() == "COMPLETED"


def test_that_a_click_on_a_title_sorts_at_the_server(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    header = view.table.horizontalHeader()
    section = [each.id for each in view.columns].index("class")
    place = header.sectionViewportPosition(section) + 10
    for descending in (True, False):
        before = len(backend.requests)
        qtbot.mouseClick(
            header.viewport(),
            Qt.MouseButton.LeftButton,
            pos=header.rect().topLeft() + type(header.pos())(place, 10),
        )
        qtbot.waitUntil(lambda before=before: len(backend.requests) > before)
        assert backend.requests[-1].sort == (Sort(Field(Source.RR, "class"), descending),)
    qtbot.waitUntil(lambda: not view.bar.loading)


def test_that_a_filter_and_the_switch_reach_the_server(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(lambda: view.model.rowCount() == 2_500)
    assert view.count.text() == "2\u202f500 runs"
    view.significant.click()
    qtbot.waitUntil(lambda: backend.requests[-1].significant_only)
    qtbot.waitUntil(lambda: 0 < view.model.rowCount() < 2_500)


def test_that_the_old_rows_stay_while_the_new_are_loaded(
    qtbot: QtBot, view: TableView, backend: FakeBackend, background: Background
) -> None:
    settle(qtbot, background)
    backend.gate = threading.Event()
    view.filter.set_text("class = Cosmics25")
    assert view.bar.loading
    assert view.model.rowCount() == 10_000
    qtbot.waitUntil(lambda: view._delegate.dimmed)
    backend.gate.set()
    qtbot.waitUntil(lambda: view.model.rowCount() == 2_500)
    assert not view.bar.loading
    assert not view._delegate.dimmed


def test_that_an_empty_table_says_how_to_fill_it(qtbot: QtBot, view: TableView) -> None:
    view.filter.set_text("run = 12")
    qtbot.waitUntil(view.table.words.isVisible)
    assert "clear" in view.table.words.text()
    view.filter.edit.clear()
    qtbot.waitUntil(lambda: not view.table.words.isVisible())


def test_that_a_refusal_of_the_server_stands_by_the_filter(
    qtbot: QtBot, view: TableView, backend: FakeBackend
) -> None:
    backend.error = Refused("This filter asks too much.")
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(view.filter.refusal.isVisible)
    assert view.filter.refusal.text() == "This filter asks too much."
    assert not view.bar.loading


def test_that_a_lost_server_leaves_the_rows_and_heals(
    qtbot: QtBot, view: TableView, backend: FakeBackend, background: Background
) -> None:
    backend.error = unavailable()
    with qtbot.waitSignal(background.outage):
        view.refresh_soon()
    assert view.model.rowCount() == 10_000
    backend.rows.insert(0, a_row(500_000))
    backend.error = None
    background.retry_now()
    qtbot.waitUntil(lambda: view.model.rowCount() == 10_001)


def test_that_enter_opens_a_row(qtbot: QtBot, view: TableView) -> None:
    view.table.selectRow(3)
    with qtbot.waitSignal(view.row_opened) as opened:
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened.args is not None
    assert opened.args[0].run_number == 396_200 + 10_000 - 3


def test_that_columns_and_widths_are_remembered(
    qtbot: QtBot,
    view: TableView,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    view.choose_columns()
    chooser = next(each for each in view.findChildren(ColumnChooser))
    for row in range(chooser.list.count()):
        item = chooser.list.item(row)
        wanted = str(item.data(Qt.ItemDataRole.UserRole)) in {"run", "class", "energy"}
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
    chooser._accept()
    assert [each.id for each in view.columns] == ["run", "class", "energy"]
    view.table.setColumnWidth(1, 222)
    again = TableView("runs", backend, background, themes, remembered)
    qtbot.addWidget(again)
    again.set_vocabulary(backend.vocabulary("runs"))
    again.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: again.model.rowCount() == 10_000)
    assert [each.id for each in again.columns] == ["run", "class", "energy"]
    assert again.table.columnWidth(1) == 222


def test_that_a_dragged_column_stays_where_it_was_dropped(qtbot: QtBot, view: TableView) -> None:
    ids = [each.id for each in view.columns]
    view.table.horizontalHeader().moveSection(1, 0)
    qtbot.waitUntil(lambda: [each.id for each in view.columns] == [ids[1], ids[0], *ids[2:]])
    assert view.table.horizontalHeader().visualIndex(0) == 0
    assert view.model.index(0, 1).data() == "406200"


def test_that_a_broken_memory_gives_the_defaults(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    for name, text in (("columns", "{no json"), ("widths", "[1]"), ("sort", '["x", 1, 2]')):
        remembered.setValue(f"runs/global/{name}", text)
    view = TableView("runs", backend, background, themes, remembered)
    qtbot.addWidget(view)
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: view.model.rowCount() == 10_000)
    assert view.columns[0].id == "run"


def test_that_the_first_run_that_ever_appears_is_chosen(
    qtbot: QtBot,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    backend = FakeBackend(0)
    view = TableView("runs", backend, background, themes, remembered)
    qtbot.addWidget(view)
    view.show()
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: "No runs yet" in view.table.words.text())
    backend.rows.append(a_row(396_201))
    with qtbot.waitSignal(view.row_chosen, check_params_cb=lambda row: row is not None):
        view.refresh_soon()
    assert view.chosen is not None
    assert view.chosen.run_number == 396_201
