"""What of the window is made after the place in front, and that nobody has to wait for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from sqlalchemy import Connection

from app.domain.configuration.in_force import Configuration
from app.models.configuration import reading
from app.views.agents.place import AgentsPlace
from app.views.background import Background
from app.views.frame.keyboard import may_be_of_an_action
from app.views.frame.main_window import MENUS, MainWindow
from app.views.frame.navigation import PLACES
from app.views.log.place import LogPlace
from app.views.places import PlaceContext, PlaceWidget
from tests.views.workplaces import a_window

NAMES = [place.name for place in PLACES]


def has_actions(window: MainWindow) -> bool:
    return window._all is not None


@pytest.fixture
def fresh(qtbot: QtBot, context: PlaceContext, background: Background) -> Iterator[MainWindow]:
    """A window that was made just now: nothing is read yet."""
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    yield window
    window.close()
    background.stop()


def test_that_the_other_places_are_made_one_after_another_once_the_first_is_filled(
    qtbot: QtBot, fresh: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: list[bool] = []
    put = fresh.front.put

    def noted(row: int, place: PlaceWidget) -> None:
        filled.append(fresh.online.table.model.rowCount() > 0)
        put(row, place)

    monkeypatch.setattr(fresh.front, "put", noted)
    assert (list(fresh.views.made), has_actions(fresh)) == (["online"], False)
    with qtbot.waitSignal(fresh.complete):
        pass
    assert list(fresh.views.made) == NAMES
    assert (has_actions(fresh), filled) == (True, [True] * (len(NAMES) - 1))
    stack = fresh.front.stack
    assert [stack.widget(at) for at in range(stack.count())] == list(fresh.views.values())
    assert stack.currentWidget() is fresh.online


@pytest.fixture
def rules_read(context: PlaceContext, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The versions of the configuration that were read with their rules, from now on."""
    read: list[int] = []
    load = reading.load

    def noted(connection: Connection, settings_id: int | None = None) -> Configuration:
        read.append(settings_id or 0)
        return load(connection, settings_id)

    monkeypatch.setattr(reading, "load", noted)
    monkeypatch.setattr(reading, "_cache", WeakKeyDictionary())
    return read


