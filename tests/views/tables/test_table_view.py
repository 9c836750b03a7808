"""The table of runs: loading, live refresh, sorting, filters, columns, words when empty."""

import threading

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.filters import Field, Source
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Page, Sort, TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.tables.cell_delegate import CellDelegate
from app.views.tables.column_chooser import ColumnChooser
from app.views.tables.table_view import TableView
from tests.builders import configure
from tests.conftest import TestServer
from tests.views.builders import COLUMNS
from tests.views.many_runs import LARGE_COUNT, NEWEST, add_copies, add_run, locked, set_rr
from tests.views.table_rows import VOCABULARY

GLOBAL = WorkspaceColumns("global", COLUMNS)
COSMICS = LARGE_COUNT // 4


@pytest.fixture
def acting(ten_thousand: Database) -> Acting:
    return Acting(ten_thousand)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[TableQuery]:
    """What is asked of the service, each time from the pool."""
    asked: list[TableQuery] = []
    page, gui_thread = tables.rows_at_once, threading.get_ident()

    def noted(acting: Acting, query: TableQuery) -> Page:
        assert threading.get_ident() != gui_thread
        asked.append(query)
        return page(acting, query)

    monkeypatch.setattr(tables, "rows_at_once", noted)
    return asked


@pytest.fixture
def view(
    qtbot: QtBot, acting: Acting, background: Background, themes: Themes, remembered: QSettings
) -> TableView:
    view = TableView("runs", acting, background, themes, remembered)
    qtbot.addWidget(view)
    view.resize(1200, 500)
    view.show()
    view.set_vocabulary(VOCABULARY)
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: view.model.rowCount() == LARGE_COUNT)
    return view


def first_run(view: TableView) -> int:
    key = view.model.key_at(view.table.rows_in_sight().start)
    return key[0] if key else 0


def settle(qtbot: QtBot, background: Background) -> None:
    qtbot.waitUntil(lambda: not background.busy)


def test_that_only_what_is_looked_at_is_loaded(
    qtbot: QtBot, requests: list[TableQuery], view: TableView, background: Background
) -> None:
    settle(qtbot, background)
    assert sum(request.limit for request in requests) <= 200
    view.table.verticalScrollBar().setValue(7_030)
    qtbot.waitUntil(lambda: view.model.key_at(7_030) is not None)
    assert view.model.key_at(7_030) == (NEWEST - 7_030, "online")
    assert sum(request.limit for request in requests) <= 400


