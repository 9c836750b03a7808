"""The window as a whole: places, menus, palette, news, errors, its end."""

import threading
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.views.actions import Actions
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.notices import Notices, OutageBanner
from app.views.runs.dialogs import MoveDialog
from tests.views.fake_backend import FIRST_RUN, OFFLINE, FakeBackend, a_row, unavailable

NEWEST = FIRST_RUN + 30


def loaded(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(
        lambda: (
            window.online.details.lumisections.grid.snapshot is not None
            and window.online.subject() is not None
        )
    )


def test_that_the_first_run_is_shown_with_its_details(qtbot: QtBot, window: MainWindow) -> None:
    loaded(qtbot, window)
    assert window.online.details.run_number == NEWEST


def test_that_every_shortcut_is_in_a_menu_and_unique(window: MainWindow) -> None:
    in_menus: set[str] = set()

    def walk(menu: QMenu) -> None:
        for action in menu.actions():
            inner = action.menu()
            if isinstance(inner, QMenu):
                walk(inner)
            elif not action.isSeparator():
                in_menus.add(action.objectName())

    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        walk(menu)
    actions: Actions = window.actions_
    named = {row.id: row for row, _ in actions._actions.values()}
    assert {id_ for id_, row in named.items() if row.shortcut} <= in_menus
    shortcuts = [row.shortcut for row in named.values() if row.shortcut]
    assert len(shortcuts) == len(set(shortcuts))


def test_that_the_palette_does_what_is_typed(
    qtbot: QtBot, window: MainWindow, background: Background
) -> None:
    palette = window.open_palette()
    qtbot.keyClicks(palette.line, "offline show")
    assert palette.list.count() == 1
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.place == "offline"
    qtbot.waitUntil(lambda: window.offline.table.model.rowCount() > 0)


def test_that_places_have_keys(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    QTest.keySequence(window, QKeySequence("Ctrl+2"))
    assert window.place == "offline"
    qtbot.waitUntil(lambda: window.offline.table.model.rowCount() == 6)
    QTest.keySequence(window, QKeySequence("Ctrl+1"))
    assert window.place == "online"


def test_that_offline_shows_the_dataset_that_is_chosen(qtbot: QtBot, window: MainWindow) -> None:
    window.go_to("offline")
    qtbot.waitUntil(lambda: window.offline.subject() is not None)
    subject = window.offline.subject()
    assert subject is not None
    assert subject.dataset == OFFLINE


def test_that_a_workspace_changes_the_columns_of_both_places(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.workspace.setCurrentText("tracker")
    qtbot.waitUntil(
        lambda: (
            [each.id for each in window.online.table.columns if "-" in each.id]
            == ["tracker-pixel", "tracker-strip"]
        )
    )
    assert "dataset.tracker_state" in [each.id for each in window.offline.table.columns] or (
        "tracker_state" in [each.field.name for each in window.offline.table.columns]
    )


def test_that_enter_opens_a_tab_once_and_it_can_be_closed(qtbot: QtBot, window: MainWindow) -> None:
    place = window.online
    place.table.table.selectRow(2)
    qtbot.keyClick(place.table.table, Qt.Key.Key_Return)
    qtbot.keyClick(place.table.table, Qt.Key.Key_Return)
    assert place.tabs.count() == 2
    assert place.tabs.tabText(1) == str(NEWEST - 2)
    qtbot.waitUntil(lambda: place.shown_details.details is not None)
    place.close_tab(1)
    assert place.tabs.count() == 1


def test_that_a_written_change_is_seen_at_once(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend
) -> None:
    backend.rows.insert(0, a_row(NEWEST + 1))
    threading.Thread(target=backend.announce, args=(NEWEST + 1,)).start()
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() == 31)
    assert window.online.table.model.key_at(0) == (NEWEST + 1, "online")


def test_that_a_lost_connection_shows_a_banner_and_heals_by_itself(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend
) -> None:
    banner = window.findChild(OutageBanner)
    assert banner is not None
    backend.error = unavailable()
    threading.Thread(target=backend.announce_connection, args=(False, "gone")).start()
    qtbot.waitUntil(banner.isVisible)
    assert "not connected" in window.status.live.text()
    assert window.online.table.model.rowCount() == 30
    backend.error = None
    backend.rows.insert(0, a_row(NEWEST + 1))
    threading.Thread(target=backend.announce_connection, args=(True, "")).start()
    qtbot.waitUntil(lambda: not banner.isVisible())
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() == 31)
    assert "not connected" not in window.status.live.text()


def test_that_actions_follow_what_the_run_allows(qtbot: QtBot, window: MainWindow) -> None:
    loaded(qtbot, window)
    window.actions_.update()
    assert not window.actions_["run.move.OPEN"].isEnabled()
    assert window.actions_["run.move.SIGNOFF"].isEnabled()
    assert window.actions_["run.refresh"].isEnabled()
    assert not window.actions_["run.settle"].isEnabled()
    assert not window.actions_["run.take_in"].isEnabled()


def test_that_new_lumisections_are_taken_in_by_the_button_beside_the_flag(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, notices: Notices
) -> None:
    loaded(qtbot, window)
    flagged = next(row for row in backend.rows if row.needs_manual_update)
    details = window.online.details
    details.show_run(flagged.run_number)
    qtbot.waitUntil(details.take_in_button.isVisible)
    hand = window.focusWidget()
    with qtbot.waitSignal(notices.shown) as shown:
        details.take_in_button.click()
    assert backend.acts == [("take in", flagged.run_number)]
    assert shown.args is not None
    assert shown.args[0].text == "Done: take in."
    assert window.focusWidget() is hand


def test_that_an_action_is_told_and_everything_read_again(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, notices: Notices
) -> None:
    loaded(qtbot, window)
    before = len(backend.requests)
    with qtbot.waitSignal(notices.shown) as shown:
        window.actions_["run.refresh"].trigger()
    assert backend.acts == [("refresh", NEWEST)]
    assert shown.args is not None
    assert shown.args[0].text == "Done: refresh."
    qtbot.waitUntil(lambda: len(backend.requests) > before)


def test_that_a_move_opens_its_dialog(qtbot: QtBot, window: MainWindow) -> None:
    loaded(qtbot, window)
    window.actions_["run.move.SIGNOFF"].trigger()
    dialog = window.findChild(MoveDialog)
    assert dialog is not None
    dialog.reject()


def test_that_the_status_bar_says_what_must_be_trusted(qtbot: QtBot, window: MainWindow) -> None:
    status = window.status
    assert status.database.text() == "demo season (demonstration)"
    assert status.person.text() == "person@cern.ch (expert)"
    qtbot.waitUntil(lambda: status.puller.text().startswith("puller: this client"))
    assert "background" in status.strip.styleSheet()


def test_that_the_sync_panel_shows_what_the_puller_does(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend
) -> None:
    window.actions_["view.sync"].trigger()
    assert window.sync_dock.isVisible()
    backend.status = replace(backend.status, activity="pulling run 396230")
    qtbot.waitUntil(lambda: window.sync.oms.values["Doing"].text() == "pulling run 396230")


def test_that_a_slow_database_does_not_hold_the_window(
    qtbot: QtBot, window: MainWindow, backend: FakeBackend, background: Background
) -> None:
    backend.gate = threading.Event()
    window.refresh()
    qtbot.waitUntil(lambda: background.busy)
    window.go_to("offline")
    window.go_to("online")
    qtbot.keyClick(window.online.table.table, Qt.Key.Key_Down)
    assert window.online.table.table.currentIndex().row() == 1
    backend.gate.set()


def test_that_the_place_is_remembered(
    qtbot: QtBot,
    window: MainWindow,
    backend: FakeBackend,
    background: Background,
    notices: Notices,
) -> None:
    window.go_to("offline")
    again = MainWindow(backend, background, notices, window._themes, window._remembered)
    qtbot.addWidget(again)
    assert again.place == "offline"
    again._clock.stop()


def test_that_the_window_asks_before_it_closes(qtbot: QtBot, window: MainWindow) -> None:
    window.stop_wanted.disconnect()
    with qtbot.waitSignal(window.stop_wanted):
        window.close()
    assert window.isVisible()
    window.stopped()
    assert not window.isVisible()
