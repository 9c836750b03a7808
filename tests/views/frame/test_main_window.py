"""The window as a whole: places, menus, palette, news, errors, its end."""

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.models.database.listen import Change
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Page, TableQuery
from app.services.news import News
from app.services.pulling import runs as pull
from app.services.pulling.pullers import Pullers
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.notices import Notices, OutageBanner
from app.views.places import PlaceContext
from app.views.runs.dialogs import MoveDialog
from app.views.session import DatabaseKind, Session, Workplace, rights_words
from tests.builders import EXPERT, a_run
from tests.conftest import TestServer
from tests.views.many_runs import COUNT, LENGTH, NAMES, NEWEST, SIGNED_OFF, add_run, locked
from tests.views.pullers import WAITING, Oms
from tests.views.workplaces import NOWHERE, a_window


@pytest.fixture
def oms() -> Oms:
    return Oms()


@pytest.fixture
def workplace(thirty_runs: Database, oms: Oms) -> Workplace:
    acting = Acting(thirty_runs, EXPERT)
    session = Session("demo season", DatabaseKind.DEMONSTRATION, EXPERT.email, "expert")
    return Workplace(acting, session, News(acting), Pullers(oms), NOWHERE)


DATASETS = len(SIGNED_OFF) * len(NAMES)


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


def test_that_the_place_in_front_is_filled_before_the_others_are_read(
    qtbot: QtBot, context: PlaceContext
) -> None:
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    read: list[tuple[str, bool]] = []

    def is_whole() -> bool:
        return window.online.details.lumisections.grid.snapshot is not None

    for name, place in (("online", window.online), ("offline", window.offline)):
        place.table._loader.replaced.connect(
            lambda _rows, name=name: read.append((name, is_whole()))
        )
    window.show()
    qtbot.waitUntil(lambda: window.is_settled and len(read) == 2)
    window.close()
    assert read == [("online", False), ("offline", True)]


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
    qtbot.waitUntil(lambda: window.offline.table.model.rowCount() == DATASETS)
    QTest.keySequence(window, QKeySequence("Ctrl+1"))
    assert window.place == "online"


def test_that_offline_shows_the_dataset_that_is_chosen(qtbot: QtBot, window: MainWindow) -> None:
    window.go_to("offline")
    qtbot.waitUntil(lambda: window.offline.subject() is not None)
    subject = window.offline.subject()
    assert subject is not None
    assert (subject.run_number, subject.dataset) == (SIGNED_OFF[0], NAMES[0])


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
    window.go_to("offline")
    window.workspace.setCurrentText("dt")
    shown = window.offline.table
    qtbot.waitUntil(lambda: [each.id for each in shown.columns if "-" in each.id] == ["dt-dt"])
    assert "dt_state" in [each.field.name for each in shown.columns]


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
    qtbot: QtBot, window: MainWindow, workplace: Workplace
) -> None:
    add_run(workplace.acting.db, NEWEST + 1)
    version = tables.run_history(workplace.acting, NEWEST + 1)[0].version
    threading.Thread(target=workplace.news.changed, args=(Change(version),)).start()
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() == COUNT + 1)
    assert window.online.table.model.key_at(0) == (NEWEST + 1, "online")


def test_that_a_lost_connection_shows_a_banner_and_heals_by_itself(
    qtbot: QtBot, window: MainWindow, workplace: Workplace, server: TestServer, runs_dsn: str
) -> None:
    banner = window.findChild(OutageBanner)
    assert banner is not None
    server.shut(runs_dsn)
    news = workplace.news
    threading.Thread(target=news.connected, args=(False, "gone")).start()
    qtbot.waitUntil(banner.isVisible)
    assert "not connected" in window.status.live.text()
    assert window.online.table.model.rowCount() == COUNT
    server.reopen(runs_dsn)
    add_run(workplace.acting.db, NEWEST + 1)
    threading.Thread(target=news.connected, args=(True, "")).start()
    qtbot.waitUntil(lambda: not banner.isVisible())
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() == COUNT + 1)
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
    qtbot: QtBot, window: MainWindow, acting: Acting, notices: Notices
) -> None:
    loaded(qtbot, window)
    grown = SIGNED_OFF[0]
    pull.apply(acting, a_run(grown, LENGTH + 5))
    details = window.online.details
    details.show_run(grown)
    qtbot.waitUntil(details.line.take_in_button.isVisible)
    hand = window.focusWidget()
    with qtbot.waitSignal(notices.shown) as shown:
        details.line.take_in_button.click()
    assert shown.args is not None
    assert str(grown) in shown.args[0].text
    assert window.focusWidget() is hand
    qtbot.waitUntil(lambda: not details.line.take_in_button.isVisible())