def test_that_a_row_is_chosen_when_it_is_loaded_under_the_cursor(
    qtbot: QtBot, view: TableView
) -> None:
    chosen: list[int] = []
    view.row_chosen.connect(lambda row: chosen.append(row.run_number if row else 0))
    QTest.keyClick(view.table, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    last = view.model.rowCount() - 1
    assert view.table.currentIndex().row() == last
    qtbot.waitUntil(lambda: view.model.key_at(last) is not None)
    qtbot.waitUntil(lambda: chosen[-1] == NEWEST - last)
    assert view.chosen is not None


def test_that_reading_never_happens_in_the_gui_thread(
    qtbot: QtBot, requests: list[TableQuery], view: TableView
) -> None:
    requests.clear()
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(lambda: view.model.rowCount() == COSMICS)
    assert requests


def test_that_a_live_refresh_keeps_selection_and_scroll(
    qtbot: QtBot, view: TableView, ten_thousand: Database, background: Background
) -> None:
    view.table.verticalScrollBar().setValue(40)
    settle(qtbot, background)
    view.table.selectRow(45)
    chosen, seen = view.model.key_at(45), first_run(view)
    add_copies(ten_thousand, NEWEST + 1, NEWEST + 2)
    view.refresh_soon()
    qtbot.waitUntil(lambda: view.model.rowCount() == LARGE_COUNT + 2)
    assert view.model.key_at(view.table.currentIndex().row()) == chosen
    assert first_run(view) == seen


def test_that_new_runs_appear_for_whoever_looks_at_the_top(
    qtbot: QtBot, view: TableView, ten_thousand: Database
) -> None:
    add_copies(ten_thousand, NEWEST + 1, NEWEST + 1)
    view.refresh_soon()
    qtbot.waitUntil(lambda: first_run(view) == NEWEST + 1)
    assert view.chosen is not None
    assert view.chosen.run_number == NEWEST


def test_that_a_changed_run_changes_in_place(
    qtbot: QtBot, view: TableView, ten_thousand: Database
) -> None:
    set_rr(ten_thousand, NEWEST - 2, state="COMPLETED")
    with qtbot.waitSignal(view.model.dataChanged):
        view.refresh_soon()
    state = [each.id for each in view.columns].index("state")
    assert view.model.index(2, state).data() == "COMPLETED"


def test_that_a_click_on_a_title_sorts_at_the_server(
    qtbot: QtBot, requests: list[TableQuery], view: TableView
) -> None:
    header = view.table.horizontalHeader()
    section = [each.id for each in view.columns].index("class")
    place = header.sectionViewportPosition(section) + 10
    for descending in (True, False):
        before = len(requests)
        qtbot.mouseClick(
            header.viewport(),
            Qt.MouseButton.LeftButton,
            pos=header.rect().topLeft() + type(header.pos())(place, 10),
        )
        qtbot.waitUntil(lambda before=before: len(requests) > before)
        assert requests[-1].sort == (Sort(Field(Source.RR, "class"), descending),)
    qtbot.waitUntil(lambda: not view.bar.loading)


def test_that_a_filter_and_the_switch_reach_the_server(
    qtbot: QtBot, view: TableView, ten_thousand: Database
) -> None:
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(lambda: view.model.rowCount() == COSMICS)
    assert view.line.count.text() == "2\u202f500 runs"
    set_rr(ten_thousand, NEWEST, significant=False)
    view.line.significant.click()
    qtbot.waitUntil(lambda: view.model.rowCount() == COSMICS - 1)


def test_that_the_old_rows_stay_while_the_new_are_loaded(
    qtbot: QtBot, view: TableView, large_dsn: str, background: Background
) -> None:
    settle(qtbot, background)
    with locked(large_dsn):
        view.filter.set_text("class = Cosmics25")
        assert view.bar.loading
        assert view.model.rowCount() == LARGE_COUNT
        qtbot.waitUntil(lambda: view._delegate.dimmed)
    qtbot.waitUntil(lambda: view.model.rowCount() == COSMICS)
    assert not view.bar.loading
    assert not view._delegate.dimmed


def test_that_a_change_is_seen_that_comes_while_another_table_is_read(
    qtbot: QtBot, view: TableView, ten_thousand: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, was_read, may_return = tables.rows_at_once, threading.Event(), threading.Event()

    def slow(acting: Acting, query: TableQuery) -> Page:
        result = page(acting, query)
        was_read.set()
        may_return.wait(20)
        return result

    monkeypatch.setattr(tables, "rows_at_once", slow)
    view.filter.set_text("class = Cosmics25")
    qtbot.waitUntil(was_read.is_set)
    add_copies(ten_thousand, NEWEST + 1, NEWEST + 1)
    with qtbot.waitSignal(view._loader._soon.timeout):
        view.refresh_soon()
    may_return.set()
    qtbot.waitUntil(lambda: view.model.rowCount() == COSMICS + 1)


def test_that_an_empty_table_says_how_to_fill_it(qtbot: QtBot, view: TableView) -> None:
    view.filter.set_text("run = 12")
    qtbot.waitUntil(view.table.words.isVisible)
    assert "clear" in view.table.words.text()
    view.filter.set_text("hlt_key ~ cosmic")
    qtbot.waitUntil(lambda: '~ "%cosmic%"' in view.table.words.text())
    view.filter.edit.clear()
    qtbot.waitUntil(lambda: not view.table.words.isVisible())


def test_that_a_refusal_of_the_server_stands_by_the_filter(
    qtbot: QtBot, view: TableView, server: TestServer, large_dsn: str
) -> None:
    with server.without_rights(large_dsn):
        view.filter.set_text("class = Cosmics25")
        qtbot.waitUntil(view.filter.refusal.isVisible)
    assert "permission denied" in view.filter.refusal.text()
    assert not view.bar.loading


def test_that_a_table_that_never_was_read_says_so(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    remembered: QSettings,
    server: TestServer,
    large_dsn: str,
) -> None:
    view = TableView("runs", acting, background, themes, remembered)
    qtbot.addWidget(view)
    view.show()
    with server.without_rights(large_dsn):
        view.show_workspace(GLOBAL)
        qtbot.waitUntil(view.filter.refusal.isVisible)
    assert view.table.words.text().startswith("Nothing could be read.")


def test_that_a_lost_server_leaves_the_rows_and_heals(
    qtbot: QtBot,
    view: TableView,
    server: TestServer,
    large_dsn: str,
    ten_thousand: Database,
    background: Background,
) -> None:
    server.shut(large_dsn)
    with qtbot.waitSignal(background.outage):
        view.refresh_soon()
    assert view.model.rowCount() == LARGE_COUNT
    server.reopen(large_dsn)
    add_copies(ten_thousand, NEWEST + 1, NEWEST + 1)
    background.retry_now()
    qtbot.waitUntil(lambda: view.model.rowCount() == LARGE_COUNT + 1)


def test_that_enter_opens_a_row(qtbot: QtBot, view: TableView) -> None:
    view.table.selectRow(3)
    with qtbot.waitSignal(view.row_opened) as opened:
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened.args is not None
    assert opened.args[0].run_number == NEWEST - 3


def test_that_columns_and_widths_are_remembered(
    qtbot: QtBot,
    view: TableView,
    acting: Acting,
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
    again = TableView("runs", acting, background, themes, remembered)
    qtbot.addWidget(again)
    again.set_vocabulary(VOCABULARY)
    again.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: again.model.rowCount() == LARGE_COUNT)
    assert [each.id for each in again.columns] == ["run", "class", "energy"]
    assert again.table.columnWidth(1) == 222


def test_that_a_dragged_column_stays_where_it_was_dropped(qtbot: QtBot, view: TableView) -> None:
    ids = [each.id for each in view.columns]
    view.table.horizontalHeader().moveSection(1, 0)
    qtbot.waitUntil(lambda: [each.id for each in view.columns] == [ids[1], ids[0], *ids[2:]])
    assert view.table.horizontalHeader().visualIndex(0) == 0
    assert view.model.index(0, 1).data() == str(NEWEST)


def test_that_remembered_widths_are_shown_without_a_paint_for_each_and_can_be_scrolled(
    qtbot: QtBot, view: TableView, background: Background
) -> None:
    settle(qtbot, background)
    header, bar = view.table.horizontalHeader(), view.table.horizontalScrollBar()
    view._memory.keep_widths({each.id: each.width + 7 for each in view.columns})
    # Qt paints the table once more for what it is told of here.
    with qtbot.assertNotEmitted(header.sectionResized):
        view._layout.arrange()
    assert [header.sectionSize(at) for at in range(3)] == [
        each.width + 7 for each in view.columns[:3]
    ]
    qtbot.waitUntil(lambda: bar.maximum() == header.length() - view.table.viewport().width())


def test_that_a_broken_memory_gives_the_defaults(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    for name, text in (("columns", "{no json"), ("widths", "[1]"), ("sort", '["x", 1, 2]')):
        remembered.setValue(f"runs/global/{name}", text)
    view = TableView("runs", acting, background, themes, remembered)
    qtbot.addWidget(view)
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: view.model.rowCount() == LARGE_COUNT)
    assert view.columns[0].id == "run"


def test_that_the_first_run_that_ever_appears_is_chosen(
    qtbot: QtBot,
    database: Database,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    configure(database)
    view = TableView("runs", Acting(database), background, themes, remembered)
    qtbot.addWidget(view)
    view.show()
    view.show_workspace(GLOBAL)
    qtbot.waitUntil(lambda: "No runs yet" in view.table.words.text())
    add_run(database, NEWEST)
    with qtbot.waitSignal(view.row_chosen, check_params_cb=lambda row: row is not None):
        view.refresh_soon()
    assert view.chosen is not None
    assert view.chosen.run_number == NEWEST


def test_that_what_is_wider_than_its_column_ends_with_a_sign(
    qtbot: QtBot, view: TableView, background: Background
) -> None:
    settle(qtbot, background)
    delegate = view.table.itemDelegate()
    assert isinstance(delegate, CellDelegate)
    titles = [column.title for column in view.model.columns]
    for title in ("Run", "State", "HLT events"):
        view.table.setColumnWidth(titles.index(title), 24)
    view.table.grab()
    cut = {text for (text, _), shown in delegate._elisions.items() if shown.endswith("…")}
    assert {"OPEN", str(NEWEST)} <= cut
