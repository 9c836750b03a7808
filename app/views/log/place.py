"""The place of the log: entries searched, followed live, opened and exported."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.history.log import LogQuery, Source
from app.domain.keys import ONLINE
from app.services.history import log
from app.views.actions import ActionRow
from app.views.focus import give_keys
from app.views.log.entry_pane import EntryPane
from app.views.log.export import LogExport
from app.views.log.log_model import ABOUT, AUTHOR, KIND, NUMBER, TIME, WHAT, LogModel
from app.views.log.reader import LogReader
from app.views.log.search_bar import SearchBar
from app.views.log.timeline import Timeline
from app.views.looks import words
from app.views.looks.theme import STEP, Theme
from app.views.places import PlaceContext, PlaceWidget
from app.views.remembered import restore
from app.views.subject import Subject, unless
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label
from app.views.widgets.tables.copying import copy_selected
from app.views.widgets.tables.plain_table import PlainTable

_PARTS = [460, 300]
_TYPICAL = {
    TIME: "2026-11-24 14:35:00",
    AUTHOR: "auto@auto - pixel-autoenc",
    KIND: "columns, DCS bits",
    ABOUT: "392001 /PromptReco/Collisions2",
    NUMBER: "18 000 000",
}


class LogPlace(PlaceWidget):
    """Search at the top, the list, the entry that is chosen below.

    Signals: `undo_wanted(int)` for a version; `golden_wanted(int)`; `front_wanted()` when the place
    has something to show.
    """

    undo_wanted = Signal(int)
    golden_wanted = Signal(int)
    front_wanted = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._themes = context.themes
        self._remembered = context.remembered
        self.subject: Callable[[], Subject | None] = lambda: None
        self._behind = False
        self._unread = 0
        self._export_progress = ""
        theme = context.themes.theme
        self.search = SearchBar(context.themes)
        self.bar = LoadingBar(context.themes)
        self.timeline = Timeline(context.themes)
        self.model = LogModel(theme, self)
        self.reader = LogReader(context.acting, context.background, self.model, self)
        self.exporter = LogExport(context.acting, context.background, context.notices, self)
        self.table = PlainTable("Log")
        self.table.setModel(self.model)
        self.table.setVerticalScrollMode(PlainTable.ScrollMode.ScrollPerPixel)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.entry = EntryPane(context.acting, context.background, context.themes)
        self.news = QPushButton()
        self.status = Label()
        self.status.setProperty("role", "muted")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop the search or the export (Escape)")
        self.go_on = QPushButton("Look further back")
        self._lay_out()
        self._connect()
        self._apply_theme(theme)

    @property
    def query(self) -> LogQuery:
        """The search that is shown."""
        return self.search.query

    def show_timeline(self, run_number: int, dataset: str = "") -> None:
        """Shows all entries about a run or a dataset."""
        self.front_wanted.emit()
        self.search.show_query(LogQuery(run=run_number, dataset=dataset))

    def shown(self) -> None:
        """Begins with the newest entry, or catches up with what was written meanwhile."""
        if not self.reader.begun:
            self._search(self.search.query)
            self._background.run(self._offer_authors(), self)
        elif self._behind:
            self.refresh()

    def home(self) -> QWidget:
        """The entries."""
        return self.table

    def panes(self) -> Sequence[QWidget]:
        return (self.search, self.table, self.entry)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Puts new entries on top."""
        self._behind = False
        self.reader.read_news()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Shows what is written; behind other places it catches up when it comes to the front."""
        if in_front:
            self.refresh(run_numbers)
        else:
            self._behind = True

    def focus_search(self) -> None:
        """Goes to the field for words."""
        give_keys(self.search.words, select=True)

    def rows(self) -> Sequence[ActionRow]:
        """Actions that show the history of the run or dataset in front elsewhere."""
        known = unless(lambda: self.subject())  # noqa: PLW0108  (set later)
        return (
            ActionRow(
                "log.run",
                "Whole history of the run",
                lambda: self._show_timeline_of_subject(dataset=False),
                "Ctrl+Shift+L",
                "history",
                "All log entries about the run and its datasets, on a timeline",
                known,
                commands=("log",),
                parameters=("--run",),
            ),
            ActionRow(
                "log.dataset",
                "Whole history of the dataset",
                lambda: self._show_timeline_of_subject(dataset=True),
                "",
                "history",
                "All log entries about the dataset, on a timeline",
                known,
                commands=("log",),
                parameters=("--run", "--dataset"),
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        """Puts them into the menus of runs and datasets."""
        return {"Run": ("", "log.run"), "Dataset": ("", "log.dataset")}

    # Reading

    def _search(self, query: LogQuery) -> None:
        self._behind = False
        self.reader.search(query)

    def _restarted(self) -> None:
        self._unread = 0
        self.entry.show_entry(None)
        self.timeline.setVisible(self.reader.query.run is not None)
        self.timeline.show_entries(())

    def _changed(self) -> None:
        """Shows how far the reader is."""
        self.bar.set_loading(self.reader.is_reading)
        self._select_first()
        if self.reader.query.run is not None and not self.reader.is_reading:
            self.timeline.show_entries(self.model.entries)
        self._say()

    def _prepended(self, number: int) -> None:
        """Counts what is new above what is on the screen."""
        if self.table.verticalScrollBar().value():
            self._unread += number

    def _inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        bar = self.table.verticalScrollBar()
        if first == 0 and bar.value():
            bar.setValue(bar.value() + (last + 1) * self.table.rowHeight(0))

    def _select_first(self) -> None:
        if self.model.rowCount() and not self.table.currentIndex().isValid():
            self.table.selectRow(0)

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if bar.maximum() and value > bar.maximum() - self.table.viewport().height():
            self.reader.read_more()
        if value == 0 and self._unread:
            self._unread = 0
            self._say()

    def _stop(self) -> None:
        if self.exporter.is_running:
            self.exporter.stop()
        elif self.reader.is_reading:
            self.reader.stop()

    async def _offer_authors(self) -> None:
        acting = self._acting
        self.search.offer_authors(await self._background.read(lambda: log.known_authors(acting)))

    # Status

    def _say(self) -> None:
        """Says how many entries are shown, how far back the search is, and what is new above."""
        if self.exporter.is_running:
            self.status.setText(f"Export: {self._export_progress}")
            self.stop.show()
            return
        reader, number = self.reader, self.model.count
        reading, back = reader.is_reading, reader.back_to
        far = "" if back is None else f"; searched back to {words.time(back)}"
        entries = words.counted(number, "entry", "entries")
        if reading:
            text = f"Searching ... {entries}{far}"
        elif reader.is_complete:
            text = f"{entries}, all there are"
        else:
            text = f"The newest {entries}{far}"
        self.status.setText(text if number or reading or back is not None else "")
        self.stop.setVisible(reading and back is not None)
        self.go_on.setText("Load older" if back is None else "Look further back")
        self.go_on.setVisible(not reading and not reader.is_complete and reader.begun)
        self.news.setVisible(bool(self._unread))
        self.news.setText(f"{words.counted(self._unread, 'new entry', 'new entries')} above")
        if number:
            self.table.say("")
        elif reading:
            self.table.say("Searching ..." if back is None else f"Nothing yet{far}.")
        elif reader.is_unread:
            self.table.say(words.UNREAD)
        elif reader.is_complete:
            self.table.say("No log entry matches.")
        else:
            self.table.say(f"Nothing so far{far}. Look further back, or change the search.")

    def _show_export(self, progress: str) -> None:
        self._export_progress = progress
        self._say()

    def _export_changed(self, running: bool) -> None:
        self._export_progress = "started" if running else ""
        self.search.export.setEnabled(not running)
        self._say()

    # Reactions

    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        entry = self.model.entry(current.row()) if current.isValid() else None
        self.timeline.mark(None if entry is None else entry.key)
        self.entry.show_entry(entry)

    def _choose(self, source: Source, number: int) -> None:
        row = self.model.row_of((source, number))
        if row is not None:
            self.table.selectRow(row)
            give_keys(self.table)

    def _open(self, row: int) -> None:
        if self.model.turn(row):
            return
        entry = self.model.entry(row)
        if entry.source is Source.GOLDEN:
            self.golden_wanted.emit(entry.number)
        elif entry.subjects:
            run_number, dataset = entry.subjects[0]
            self.run_wanted.emit(run_number, dataset or ONLINE)

    def _turn(self, *, is_open: bool) -> None:
        """Opens a line that stands for several, or closes it, from inside too."""
        row = self.table.currentIndex().row()
        while is_open and row > 0 and self.model.line(row).inside:
            row -= 1
        if row >= 0 and self.model.line(row).is_fold and self.model.line(row).is_open == is_open:
            self.table.selectRow(row)
            self.model.turn(row)

    def _show_timeline_of_subject(self, *, dataset: bool) -> None:
        subject = self.subject()
        if subject is not None:
            self.show_timeline(subject.run_number, subject.dataset if dataset else "")

    def _open_menu(self, point: QPoint) -> None:
        entry = self.entry.entry
        if entry is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def add(icon: str, text: str, handler: Callable[[], object]) -> None:
            action = QAction(self._themes.theme.icon(icon), text, menu)
            action.triggered.connect(lambda _checked=False: handler())
            menu.addAction(action)

        if entry.source is Source.VERSION:
            add(
                "undo",
                f"Undo version {entry.number}...",
                lambda: self.undo_wanted.emit(entry.number),
            )
        if entry.source is Source.GOLDEN:
            add("golden", "Show this golden JSON", lambda: self.golden_wanted.emit(entry.number))
        for run_number in dict.fromkeys(each.run_number for each in entry.subjects):
            add(
                "history",
                f"Whole history of run {run_number}",
                partial(self.show_timeline, run_number),
            )
        for subject in entry.subjects:
            if subject.dataset not in {"", ONLINE}:
                add(
                    "history",
                    f"Whole history of {subject.dataset} of run {subject.run_number}",
                    partial(self.show_timeline, *subject),
                )
        if entry.author:
            name = entry.author.removeprefix("auto@auto - ")
            add("person", f"All by {name}", lambda: self.search.show_query(LogQuery(author=name)))
        add("copy", "Copy", lambda: copy_selected(self.table))
        menu.popup(self.table.viewport().mapToGlobal(point))

    def _top(self) -> None:
        self.table.scrollToTop()
        self._unread = 0
        self._say()

    # Making

    def _lay_out(self) -> None:
        header = self.table.horizontalHeader()
        header.setMinimumSectionSize(40)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, text in _TYPICAL.items():
            width = self.table.fontMetrics().horizontalAdvance(text)
            header.resizeSection(column, width + 7 * STEP)
        header.setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * STEP, 2, 2 * STEP, 2)
        foot.setSpacing(STEP)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.news)
        foot.addWidget(self.stop)
        foot.addWidget(self.go_on)
        top = QWidget()
        top.setObjectName("pane")
        inside = QVBoxLayout(top)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.timeline)
        inside.addWidget(self.table, 1)
        inside.addLayout(foot)
        self.timeline.hide()
        for button in (self.news, self.stop, self.go_on):
            button.hide()
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(top)
        self._splitter.addWidget(self.entry)
        self._splitter.setSizes(_PARTS)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self._splitter.setChildrenCollapsible(False)
        restore(self._remembered, "log/splitter", self._splitter.restoreState)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.search)
        layout.addWidget(self.bar)
        layout.addWidget(self._splitter, 1)

    def _connect(self) -> None:
        self.search.query_changed.connect(self._search)
        self.search.export.clicked.connect(lambda: self.exporter.choose_file(self.query))
        self.exporter.progressed.connect(self._show_export)
        self.exporter.running_changed.connect(self._export_changed)
        self.reader.restarted.connect(self._restarted)
        self.reader.changed.connect(self._changed)
        self.reader.prepended.connect(self._prepended)
        self.model.rowsInserted.connect(self._inserted)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.timeline.entry_chosen.connect(self._choose)
        self.entry.undo_wanted.connect(self.undo_wanted)
        self.entry.subject_wanted.connect(self.run_wanted)
        self.entry.timeline_wanted.connect(self.show_timeline)
        self.entry.golden_wanted.connect(self.golden_wanted)
        self.news.clicked.connect(self._top)
        self.stop.clicked.connect(self._stop)
        self.go_on.clicked.connect(self.reader.read_more)
        self._splitter.splitterMoved.connect(
            lambda: self._remembered.setValue("log/splitter", self._splitter.saveState())
        )
        self._themes.changed.connect(self._apply_theme)
        for key, handler in (
            (Qt.Key.Key_Slash, self.focus_search),
            (Qt.Key.Key_Escape, self._stop),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(handler)
        for key, is_open in ((Qt.Key.Key_Right, False), (Qt.Key.Key_Left, True)):
            turning = QShortcut(QKeySequence(key), self.table)
            turning.setContext(Qt.ShortcutContext.WidgetShortcut)
            turning.activated.connect(partial(self._turn, is_open=is_open))

    def _apply_theme(self, theme: Theme) -> None:
        self.model.set_theme(theme)
        self.news.setIcon(theme.icon("refresh"))
