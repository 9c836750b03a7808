"""The place that was in front when the window was closed is in front at the next start, filled."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.views.agents.place import AgentsPlace
from app.views.background import Background
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.frame.sync_dock import SyncDock
from app.views.looks.theme import Themes
from app.views.notices import Notices
from tests.conftest import TestServer
from tests.views.frame.without_a_mouse.conftest import season
from tests.views.workplaces import a_context, a_window, a_workplace


def _agents(window: MainWindow) -> int:
    place = window.views["agents"]
    assert isinstance(place, AgentsPlace)
    return place.list.list.count()


def _items(window: MainWindow) -> int:
    place = window.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    assert isinstance(place.pane, ListPane)
    return place.pane.items.topLevelItemCount()


SHOWN: dict[str, Callable[[MainWindow], int]] = {
    "online": lambda window: window.online.table.model.rowCount(),
    "offline": lambda window: window.offline.table.model.rowCount(),
    "cycles": lambda window: window.cycles.cycles.rowCount(),
    "todo": lambda window: window.todo.tasks.rowCount(),
    "golden": lambda window: len(window.golden.bench.rule.toPlainText()),
    "log": lambda window: window.log.model.rowCount(),
    "agents": _agents,
    "configuration": _items,
}


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    return server.template("without_a_mouse", season)


@pytest.fixture
def start(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> Iterator[Callable[[str], MainWindow]]:
    """Opens a window that was closed at a place."""
    windows: list[MainWindow] = []

    def started(place: str) -> MainWindow:
        remembered.setValue("place", place)
        context = a_context(a_workplace(database), background, notices, themes, remembered)
        window = a_window(context)
        windows.append(window)
        qtbot.addWidget(window)
        window.stop_wanted.connect(window.stopped)
        window.show()
        return window

    yield started
    for window in windows:
        window.close()
    qtbot.waitUntil(lambda: not background.busy)


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_it_is_in_front_and_filled_before_other_places_are_made(
    qtbot: QtBot, start: Callable[[str], MainWindow], place: str
) -> None:
    window = start(place)
    assert (window.place, list(window.views.made)) == (place, [place])
    assert window.front.stack.currentWidget() is window.views[place]
    qtbot.waitUntil(lambda: SHOWN[place](window) > 0)
    with qtbot.waitSignal(window.complete):
        pass
    assert window.front.stack.currentWidget() is window.views[place]
    assert SHOWN[place](window) > 0


def test_that_what_waits_is_counted_before_anybody_goes_there(
    qtbot: QtBot, start: Callable[[str], MainWindow]
) -> None:
    window = start("log")
    names = [place.name for place in PLACES]

    def text(place: str) -> str:
        return window.places.item(names.index(place)).text()

    qtbot.waitUntil(lambda: text("agents") == "Agents  1")
    qtbot.waitUntil(lambda: text("cycles") == "Cycles  1")


def test_that_what_was_outside_for_lack_of_room_is_inside_at_the_next_start(
    qtbot: QtBot, start: Callable[[str], MainWindow], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = start("online")
    window.resize(800, 500)
    window.toggle_sync()
    assert window.sync_dock.isFloating()
    window.close()
    # A wider screen than the tests have.
    monkeypatch.setattr(SyncDock, "_fits", lambda _dock: True)
    later = start("online")
    assert (later.sync_dock.isFloating(), later.sync_dock.isHidden()) == (False, False)
    later.sync_dock.setFloating(True)  # as the person does
    later.close()
    last = start("online")
    assert last.sync_dock.isFloating()
    qtbot.waitUntil(last.sync_dock.isVisible)
