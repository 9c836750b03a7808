"""The list of the golden JSONs: mine, all, official; with a search."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QListView,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.configuration.permissions import generate_json_path
from app.services.golden import generation as golden
from app.services.golden.generation import JsonEntry
from app.views.background import Work
from app.views.focus import give_keys
from app.views.golden.lists.item_delegate import GoldenDelegate
from app.views.golden.lists.list_model import ENTRY_ROLE, FoundGolden, GoldenModel
from app.views.looks.theme import STEP
from app.views.looks.words import UNREAD
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label
from app.views.widgets.search_line import SearchLine

_PART = 50
_TIMES_RENEWED_MS = 30_000
_PAUSE_MS = 200


class Kind(StrEnum):
    """Which of the golden JSONs are listed."""

    MINE = "mine"
    ALL = "all"
    OFFICIAL = "official"


_EMPTY = {
    Kind.MINE: "You have made no golden JSON yet. Generate makes one.",
    Kind.ALL: "There is no golden JSON yet. Generate makes one.",
    Kind.OFFICIAL: "No golden JSON is marked as official yet. Generate can make one.",
}


class GoldenListPane(QWidget):
    """Reads the list part by part, newest first, and follows what is written elsewhere.

    Signals: `chosen(int)` with the id of another golden JSON; `opened()` when the person clicks on
    the chosen one or presses Enter; `generate_wanted()`; `menu_wanted(QPoint)` on screen;
    `times_renewed(datetime)` now and then, while it is visible.
    """

    chosen = Signal(int)
    opened = Signal()
    generate_wanted = Signal()
    menu_wanted = Signal(QPoint)
    times_renewed = Signal(object)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        themes = context.themes
        self._acting = context.acting
        self._background = context.background
        self._kind = Kind.ALL
        self._work = Work(context.background, self)
        self._shown: int | None = None
        self._known = False
        self._listed_words = ""
        self._may_have_more = False
        self._following = True
        self.model = GoldenModel(self)
        self.found = FoundGolden(self.model, self)
        self.list = QListView()
        self.list.setAccessibleName("Golden JSONs")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(GoldenDelegate(themes, self.list))
        self.list.setModel(self.found)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.search = SearchLine()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the list")
        self.search.setToolTip(
            "Searches names, authors, tags and numbers of all lists (/); Escape: clear"
        )
        self.bar = LoadingBar(themes)
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.listed = Label()
        self.listed.setProperty("role", "muted")
        self.older = QPushButton("Load older")
        self.generate = QPushButton("Generate...")
        self._rights = context.rights
        self.lists = QButtonGroup(self)
        self._times = QTimer(self, interval=_TIMES_RENEWED_MS)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._say()

    def show_list(self, kind: Kind) -> None:
        """Lists golden JSONs of another kind."""
        if kind is self._kind:
            return
        self._kind = kind
        self.lists.button(list(Kind).index(kind)).setChecked(True)
        self._known = False
        self._may_have_more = False
        self._show_entries(())
        self.refresh()

    def refresh(self) -> None:
        """Shows the present state of the newest part of the list."""
        self._load(None)

    def load_older(self) -> None:
        """Reads the next part of the list, unless a part is being read."""
        if self._may_have_more and not self._work.is_running and self.model.entries:
            self._load(self.model.entries[-1].id)

    def show_row(self, id_: int) -> None:
        """Chooses a golden JSON, also one that isn't in the list yet."""
        self.search.clear()
        self._choose_id(id_)
        self.refresh()

    def forget(self, ids: Collection[int]) -> None:
        """Takes deleted lists out; the first of the others is chosen."""
        self._shown = None
        self._show_entries(tuple(entry for entry in self.model.entries if entry.id not in ids))
        if self.found.rowCount():
            self.list.setCurrentIndex(self.found.index(0, 0))
        else:
            self.chosen.emit(0)
        self.refresh()

    @property
    def shown(self) -> int | None:
        """The golden JSON that is chosen."""
        return self._shown

    def selected(self) -> tuple[int, ...]:
        """The golden JSONs that are selected, the chosen one first."""
        rows = self.list.selectionModel().selectedIndexes()
        ids = [entry.id for index in rows if (entry := index.data(ENTRY_ROLE)) is not None]
        if self._shown is None:
            return tuple(ids)
        return (self._shown, *(id_ for id_ in ids if id_ != self._shown))

    def _ask_for_menu(self, place: QPoint) -> None:
        if self.selected():
            self.menu_wanted.emit(self.list.viewport().mapToGlobal(place))

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(STEP)
        for number, kind in enumerate(Kind):
            button = QToolButton()
            button.setText(kind.value.capitalize())
            button.setCheckable(True)
            button.setChecked(kind is self._kind)
            self.lists.addButton(button, number)
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.generate)
        find = QWidget()
        below = QHBoxLayout(find)
        below.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        below.addWidget(self.search)
        end = QHBoxLayout()
        end.setContentsMargins(3 * STEP, STEP, 2 * STEP, STEP)
        end.addWidget(self.listed, 1)
        end.addWidget(self.older)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for widget in (top, find, self.bar, self.list, self.words):
            inside.addWidget(widget, 1 if widget in (self.list, self.words) else 0)
        inside.addLayout(end)

    def _offer(self) -> None:
        offer(self.generate, self._rights.why_not((generate_json_path(),)))

    def _connect(self) -> None:
        self.lists.idClicked.connect(lambda number: self.show_list(list(Kind)[number]))
        self.list.selectionModel().currentChanged.connect(self._choose)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.search.textChanged.connect(self._search)
        self.older.clicked.connect(self.load_older)
        self.generate.clicked.connect(self.generate_wanted)
        self._rights.changed.connect(self._offer)
        self._offer()
        self.list.customContextMenuRequested.connect(self._ask_for_menu)
        self.list.clicked.connect(self.opened)
        self.list.activated.connect(self.opened)
        self._pause.timeout.connect(self.refresh)
        self._work.running_changed.connect(self.bar.set_loading)
        self._work.running_changed.connect(self._say)
        self._times.timeout.connect(lambda: self._renew_times(server_now()))
        slash = QShortcut(QKeySequence(Qt.Key.Key_Slash), self)
        slash.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        slash.activated.connect(self.focus_search)

    def focus_search(self) -> None:
        """The words."""
        give_keys(self.search, select=True)

    def _load(self, before: int | None) -> None:
        self._work.start(self._read(self._kind, before, self.search.text().strip()))

    async def _read(self, kind: Kind, before: int | None, words: str) -> None:
        acting = self._acting
        entries = await self._background.read(
            lambda: golden.entries(
                acting,
                created_by=acting.actor.email if kind is Kind.MINE else None,
                official=kind is Kind.OFFICIAL,
                words=words,
                before=before,
                limit=_PART,
            )
        )
        self._show(entries, before, words)

    def _show(self, entries: Sequence[JsonEntry], before: int | None, words: str) -> None:
        # What a search for other words gave doesn't tell what is missing in this one.
        known = self.model.entries if words == self._listed_words else ()
        self._listed_words = words
        first, self._known = not self._known, True
        if before is not None:
            self._may_have_more = len(entries) >= _PART
            self._show_entries((*known, *entries))
            return
        # What is older than the newest part stays, if nothing can be missing in between.
        last = entries[-1].id if len(entries) >= _PART else None
        meets = last is not None and any(entry.id >= last for entry in known)
        older = tuple(entry for entry in known if entry.id < (last or 0)) if meets else ()
        if not older:
            self._may_have_more = last is not None
        self._show_entries((*entries, *older))
        if first and self._shown is None and self.found.rowCount():
            self.list.setCurrentIndex(self.found.index(0, 0))

    def _show_entries(self, entries: Sequence[JsonEntry]) -> None:
        # When rows are removed, their neighbours must not become the chosen ones.
        self._following = False
        self.model.set_now(server_now())
        self.model.show_entries(entries)
        self._mark_shown()
        self._following = True
        self._say()

    def _mark_shown(self) -> None:
        row = self.model.row_of(self._shown) if self._shown is not None else None
        index = self.found.mapFromSource(self.model.index(row)) if row is not None else None
        if index is None or not index.isValid():
            self.list.selectionModel().clear()
        elif index != self.list.currentIndex():
            self.list.setCurrentIndex(index)

    def _search(self, text: str) -> None:
        self._following = False
        self.found.search(text)
        self._mark_shown()
        self._following = True
        self._pause.start()
        self._say()

    def _say(self) -> None:
        """Shows how many lists there are, or why there are none."""
        listed, found = len(self.model.entries), self.found.rowCount()
        searched = self.search.text().strip()
        if not self._known:
            text = "Reading the list ..." if self._work.is_running else UNREAD
        elif searched != self._listed_words:
            text = "Searching ..."
        elif searched:
            text = f'No list has "{searched}" in its name, author, tags or number.'
        else:
            text = _EMPTY[self._kind]
        self.words.setText(text)
        self.words.setVisible(not found)
        self.list.setVisible(bool(found))
        more = "newest " if self._may_have_more else ""
        self.listed.setText(f"{more}{found}" if listed else "")
        self.older.setVisible(self._may_have_more)

    def _renew_times(self, now: datetime) -> None:
        self.model.set_now(now)
        self.times_renewed.emit(now)

    def _scrolled(self, value: int) -> None:
        bar = self.list.verticalScrollBar()
        if bar.maximum() and value == bar.maximum():
            self.load_older()

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if not (self._following and current.isValid()):
            return
        entry: JsonEntry = current.data(ENTRY_ROLE)
        if entry.id != self._shown:
            self._choose_id(entry.id)

    def _choose_id(self, id_: int) -> None:
        self._shown = id_
        self.chosen.emit(id_)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._renew_times(server_now())
        self._times.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._times.stop()
