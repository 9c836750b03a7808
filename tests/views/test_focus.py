"""The keyboard stays where the person put it: nothing that loads, closes or arrives moves it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMenu,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import delete, isValid

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history import undo
from app.services.news import Change
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.focus import (
    KeysKeeper,
    give_keys,
    give_keys_once_shown,
    give_keys_to_place,
    go_round,
    has_keys,
    holder,
)
from app.views.frame.keyboard import Keyboard
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.runs.details import DetailsView
from tests.builders import EXPERT, a_run
from tests.services.offline_runs import FIRST, open_all, sign_off_runs
from tests.views.many_runs import NEWEST, locked
from tests.views.workplaces import a_context, a_window, a_workplace

VIEWS = Path(__file__).parents[2] / "app" / "views"
RUN, LENGTH = 390005, 20
STATUS_KEYS = "gbsxn"
GOOD, BAD = Triplet("GOOD"), Triplet("BAD", "HV trip")


# --- nothing else moves it ------------------------------------------------------------------------


def test_that_only_one_module_moves_the_keyboard() -> None:
    moves = re.compile(
        r"\b(setFocus|clearFocus|focusNextChild|focusPreviousChild|focusNextPrevChild"
        r"|activateWindow|grabKeyboard|setActiveWindow)\b"
    )
    found = {
        f"{path.relative_to(VIEWS)}: {line.strip()}"
        for path in VIEWS.rglob("*.py")
        if path.name != "focus.py"
        for line in path.read_text().splitlines()
        if moves.search(line)
    }
    assert not found, "only app/views/focus.py moves the keyboard: use give_keys"


# --- the rule -------------------------------------------------------------------------------------


class Part(QWidget):
    """A part of a window with a line of its own, which is its home."""

    def __init__(self, *inside: QWidget) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        self.line = QLineEdit()
        for widget in (self.line, *inside):
            layout.addWidget(widget)

    def home(self) -> QWidget:
        return self.line


@pytest.fixture
def other() -> QLineEdit:
    """What comes first in the order of Tab."""
    return QLineEdit()


@pytest.fixture
def inner() -> Part:
    return Part(QPushButton("Inside"))


@pytest.fixture
def outer(qtbot: QtBot, other: QLineEdit, inner: Part) -> Part:
    """A window with a part in it, in front."""
    outer = Part(other, inner)
    qtbot.addWidget(outer)
    KeysKeeper(outer)
    outer.show()
    outer.activateWindow()
    qtbot.waitUntil(outer.isActiveWindow)
    return outer


def button_of(part: Part) -> QPushButton:
    button = part.findChild(QPushButton)
    assert button is not None
    return button


def test_that_what_is_hidden_or_disabled_is_not_given_the_keyboard(
    outer: Part, other: QLineEdit, inner: Part
) -> None:
    give_keys(other)
    inner.hide()
    assert not give_keys(inner.line)
    inner.show()
    inner.setEnabled(False)
    assert not give_keys(inner.line)
    assert holder(outer) is other
    inner.setEnabled(True)
    assert give_keys(inner.line)
    assert has_keys(inner.line)


@pytest.mark.parametrize("go", [QWidget.hide, lambda widget: widget.setEnabled(False)])
def test_that_the_part_around_gets_the_keyboard_of_what_goes(
    outer: Part, inner: Part, go: Callable[[QWidget], None]
) -> None:
    button = button_of(inner)
    give_keys(button)
    go(button)
    assert holder(outer) is inner.line
    go(inner)
    assert holder(outer) is outer.line


def test_that_the_part_around_gets_the_keyboard_of_what_is_deleted(
    qtbot: QtBot, outer: Part, inner: Part
) -> None:
    button = button_of(inner)
    give_keys(button)
    button.deleteLater()
    qtbot.waitUntil(lambda: holder(outer) is inner.line)


def test_that_what_goes_elsewhere_leaves_the_keyboard(
    outer: Part, other: QLineEdit, inner: Part
) -> None:
    give_keys(other)
    inner.setEnabled(False)
    inner.hide()
    assert holder(outer) is other


def test_that_what_is_awaited_gets_the_keyboard_when_it_is_shown(
    outer: Part, other: QLineEdit, inner: Part
) -> None:
    inner.hide()
    give_keys(other)
    give_keys_once_shown(inner.line)
    assert holder(outer) is other
    inner.show()
    assert holder(outer) is inner.line


def test_that_what_is_awaited_gets_nothing_once_the_person_went_elsewhere(
    outer: Part, other: QLineEdit, inner: Part
) -> None:
    inner.hide()
    give_keys(other)
    give_keys_once_shown(inner.line)
    give_keys(outer.line)
    inner.show()
    assert holder(outer) is outer.line


def test_that_a_part_gives_the_keyboard_to_who_had_it(
    outer: Part, other: QLineEdit, inner: Part
) -> None:
    give_keys(button_of(inner))
    give_keys(other)
    give_keys_to_place(inner)
    assert holder(outer) is button_of(inner)


# --- every place, through start, loading, news and undo -------------------------------------------


class Story:
    """A window that began in a place, and all that ever had its keyboard."""

    def __init__(self, db: Database, window: MainWindow, qtbot: QtBot) -> None:
        self.db, self.window, self.qtbot = db, window, qtbot
        self.had: list[str] = []
        self.news = 0
        QApplication.instance().focusChanged.connect(self._note)  # type: ignore[union-attr]
        window._news.changed.connect(self._arrived)

    def _note(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and now.window() is self.window:
            self.had.append(name_of(now))

    def _arrived(self, _change: Change) -> None:
        self.news += 1

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.window.is_settled, timeout=30_000)

    def after(self, act: Callable[[], object]) -> None:
        """Somebody else does something; waits until the window has shown it."""
        before = self.news
        act()
        self.qtbot.waitUntil(lambda: self.news > before, timeout=30_000)
        self.qtbot.waitUntil(lambda: not self.window._news._timer.isActive(), timeout=30_000)
        self.settle()


def name_of(widget: QWidget) -> str:
    return widget.accessibleName() or widget.objectName() or type(widget).__name__


@pytest.fixture
def open_at(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> Iterator[Callable[[str], Story]]:
    """Opens the window where it was left last, on an open run and one with offline datasets."""
    sign_off_runs(database, FIRST)
    open_all(database, FIRST)
    pull.apply(Acting(database), a_run(RUN, LENGTH))
    workplace = a_workplace(database)
    news = workplace.news
    context = a_context(workplace, background, notices, themes, remembered)
    listener = ChangeListener(database, news.changed, news.connected)
    opened: list[MainWindow] = []

    def open_(place: str) -> Story:
        remembered.setValue("place", place)
        window = a_window(context)
        opened.append(window)
        window.stop_wanted.connect(window.stopped)
        story = Story(database, window, qtbot)
        listener.start()
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        qtbot.waitUntil(lambda: window.online.details.lumisections.grid.snapshot is not None)
        story.settle()
        return story

    yield open_
    for window in opened:
        window.close()
    listener.stop()
    qtbot.waitUntil(lambda: not background.busy, timeout=30_000)
    for window in opened:
        window.deleteLater()


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_the_keyboard_stays_in_the_list_of_the_place(
    place: str, open_at: Callable[[str], Story]
) -> None:
    story = open_at(place)
    window, db = story.window, story.db
    home = window.views[place].home()
    assert home is not None
    shown = window.online.details
    assert shown.run_number == RUN, "another run is loaded behind the place than is written to"
    stays = home if home.isVisible() else window.places
    give_keys(stays)
    del story.had[:]
    grid = shown.lumisections.grid

    bad = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(3, 5),), BAD)
    written: list[bulk_edit.Written | None] = []
    story.after(lambda: written.append(bulk_edit.write(Acting(db, EXPERT), [bad])))
    assert grid.snapshot is not None
    assert grid.snapshot.triplet(grid.snapshot.keys.index("dt-dt"), 3) == BAD
    story.after(lambda: pull.apply(Acting(db), a_run(RUN + 1, LENGTH)))
    assert written[0] is not None
    version = written[0].version
    assert version is not None
    story.after(lambda: undo.undo(Acting(db, EXPERT), version))
    window.refresh()
    story.settle()
    assert holder(window) is stays
    assert story.had == []

    newest = lumisections.dataset_state(Acting(db), RUN, "online").rr.value("dt-dt", 3)
    QTest.keyClicks(stays, STATUS_KEYS + "b")
    QTest.keyClicks(holder(window) or window, "trip")
    assert not any(each.lumisections.editor.cells for each in window.findChildren(DetailsView))
    QTest.keyClick(holder(window) or window, Qt.Key.Key_Return)
    story.settle()
    assert lumisections.dataset_state(Acting(db), RUN, "online").rr.value("dt-dt", 3) == newest
    assert not window.drafts._drafts


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_a_start_gives_the_keyboard_to_nothing_hidden(
    place: str, open_at: Callable[[str], Story]
) -> None:
    story = open_at(place)
    has = holder(story.window)
    assert has in (story.window.views[place].home(), story.window.places)
    assert has is not None
    assert has.isVisible()
    assert len(set(story.had)) <= 1, story.had


# --- in the online place --------------------------------------------------------------------------


@pytest.fixture
def online(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The first run is loaded, nobody has touched anything."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    loaded(qtbot, window, NEWEST)
    return window


def loaded(qtbot: QtBot, window: MainWindow, run_number: int) -> None:
    grid = window.online.shown_details.lumisections.grid
    qtbot.waitUntil(lambda: grid.snapshot is not None and grid.snapshot.run_number == run_number)
    qtbot.waitUntil(lambda: not window._background.busy)


def test_that_a_click_on_a_run_leaves_the_keyboard_in_the_table(
    qtbot: QtBot, online: MainWindow
) -> None:
    table, grid = online.online.table.table, online.online.details.lumisections.grid
    cell = table.visualRect(online.online.table.model.index(2, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    loaded(qtbot, online, NEWEST - 2)
    assert has_keys(table)
    before = grid.focus_cell
    qtbot.keyClick(holder(online), Qt.Key.Key_Down)
    loaded(qtbot, online, NEWEST - 3)
    qtbot.keyClick(holder(online), Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(table.selectionModel().selectedRows()) == 2
    assert grid.focus_cell == before
    assert not grid.chosen


def test_that_status_keys_need_the_keyboard_in_the_grid(qtbot: QtBot, online: MainWindow) -> None:
    pane = online.online.details.lumisections
    inside = [each for each in pane.findChildren(QWidget) if each.isVisible()]
    others = [each for each in inside if not isinstance(each, QLineEdit)]
    assert len(others) > 10
    give_keys(online.online.table.table)
    for widget in [*others, pane, online.online.details]:
        QTest.keyClicks(widget, STATUS_KEYS)
    assert not pane.editor.cells
    assert give_keys(pane.grid)
    qtbot.keyClicks(holder(online), "x")
    assert pane.editor.cells.cells == 1


def test_that_a_hidden_grid_takes_no_status_keys(qtbot: QtBot, online: MainWindow) -> None:
    pane = online.online.details.lumisections
    give_keys(pane.grid)
    online.go_to("golden")
    assert not pane.grid.isVisible()
    assert holder(online) is not pane.grid
    assert not give_keys(pane.grid)
    QTest.keyClicks(pane.grid, STATUS_KEYS)
    assert not pane.editor.cells


def test_that_a_place_gives_the_keyboard_back_to_where_it_was(
    qtbot: QtBot, online: MainWindow
) -> None:
    pane = online.online.details.lumisections
    assert has_keys(online.online.table.table)
    online.go_to("offline")
    assert has_keys(online.offline.table.table)
    online.go_to("online")
    assert has_keys(online.online.table.table)
    give_keys(pane.ranges)
    online.go_to("golden")
    online.go_to("online")
    assert has_keys(pane.ranges)


def test_that_the_list_of_places_keeps_the_keyboard_until_a_place_is_asked_for(
    qtbot: QtBot, online: MainWindow
) -> None:
    give_keys(online.places)
    for place in ("offline", "cycles", "golden", "online"):
        online.go_to(place)
        assert has_keys(online.places)
    online.actions_["place.offline"].trigger()
    qtbot.waitUntil(lambda: has_keys(online.offline.table.table))


def test_that_enter_on_a_run_goes_into_its_grid_once_that_is_there(
    qtbot: QtBot, online: MainWindow, runs_dsn: str
) -> None:
    with locked(runs_dsn):
        qtbot.keyClick(holder(online), Qt.Key.Key_Return)
        details = online.online.shown_details
        assert details is not online.online.details
        assert not has_keys(details.lumisections.grid)
    loaded(qtbot, online, NEWEST)
    qtbot.waitUntil(lambda: has_keys(details.lumisections.grid))


def test_that_a_run_that_is_still_read_takes_nothing_from_who_went_elsewhere(
    qtbot: QtBot, online: MainWindow, runs_dsn: str
) -> None:
    with locked(runs_dsn):
        qtbot.keyClick(holder(online), Qt.Key.Key_Return)
        give_keys(online.places)
    loaded(qtbot, online, NEWEST)
    assert has_keys(online.places)


def test_that_a_tab_that_is_closed_gives_the_keyboard_to_the_table(
    qtbot: QtBot, online: MainWindow
) -> None:
    qtbot.keyClick(holder(online), Qt.Key.Key_Return)
    details = online.online.shown_details
    loaded(qtbot, online, NEWEST)
    qtbot.waitUntil(lambda: has_keys(details.lumisections.grid))
    online.online.close_tab(online.online.tabs.currentIndex())
    assert has_keys(online.online.table.table)
    keyboard = online.findChild(Keyboard)
    assert keyboard is not None
    assert keyboard.marked is online.online.table.table


def test_that_a_notice_that_goes_gives_the_keyboard_to_the_list(online: MainWindow) -> None:
    bar = online.status.notice
    online.notices.tell("Changed 3 cells.", version=812)
    assert has_keys(online.online.table.table)
    give_keys(bar.undo)
    bar.hide()
    assert has_keys(online.online.table.table)


def test_that_turning_the_tabs_with_the_mouse_takes_the_keyboard_along(
    qtbot: QtBot, online: MainWindow
) -> None:
    details = online.online.details
    tabs: QTabWidget = details.tabs

    def press(place: int) -> None:
        where: QPoint = tabs.tabBar().tabRect(place).center()
        qtbot.mouseClick(tabs.tabBar(), Qt.MouseButton.LeftButton, pos=where)

    press(1)
    assert has_keys(online.online.table.table)
    press(0)
    give_keys(details.lumisections.grid)
    press(2)
    has = holder(online)
    assert has is not None
    assert details.history.isAncestorOf(has)


def test_that_f6_goes_round_the_panes_and_back(qtbot: QtBot, online: MainWindow) -> None:
    place = online.online
    grid = place.details.lumisections.grid
    forth, back = online.actions_["view.pane"], online.actions_["view.pane.back"]
    assert has_keys(place.table.table)
    forth.trigger()
    assert has_keys(grid)
    forth.trigger()
    assert has_keys(online.places)
    forth.trigger()
    assert has_keys(place.table.table)
    back.trigger()
    assert has_keys(online.places)
    back.trigger()
    assert has_keys(grid)
    online.sync_dock.show()
    online.sync.oms.pull_now.setEnabled(True)  # as where pulling is on
    forth.trigger()
    assert online.sync.isAncestorOf(holder(online) or online)


@pytest.mark.parametrize("place", ["offline", "golden"])
def test_that_f6_never_leaves_the_window_without_keys(
    place: str, online: MainWindow, qtbot: QtBot
) -> None:
    online.go_into(place)
    qtbot.waitUntil(lambda: not online._background.busy)
    seen: list[QWidget] = []
    for _ in range(6):
        online.actions_["view.pane"].trigger()
        has = holder(online)
        assert has is not None
        assert has.isVisible()
        seen.append(has)
    assert online.places in seen
    assert len(set(seen)) > 1


def test_that_going_round_leaves_the_actions_of_those_that_stay(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    goes, stays = QLineEdit(window), QPushButton(window)
    action = QMenu(stays).addAction("More")
    goes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    window.show()
    go_round(window, (window,), 1)
    assert has_keys(stays)
    delete(goes)
    assert isValid(action)