def test_that_an_action_is_told_and_everything_read_again(
    qtbot: QtBot, window: MainWindow, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(qtbot, window)
    read: list[TableQuery] = []
    page = tables.rows_at_once

    def noted(acting: Acting, query: TableQuery) -> Page:
        read.append(query)
        return page(acting, query)

    monkeypatch.setattr(tables, "rows_at_once", noted)
    with qtbot.waitSignal(notices.shown) as shown:
        window.actions_["run.refresh"].trigger()
    assert shown.args is not None
    assert shown.args[0].text.endswith("OMS is unavailable, so what is recorded was classified.")
    qtbot.waitUntil(lambda: {query.kind for query in read} == {"runs", "datasets"})


def test_that_a_move_opens_its_dialog(qtbot: QtBot, window: MainWindow) -> None:
    loaded(qtbot, window)
    window.actions_["run.move.SIGNOFF"].trigger()
    dialog = window.findChild(MoveDialog)
    assert dialog is not None
    dialog.reject()


def test_that_generating_leads_to_the_golden_jsons(qtbot: QtBot, window: MainWindow) -> None:
    assert window.generate() is None  # it says first which datasets it wants to know
    assert window.place == "golden"


def test_that_the_status_bar_says_what_must_be_trusted(qtbot: QtBot, window: MainWindow) -> None:
    status = window.status
    assert status.database.text() == "demo season (demonstration)"
    assert status.person.text() == f"{EXPERT.email} ({rights_words(EXPERT.egroups)})"
    qtbot.waitUntil(lambda: status.puller.text().startswith("puller: this client"))
    assert "background" in status.strip.styleSheet()


def test_that_the_status_bar_says_of_a_service_what_it_is() -> None:
    rights = rights_words((), "puller")
    session = Session("prod", DatabaseKind.PRODUCTION, "auto@auto", rights, service="puller")
    assert (rights, session.rights_of(())) == ("service of kind puller",) * 2
    person = Session("prod", DatabaseKind.PRODUCTION, EXPERT.email, "no e-groups: reading only")
    assert person.rights_of(("b", "a")) == "a, b"


def test_that_the_sync_panel_shows_what_the_puller_does(
    qtbot: QtBot, window: MainWindow, oms: Oms
) -> None:
    window.actions_["view.sync"].trigger()
    assert window.sync_dock.isVisible()
    oms.status = replace(WAITING, activity="pulling run 396230")
    qtbot.waitUntil(lambda: window.sync.oms.values["Doing"].text() == "pulling run 396230")


def test_that_a_slow_database_does_not_hold_the_window(
    qtbot: QtBot, window: MainWindow, background: Background, runs_dsn: str
) -> None:
    with locked(runs_dsn):
        window.refresh()
        qtbot.waitUntil(lambda: background.busy)
        window.go_to("golden")
        window.go_to("online")
        qtbot.keyClick(window.online.table.table, Qt.Key.Key_Down)
        assert window.online.table.table.currentIndex().row() == 1


def test_that_the_place_is_remembered(
    qtbot: QtBot, window: MainWindow, context: PlaceContext
) -> None:
    window.go_to("offline")
    again = a_window(context)
    qtbot.addWidget(again)
    assert again.place == "offline"
    again._puller_watch.stop()


def test_that_the_window_asks_before_it_closes(qtbot: QtBot, window: MainWindow) -> None:
    window.stop_wanted.disconnect()
    with qtbot.waitSignal(window.stop_wanted):
        window.close()
    assert window.isVisible()
    window.stopped()
    assert not window.isVisible()
