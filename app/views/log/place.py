"""The place of the log: what was done, searched, followed live, opened, exported."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.history.log import LogEntry, LogPage, LogQuery, Position, Source
from app.domain.keys import ONLINE
from app.views import words
from app.views.actions import ActionRow
from app.views.background import Job
from app.views.focus import give_keys
from app.views.frame.remembered import restore
from app.views.log.entry_pane import EntryPane
from app.views.log.life_strip import LifeStrip
from app.views.log.log_model import ABOUT, AUTHOR, KIND, NUMBER, TIME, WHAT, LogModel
from app.views.log.search_bar import SearchBar
from app.views.notices import ask
from app.views.places import PlaceContext, PlaceWidget
from app.views.subject import Subject
from app.views.theme import STEP, Theme
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label
from app.views.widgets.plain_table import PlainTable

_PART = 100
_WHOLE_LIFE = 2_000
_PARTS = [460, 300]
_TYPICAL = {
    TIME: "2026-11-24 14:35:00",
    AUTHOR: "auto@auto - pixel-autoenc",
    KIND: "columns, DCS bits",
    ABOUT: "392001 /PromptReco/Collisions2",
    NUMBER: "18 000 000",
}
_MOST_NEWS = 400


class LogPlace(PlaceWidget):
    """Search at the top, the list, the entry that is chosen below.

    Signals: `undo_wanted(int)` for a version; `golden_wanted(int)`; `front_wanted()` when
    somebody asked for something that is shown here.
    """

    undo_wanted = Signal(int)
    golden_wanted = Signal(int)
    front_wanted = Signal()
    _export_told = Signal(str)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = context.backend
        self._background = context.background
        self._notices = context.notices
        self._themes = context.themes
        self._remembered = context.remembered
        self.subject: Callable[[], Subject | None] = lambda: None
        self._after: Position | None = None
        self._complete = False
        self._begun = False
        self._behind = False
        self._wanted = _PART
        self._unread = 0
        self._back_to: datetime | None = None
        self._job: Job[LogPage] | None = None
        self._news_job: Job[tuple[list[LogEntry], bool]] | None = None
        self._exporting: threading.Event | None = None
        theme = context.themes.theme
        self.search = SearchBar(context.themes)
        self.bar = LoadingBar(context.themes)
        self.life = LifeStrip(context.themes)
        self.model = LogModel(theme, self)
        self.table = PlainTable("Log")
        self.table.setModel(self.model)
        self.table.setVerticalScrollMode(PlainTable.ScrollMode.ScrollPerPixel)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.entry = EntryPane(context.backend, context.background, context.themes)
        self.news = QPushButton()
        self.told = Label()
        self.told.setProperty("role", "muted")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Look no further back, or end the export (Escape)")
        self.go_on = QPushButton("Look further back")
        self._lay_out()
        self._connect()
        self._dress(theme)

    @property
    def query(self) -> LogQuery:
        """What is looked for."""
        return self.search.query

    def show_life(self, run_number: int, dataset: str = "") -> None:
        """Shows all that happened to a run or a dataset."""
        self.front_wanted.emit()
        self._begun = True
        self.search.show_query(LogQuery(run=run_number, dataset=dataset))

    def shown(self) -> None:
        """Begins with the newest, or catches up with what was written meanwhile."""
        if not self._begun:
            self._begun = True
            self._search(self.search.query)
            self._load_authors()
        elif self._behind:
            self._look_for_news()

    def home(self) -> QWidget:
        """The entries."""
        return self.table

    def panes(self) -> Sequence[QWidget]:
        return (self.search, self.table, self.entry)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Puts what is new on top."""
        if self._begun:
            self._look_for_news()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Follows what is written; unseen it catches up when it comes to the front."""
        if in_front:
            self.refresh(run_numbers)
        else:
            self._behind = True

    def focus_search(self) -> None:
        """The words."""
        give_keys(self.search.words, select=True)

    def rows(self) -> Sequence[ActionRow]:
        """The lives of what is looked at elsewhere."""

        def known() -> bool:
            return self.subject() is not None

        return (
            ActionRow(
                "log.run",
                "Whole life of the run",
                lambda: self._live_of_subject(dataset=False),
                "Ctrl+Shift+L",
                "history",
                "All that ever happened to the run and its datasets, as one timeline",
                known,
            ),
            ActionRow(
                "log.dataset",
                "Whole life of the dataset",
                lambda: self._live_of_subject(dataset=True),
                "",
                "history",
                "All that ever happened to the dataset, as one timeline",
                known,
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        """With the run and the dataset they are about."""
        return {"Run": ("", "log.run"), "Dataset": ("", "log.dataset")}

    def export(self, file: Path) -> None:
        """Writes all that is found; asks before it replaces a file."""

        def look(there: bool) -> None:
            if there:
                question = f"{file.name} is there already."
                ask(self.window(), "Replace", question, "Replace", partial(self._write, file))
            else:
                self._write(file)

        self._background.read_then(file.exists, look, owner=self, reaches_server=False)

    # Reading

    def _search(self, query: LogQuery) -> None:
        for job in (self._job, self._news_job):
            if job is not None:
                job.cancel()
        self._job = self._news_job = None
        self._after, self._complete, self._back_to = None, False, None
        self._wanted = _WHOLE_LIFE if query.run is not None else _PART
        self._unread = 0
        self._behind = False
        self.model.start()
        self.entry.show_entry(None)
        self.life.setVisible(query.run is not None)
        self.life.show_entries(())
        self._load()

    def _load(self) -> None:
        query, log, position = self.search.query, self._log, self._after
        part = min(max(self._wanted - self.model.rowCount(), 1), _PART)
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: log.log_page(query, position, part),
            self._show,
            owner=self,
        )
        self._say()

    def _show(self, page: LogPage) -> None:
        self._job = None
        first = self.model.rowCount() == 0
        self.model.append(page.entries)
        self._after, self._complete = page.after, page.after is None
        self._back_to = page.back_to
        if first and page.entries:
            self.table.selectRow(0)
        if not self._complete and self.model.rowCount() < self._wanted:
            self._load()
            return
        self._wanted = self.model.rowCount()
        self.bar.set_loading(False)
        if self.search.query.run is not None:
            self.life.show_entries(self.model.entries)
        self._say()

    def _stop(self) -> None:
        if self._exporting is not None:
            self._exporting.set()
            return
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._wanted = self.model.rowCount()
            self.bar.set_loading(False)
            self._say()

    def _more(self) -> None:
        if self._job is None and not self._complete and self._begun:
            self._wanted = self.model.rowCount() + _PART
            self._load()

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if bar.maximum() and value > bar.maximum() - self.table.viewport().height():
            self._more()
        if value == 0 and self._unread:
            self._unread = 0
            self._say()

    def _look_for_news(self) -> None:
        """Reads from the top until something is met that is shown already."""
        if self._news_job is not None or not self._begun:
            self._behind = True
            return
        self._behind = False
        query, log = self.search.query, self._log
        known = {entry.key for entry in self.model.entries[:_MOST_NEWS]}

        def read() -> tuple[list[LogEntry], bool]:
            found: list[LogEntry] = []
            position: Position | None = None
            while len(found) < _MOST_NEWS:
                page = log.log_page(query, position, _PART)
                for entry in page.entries:
                    if entry.key in known:
                        return found, True
                    found.append(entry)
                position = page.after
                if position is None or (not page.entries and not known):
                    return found, True
                if page.back_to is not None:
                    # So far back nothing is new: what is shown was found further up.
                    return found, True
            return found, False

        self._news_job = self._background.read_then(
            read, self._show_news, owner=self, finished=self._news_read
        )

    def _news_read(self) -> None:
        self._news_job = None

    def _show_news(self, news: tuple[list[LogEntry], bool]) -> None:
        found, meets = news
        if not meets:
            self._search(self.search.query)
            return
        bar = self.table.verticalScrollBar()
        at = bar.value()
        was_first = self.table.currentIndex().row() == 0 and at == 0
        number = self.model.prepend(found)
        if number:
            if at:
                # What is read stays where it is.
                bar.setValue(at + number * self.table.rowHeight(0))
                self._unread += number
            elif was_first and self.entry.entry is None:
                self.table.selectRow(0)
            self._wanted = max(self._wanted, self.model.rowCount())
            if self.search.query.run is not None:
                self.life.show_entries(self.model.entries)
        self._say()
        if self._behind:
            self._look_for_news()

    def _load_authors(self) -> None:
        self._background.read_then(self._log.log_authors, self.search.offer_authors, owner=self)

    # Saying

    def _say(self) -> None:
        """How much is shown, how far back was looked, what is new above."""
        if self._exporting is not None:
            return
        number = self.model.rowCount()
        looking = self._job is not None
        back = self._back_to
        far = "" if back is None else f"; looked back to {back.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        shown = _entries(number)
        if looking:
            text = f"Looking ... {shown}{far}"
        elif self._complete:
            text = f"{shown}, all there are"
        else:
            text = f"The newest {shown}{far}"
        self.told.setText(text if number or looking or back is not None else "")
        self.stop.setVisible(looking and back is not None)
        self.go_on.setText("Load older" if back is None else "Look further back")
        self.go_on.setVisible(not looking and not self._complete and self._begun)
        self.news.setVisible(bool(self._unread))
        self.news.setText(f"{_entries(self._unread, 'new ')} above")
        if number:
            self.table.say("")
        elif looking:
            self.table.say("Looking ..." if back is None else f"Nothing yet{far}.")
        elif self._complete:
            self.table.say("Nothing in the log is like that.")
        else:
            self.table.say(f"Nothing so far{far}. Look further back, or look for something else.")

    # Reactions

    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        entry = self.model.entry(current.row()) if current.isValid() else None
        self.life.mark(None if entry is None else entry.key)
        self.entry.show_entry(entry)

    def _choose(self, source: Source, number: int) -> None:
        row = self.model.row_of((source, number))
        if row is not None:
            self.table.selectRow(row)
            give_keys(self.table)

    def _open(self, row: int) -> None:
        entry = self.model.entry(row)
        if entry.source is Source.GOLDEN:
            self.golden_wanted.emit(entry.number)
        elif entry.subjects:
            run_number, dataset = entry.subjects[0]
            self.run_wanted.emit(run_number, dataset or ONLINE)

    def _live_of_subject(self, *, dataset: bool) -> None:
        subject = self.subject()
        if subject is not None:
            self.show_life(subject.run_number, subject.dataset if dataset else "")

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
            add("golden", "Show it", lambda: self.golden_wanted.emit(entry.number))
        for run_number in dict.fromkeys(each.run_number for each in entry.subjects):
            add("history", f"Whole life of run {run_number}", partial(self.show_life, run_number))
        for subject in entry.subjects:
            if subject.dataset not in {"", ONLINE}:
                add(
                    "history",
                    f"Whole life of {subject.dataset} of run {subject.run_number}",
                    partial(self.show_life, *subject),
                )
        if entry.author:
            name = entry.author.removeprefix("auto@auto - ")
            add("person", f"All by {name}", lambda: self.search.show_query(LogQuery(author=name)))
        add("copy", "Copy", self.table.copy)
        menu.popup(self.table.viewport().mapToGlobal(point))

    def _ask_where(self) -> QFileDialog:
        dialog = QFileDialog(self.window(), "Export the log")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["CSV (*.csv)", "JSON (*.json)"])
        dialog.setDefaultSuffix("csv")
        # Its own question would start a second event loop inside this one.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile("log.csv")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix("json" if "json" in chosen else "csv")
        )
        dialog.fileSelected.connect(lambda file: self.export(Path(file)))
        dialog.open()
        return dialog

    def _write(self, file: Path) -> None:
        log, query = self._log, self.search.query
        self._exporting = stopped = threading.Event()

        def write() -> str | None:
            return log.export_log(query, file, self._export_told.emit, stopped.is_set)

        def finish() -> None:
            self._exporting = None
            self.search.export.setEnabled(True)
            self._say()

        def tell(text: str | None) -> None:
            self._notices.tell(text or "The export was stopped: no file was written.")

        self.search.export.setEnabled(False)
        self._show_export("begins")
        self._background.act_then(write, tell, owner=self, finished=finish)

    def _show_export(self, text: str) -> None:
        if self._exporting is not None:
            self.told.setText(f"Export: {text}")
            self.stop.show()

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
        foot.addWidget(self.told, 1)
        foot.addWidget(self.news)
        foot.addWidget(self.stop)
        foot.addWidget(self.go_on)
        top = QWidget()
        top.setObjectName("pane")
        inside = QVBoxLayout(top)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.life)
        inside.addWidget(self.table, 1)
        inside.addLayout(foot)
        self.life.hide()
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
        self.search.export.clicked.connect(self._ask_where)
        self._export_told.connect(self._show_export)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.life.entry_chosen.connect(self._choose)
        self.entry.undo_wanted.connect(self.undo_wanted)
        self.entry.subject_wanted.connect(self.run_wanted)
        self.entry.life_wanted.connect(self.show_life)
        self.entry.golden_wanted.connect(self.golden_wanted)
        self.news.clicked.connect(self._top)
        self.stop.clicked.connect(self._stop)
        self.go_on.clicked.connect(self._more)
        self._splitter.splitterMoved.connect(
            lambda: self._remembered.setValue("log/splitter", self._splitter.saveState())
        )
        self._themes.changed.connect(self._dress)
        for key, handler in (
            (Qt.Key.Key_Slash, self.focus_search),
            (Qt.Key.Key_Escape, self._stop),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(handler)

    def _dress(self, theme: Theme) -> None:
        self.model.set_theme(theme)
        self.news.setIcon(theme.icon("refresh"))


def _entries(number: int, which: str = "") -> str:
    return f"{words.number(number)} {which}{'entry' if number == 1 else 'entries'}"
