"""The editor over the real services: a database with one open run, and a window on it."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history import look as history
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.focus import give_keys
from app.views.frame.main_window import MainWindow
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView
from app.views.looks.theme import Themes
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Notices
from app.views.session import Workplace
from tests.builders import EXPERT, a_run, configure
from tests.conftest import TestServer
from tests.views.workplaces import a_context, a_window, a_workplace

RUN = 390001
LENGTH = 60
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))


@dataclass
class Story:
    """A window on a database, with the details of the run in front."""

    db: Database
    window: MainWindow
    workplace: Workplace
    qtbot: QtBot
    background: Background
    actor: Actor = EXPERT
    seen: list[object] = field(default_factory=list)

    @property
    def pane(self) -> LumisectionsPane:
        return self.window.online.shown_details.lumisections

    def row(self, key: str) -> int:
        snapshot = self.pane.grid.snapshot
        assert snapshot is not None
        return snapshot.keys.index(key)

    def place(self, key: str, lumisection: int) -> QPoint:
        cell = Cell(self.row(key), lumisection)
        self.pane.grid.reveal(cell)
        return self.pane.grid.cell_rect(cell).center().toPoint()

    def drag(
        self,
        first: tuple[str, int],
        last: tuple[str, int],
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        view = self.pane.grid.viewport()
        left = Qt.MouseButton.LeftButton
        self.qtbot.mousePress(view, left, modifier, self.place(*first))
        self.qtbot.mouseMove(view, self.place(*last))
        self.qtbot.mouseRelease(view, left, modifier, self.place(*last))

    def in_grid(self) -> GridView:
        """The grid, once the person has gone there."""
        give_keys(self.pane.grid)
        return self.pane.grid

    def keys(self, text: str, widget: QWidget | None = None) -> None:
        self.qtbot.keyClicks(widget or self.in_grid(), text)

    def press(
        self,
        key: Qt.Key,
        widget: QWidget | None = None,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        self.qtbot.keyClick(widget or self.in_grid(), key, modifier)

    def type_comment(self, text: str) -> None:
        """What a person types into the line that has the keyboard after B."""
        self.keys(text, self.pane.strip.comment)
        self.press(Qt.Key.Key_Return, self.pane.strip.comment)

    def newest(self) -> int:
        """The newest version of the run."""
        return history.run_history_of(Acting(self.db), RUN).entries[0].action.version

    def until(self, holds: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(holds, timeout=20_000)

    def previewed(self) -> None:
        """Waits until the preview is there."""
        self.until(lambda: self.pane.preview.isVisible() and not self.pane.preview.bar.loading)

    def stored(self, key: str, lumisection: int, dataset: str = "online") -> Triplet:
        rr = lumisections.dataset_state(Acting(self.db), RUN, dataset).rr
        return rr.value(key, lumisection) or EMPTY_TRIPLET

    def another_writes(self, key: str, first: int, last: int, triplet: Triplet) -> None:
        """Somebody else, in another client."""
        edit = ColumnEdit(RUN, "online", key, (LumiRange(first, last),), triplet)
        bulk_edit.write(Acting(self.db, SHIFTER), [edit])

    def another_sets_bit(self, bit: str, first: int, last: int, *, value: bool) -> None:
        edit = BitEdit(RUN, "online", bit, (LumiRange(first, last),), value)
        bulk_edit.write(Acting(self.db, EXPERT), [edit], comment="seen on the monitor")


def _online_run(db: Database) -> None:
    """One open run on the small configuration, in which a bit is false for a while."""
    configure(db)
    changed = {number: {"bpix_ready": False} for number in range(20, 26)}
    pull.apply(Acting(db), a_run(RUN, LENGTH, changed=changed))


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """The database that `database` copies here."""
    return server.template("online_run", _online_run)


@pytest.fixture
def open_story(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    tmp_path: Path,
) -> Iterator[Callable[..., Story]]:
    """Opens windows of a person on the database of the test, each with its own news."""
    with ExitStack() as stack:

        def open_(actor: Actor = EXPERT, *, show: bool = True) -> Story:
            workplace = a_workplace(
                database, actor, client=secrets.token_hex(8), draft_folder=tmp_path / "drafts"
            )
            news = workplace.news
            listener = ChangeListener(database, news.changed, news.connected)
            listener.start()
            context = a_context(workplace, background, notices, themes, remembered)
            window = a_window(context)
            window.resize(1400, 900)
            window.stop_wanted.connect(window.stopped)
            stack.callback(window.deleteLater)
            stack.callback(window.close)
            stack.callback(listener.stop)
            window.show()
            story = Story(database, window, workplace, qtbot, background, actor)
            if not show:
                return story
            window.show_run(RUN)
            story.until(lambda: story.pane.grid.snapshot is not None)
            window.activateWindow()
            give_keys(story.pane.grid)
            return story

        yield open_
    qtbot.waitUntil(lambda: not background.busy, timeout=20_000)


@pytest.fixture
def story(open_story: Callable[[Actor], Story]) -> Story:
    """An expert at the run."""
    return open_story(EXPERT)