def test_that_no_rule_is_read_for_the_first_table(
    qtbot: QtBot, rules_read: list[int], fresh: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_before: list[int] = []
    put = fresh.front.put

    def noted(row: int, place: PlaceWidget) -> None:
        read_before.append(len(rules_read))
        put(row, place)

    monkeypatch.setattr(fresh.front, "put", noted)
    with qtbot.waitSignal(fresh.complete):
        pass
    assert read_before[0] == 0


def test_that_what_the_first_table_does_without_is_not_loaded_for_it() -> None:
    late = (
        "app.views.evidence.evidence_pane",
        "app.views.frame.actions.all_actions",
        "app.models.recount.compared",
        "app.domain.notifications",
        "app.domain.certification.cycles",
        "app.domain.configuration.versions",
        "app.domain.recipes",
        "app.golden.document",
        "app.models.embedded.backup",
        "app.services.evidence.sources",
        "app.services.examining",
        "app.views.actions",
        "PySide6.QtNetwork",
        "numpy.ma",
        "pydantic",
    )
    program = (
        "import sys, app.bootstrap, app.views.frame.application;"
        f" print([each for each in {late} if each in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="where threads can be seen")
def test_that_no_library_starts_threads_when_it_is_loaded() -> None:
    program = (
        "import os, app.bootstrap, app.views.frame.application, numpy;"
        " print(len(os.listdir('/proc/self/task')))"
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")
    }
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert loaded.stdout.strip() == "1"


def test_that_a_key_works_before_anything_is_read(qtbot: QtBot, fresh: MainWindow) -> None:
    QTest.keySequence(fresh, QKeySequence("Ctrl+6"))
    assert fresh.place == "log"
    assert fresh.front.stack.currentWidget() is fresh.log
    assert (set(fresh.views.made), has_actions(fresh)) == ({"online", "log"}, False)


def test_that_a_window_that_opens_is_quit_without_making_anything_for_it(
    qtbot: QtBot, fresh: MainWindow
) -> None:
    with qtbot.waitSignal(fresh.stop_wanted):
        QTest.keySequence(fresh, QKeySequence("Ctrl+Q"))
    assert (list(fresh.views.made), has_actions(fresh)) == (["online"], False)


@pytest.mark.parametrize("key", ["Ctrl+F", "Ctrl+G", "F6", "F5"])
def test_that_a_key_of_the_window_itself_makes_no_other_actions(
    qtbot: QtBot, fresh: MainWindow, key: str
) -> None:
    QTest.keySequence(fresh, QKeySequence(key))
    assert fresh.first_actions.has_key(QKeySequence(key)[0])
    assert not has_actions(fresh)


def test_that_ctrl_alone_is_only_the_beginning_of_a_key(qtbot: QtBot, fresh: MainWindow) -> None:
    for held in (Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta):
        qtbot.keyPress(fresh, held, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyRelease(fresh, held)
    assert not has_actions(fresh)


@pytest.mark.parametrize("title", MENUS)
def test_that_a_menu_is_full_before_anything_is_read(fresh: MainWindow, title: str) -> None:
    menu = fresh.menus[title]
    assert (menu.isEmpty(), menu.menuAction().isVisible()) == (True, True)
    menu.aboutToShow.emit()
    assert len(menu.actions()) > 1


def test_that_a_place_that_is_gone_to_early_is_where_it_belongs(
    qtbot: QtBot, fresh: MainWindow
) -> None:
    fresh.go_into("agents")
    assert set(fresh.views.made) == {"online", "agents"}
    assert isinstance(fresh.front.stack.currentWidget(), AgentsPlace)
    qtbot.waitUntil(lambda: fresh.is_settled)
    assert fresh.front.stack.indexOf(fresh.views["agents"]) == NAMES.index("agents")
    assert fresh.place == "agents"


def test_that_actions_are_in_the_same_order_whatever_was_looked_at_first(
    qtbot: QtBot, fresh: MainWindow
) -> None:
    fresh.go_into("configuration")
    qtbot.waitUntil(lambda: fresh.is_settled)
    ids = [row.id for row in fresh.actions_.rows]
    assert ids.index("cycle.move") < ids.index("log.run") < ids.index("agents.register")
    tools = [action.objectName() for action in fresh.menus["Tools"].actions()]
    assert tools.index("agents.register") < tools.index("configuration.reclassify")


def test_that_a_window_that_is_closed_early_makes_nothing_more(
    qtbot: QtBot, fresh: MainWindow
) -> None:
    fresh.close()
    made = set(fresh.views.made)
    qtbot.wait(200)
    assert (set(fresh.views.made), has_actions(fresh), fresh.following) == (made, False, None)


@pytest.mark.expected_log("can't be made as it was remembered")
def test_that_a_place_that_can_t_be_made_as_it_was_left_begins_anew(
    qtbot: QtBot, fresh: MainWindow, context: PlaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.remembered.setValue("log/splitter", "no state")
    lay_out = LogPlace._lay_out

    def fails_where_remembered(place: LogPlace) -> None:
        if context.remembered.contains("log/splitter"):
            raise ValueError("as it was left")
        lay_out(place)

    monkeypatch.setattr(LogPlace, "_lay_out", fails_where_remembered)
    fresh.go_into("log")
    assert isinstance(fresh.front.stack.currentWidget(), LogPlace)
    assert "begins anew" in fresh.status.notice.text.text()


def test_that_a_typed_filter_is_not_taken_for_a_key_of_an_action(
    qtbot: QtBot, fresh: MainWindow
) -> None:
    line = fresh.online.table.filter.edit
    line.setFocus()
    qtbot.keyClicks(line, "class")
    assert (line.text(), has_actions(fresh)) == ("class", False)
    qtbot.keyClick(line, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert has_actions(fresh)


@pytest.mark.parametrize("key", ["Down", "Return", "Escape", "G"])
def test_that_keys_of_no_action_wait_for_no_action(
    qtbot: QtBot, fresh: MainWindow, key: str
) -> None:
    QTest.keySequence(fresh.online.table.table, QKeySequence(key))
    assert not has_actions(fresh)


def test_that_every_key_of_an_action_is_known_as_one(fresh: MainWindow) -> None:
    shortcuts = [QKeySequence(row.shortcut) for row in fresh.actions_.rows if row.shortcut]
    assert len(shortcuts) > 50
    assert [each.toString() for each in shortcuts if not may_be_of_an_action(each[0])] == []
