"""History of a selection, a dataset or a run: versions with their lumisections drawn, and what
the chosen one changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, format_ranges
from app.services.acting import Acting
from app.services.history.look import HistorySubject, history_of
from app.views.background import Background, Work
from app.views.changes.changes_table import ChangesTable
from app.views.changes.history_axis import AxisHeader, LaneDelegate, last_lumisection
from app.views.history.versions_model import (
    BY,
    COMMENT,
    LANE,
    VERSION,
    WHAT,
    WHEN,
    PreparedEntry,
    VersionsModel,
    prepare_entry,
)
from app.views.looks.theme import STEP, Theme, Themes
from app.views.rights import nothing_here, offer
from app.views.widgets.dimmer import Dimmer
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label
from app.views.widgets.tables.copying import copy_selected
from app.views.widgets.tables.plain_table import PlainTable

_SETTLE_MS = 120
_LEAST_LANE = 240
_WIDTHS = {WHEN: 150, BY: 190, WHAT: 330, COMMENT: 220, VERSION: 80}
_PARTS = [320, 200]

Loaded = tuple[list[PreparedEntry], int | None]


class Scope(StrEnum):
    """What the history is of."""

    SELECTION = "Selection"
    DATASET = "Dataset"
    RUN = "Run"


@dataclass(frozen=True, slots=True)
class DatasetInFront:
    """The dataset in front, with `length` lumisections, and the cells that are selected there."""

    run_number: int
    dataset: str
    length: int = 1
    keys: tuple[str, ...] = ()
    ranges: tuple[LumiRange, ...] = ()


class HistoryPanel(QWidget):
    """Versions of the dataset in front, its run or its selected cells, the newest first.

    Signals: `undo_wanted(version)`; `moment_wanted(version)` to see the grid as it was after it;
    `comparison_wanted(old, new)`, new None for now; `line_entered(ChangeLine)`.
    """

    undo_wanted = Signal(int)
    moment_wanted = Signal(int)
    comparison_wanted = Signal(int, object)
    line_entered = Signal(object)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._themes = themes
        self._dataset: DatasetInFront | None = None
        self._scope = Scope.DATASET
        self._shown: HistorySubject | None = None
        self._loading = Work(background, self)
        self._loading_older = Work(background, self)
        self.scopes = {scope: QToolButton() for scope in Scope}
        self._scope_group = QButtonGroup(self)
        self.of = Label()
        self.of.setProperty("role", "muted")
        self.of.setMinimumWidth(1)
        self.undo_button = QPushButton("Undo...")
        self.moment_button = QPushButton("As of")
        self.compare_button = QPushButton("Compare with now")
        self.bar = LoadingBar(themes)
        self.model = VersionsModel(self)
        self.table = PlainTable("History")
        self.table.setModel(self.model)
        self._lanes = LaneDelegate(themes.theme, self.table)
        self.changes = ChangesTable(themes, "What the version changed")
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self._connect()
        self._apply_theme(themes.theme)
        self._chosen_changed()

    @property
    def scope(self) -> Scope:
        """What the history is of."""
        return self._scope

    @property
    def chosen(self) -> list[PreparedEntry]:
        """The versions that are selected, the newest first."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.model.entry(row) for row in rows]

    def show_dataset(self, dataset: DatasetInFront | None) -> None:
        """Another dataset or selection is in front; its history loads once the panel is visible."""
        before, self._dataset = self._dataset, dataset
        if dataset is None:
            self._loading.drop()
            self._loading_older.drop()
            self._show_nothing()
            return
        if before is None or (before.run_number, before.dataset) != (
            dataset.run_number,
            dataset.dataset,
        ):
            self._shown = None
            if before is not None:
                self.dimmer.dim()
        self._lanes.set_length(max(dataset.length, self._lanes.length))
        self.scopes[Scope.SELECTION].setEnabled(bool(dataset.keys))
        if self.isVisible():
            self._settle.start()

    def set_scope(self, scope: Scope) -> None:
        """Shows the history of the selection, the dataset or the run."""
        if scope is not self._scope:
            self.dimmer.dim()
        self._scope = scope
        self.scopes[scope].setChecked(True)
        self._load()

    def refresh(self) -> None:
        """Puts new versions on top."""
        subject = self._subject()
        if subject is None or subject != self._shown:
            self._shown = None
        elif self.isVisible():
            self._loading.renew(lambda: self._load_new(subject))

    # Making

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        top.setSpacing(STEP)
        tips = {
            Scope.SELECTION: "History of the selected cells (H)",
            Scope.DATASET: "History of this dataset",
            Scope.RUN: "History of the run and all its datasets",
        }
        for scope, button in self.scopes.items():
            button.setText(scope.value)
            button.setCheckable(True)
            button.setToolTip(tips[scope])
            self._scope_group.addButton(button)
            top.addWidget(button)
        self.scopes[self._scope].setChecked(True)
        top.addSpacing(2 * STEP)
        top.addWidget(self.of, 1)
        for each in (self.compare_button, self.moment_button, self.undo_button):
            each.setAutoDefault(False)
            top.addWidget(each)
        self.undo_button.setToolTip("Undo the chosen version where its values are still in force")
        self.table.setHorizontalHeader(AxisHeader(LANE, self._lanes, self.table))
        self.table.setItemDelegateForColumn(LANE, self._lanes)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(self.changes)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        self.dimmer = Dimmer(splitter, self._themes, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        layout.addWidget(splitter, 1)

    def _connect(self) -> None:
        for scope, button in self.scopes.items():
            button.clicked.connect(lambda _checked, scope=scope: self.set_scope(scope))
        self._loading.running_changed.connect(self.bar.set_loading)
        self._settle.timeout.connect(self._load)
        self.model.more_wanted.connect(self._load_more)
        self.table.selectionModel().selectionChanged.connect(self._chosen_changed)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.resized.connect(self._share_width)
        self.table.entered.connect(lambda _row: self._as_of())
        self.undo_button.clicked.connect(self._undo)
        self.moment_button.clicked.connect(self._as_of)
        self.compare_button.clicked.connect(self._compare)
        self.changes.line_entered.connect(self.line_entered)
        self._themes.changed.connect(self._apply_theme)

    # Loading

    def _subject(self) -> HistorySubject | None:
        dataset = self._dataset
        if dataset is None:
            return None
        if self._scope is Scope.RUN:
            return HistorySubject(dataset.run_number)
        if self._scope is Scope.SELECTION and dataset.keys:
            return HistorySubject(dataset.run_number, dataset.dataset, dataset.keys, dataset.ranges)
        return HistorySubject(dataset.run_number, dataset.dataset)

    def _load(self) -> None:
        subject = self._subject()
        if subject is None:
            return
        if subject == self._shown and not self._loading.is_running:
            self._loading.start(self._load_new(subject))
            return
        if self._shown is not None:
            self.dimmer.dim()
        self._shown = subject
        self._loading_older.drop()
        self._loading.start(self._load_newest(subject))

    async def _load_newest(self, subject: HistorySubject) -> None:
        """Shows the newest versions of another subject."""
        try:
            entries, before = await self._read(subject)
        except Refused as error:
            self._refuse(error)
            return
        self.dimmer.clear()
        self._name_subject(subject)
        chosen = [each.version for each in self.chosen]
        self._lanes.set_length(self._dataset.length if self._dataset is not None else 1)
        self._reach(entries)
        self.model.start(entries, before)
        self.table.say("" if entries else "No changes yet.")
        self._choose(chosen)

    async def _load_new(self, subject: HistorySubject) -> None:
        """Puts new versions on top of those that are shown."""
        try:
            entries, before = await self._read(subject)
        except Refused as error:
            self._refuse(error)
            return
        self.dimmer.clear()
        self._name_subject(subject)
        self._reach(entries)
        bar = self.table.verticalScrollBar()
        place, rows = bar.value(), self.model.rowCount()
        if self.model.renew(entries, before) and place:
            bar.setValue(place + self.model.rowCount() - rows)
        if not self.chosen:
            self._choose([])

    def _load_more(self, before: int) -> None:
        if self._shown is not None:
            self._loading_older.start(self._load_older(self._shown, before))

    async def _load_older(self, subject: HistorySubject, before: int) -> None:
        try:
            entries, older = await self._read(subject, before)
        except Refused:
            self.model.ask_again()
        else:
            self._reach(entries)
            self.model.extend(entries, older)

    async def _read(self, subject: HistorySubject, before: int | None = None) -> Loaded:
        acting = self._acting
        return await self._background.read(lambda: _prepared(acting, subject, before))

    def _reach(self, entries: Sequence[PreparedEntry]) -> None:
        """Makes the axis long enough for the dataset and for everything that was written."""
        length = max(self._lanes.length, last_lumisection([each.lane for each in entries]))
        if length != self._lanes.length:
            self._lanes.set_length(length)
            self.table.viewport().update()
        self.table.horizontalHeader().viewport().update()

    def _choose(self, versions: Sequence[int]) -> None:
        """Keeps the chosen version; chooses the newest where there is none."""
        rows = [row for each in versions if (row := self.model.row_of(each)) is not None]
        if not rows and self.model.rowCount():
            rows = [0]
        for row in rows[:1]:
            self.table.selectRow(row)
        self._chosen_changed()

    def _refuse(self, error: Refused) -> None:
        self._show_nothing()
        self.table.say(str(error))

    def _show_nothing(self) -> None:
        self._shown = None
        self.of.setText("")
        self.dimmer.clear()
        self.model.start([], None)
        self.changes.show_lines([], nothing="")
        self._chosen_changed()

    # What is chosen

    def _chosen_changed(self) -> None:
        chosen = self.chosen
        one = len(chosen) == 1
        offer(self.undo_button, nothing_here(self._acting), possible=one)
        self.moment_button.setEnabled(one)
        self.compare_button.setEnabled(one or len(chosen) == 2)
        if len(chosen) == 2:
            newer, older = (each.version for each in chosen)
            self.compare_button.setText("Compare the two")
            self.compare_button.setToolTip(f"What changed after version {older} up to {newer}")
        else:
            self.compare_button.setText("Compare with now")
            self.compare_button.setToolTip(
                "What changed since the chosen version; choose two to compare them (Ctrl+click)"
            )
        if one:
            self.moment_button.setText("As of then")
            self.moment_button.setToolTip(
                f"Show the whole grid as it was after version {chosen[0].version} (Enter)"
            )
            self.changes.show_lines(
                chosen[0].lines,
                length=self._lanes.length,
                nothing="It wrote the values that were there already.",
            )
        else:
            text = f"{counted(len(chosen), 'version')} chosen." if chosen else ""
            self.changes.show_lines([], nothing=text)

    def _undo(self) -> None:
        if len(self.chosen) == 1:
            self.undo_wanted.emit(self.chosen[0].version)

    def _as_of(self) -> None:
        if len(self.chosen) == 1:
            self.moment_wanted.emit(self.chosen[0].version)

    def _compare(self) -> None:
        chosen = self.chosen
        if len(chosen) == 1:
            self.comparison_wanted.emit(chosen[0].version, None)
        elif len(chosen) == 2:
            self.comparison_wanted.emit(chosen[1].version, chosen[0].version)

    def _open_menu(self, point: QPoint) -> None:
        chosen = self.chosen
        if not chosen:
            return
        theme = self._themes.theme
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        compare = QAction(theme.icon("history"), self.compare_button.text(), menu)
        compare.triggered.connect(self._compare)
        compare.setEnabled(self.compare_button.isEnabled())
        if len(chosen) == 1:
            version = chosen[0].version
            undo = QAction(theme.icon("undo"), f"Undo version {version}...", menu)
            undo.triggered.connect(self._undo)
            moment = QAction(theme.icon("history"), f"As of version {version}", menu)
            moment.triggered.connect(self._as_of)
            before = QAction(f"As of before version {version}", menu)
            before.triggered.connect(lambda: self.moment_wanted.emit(version - 1))
            menu.addActions([undo, moment, before])
        menu.addAction(compare)
        copy = QAction("Copy", menu)
        copy.triggered.connect(lambda: copy_selected(self.table))
        menu.addAction(copy)
        menu.popup(self.table.viewport().mapToGlobal(point))

    # Looks

    def _name_subject(self, subject: HistorySubject) -> None:
        if subject.keys:
            what = subject.keys[0] if len(subject.keys) == 1 else f"{len(subject.keys)} rows"
            where = f", LS {format_ranges(subject.ranges)}" if subject.ranges else ""
            text = f"{what}{where}"
        elif subject.dataset is not None:
            text = "run and online" if subject.dataset == ONLINE else subject.dataset
        else:
            text = "the run and all its datasets"
        self.of.setText(text)
        self.of.setToolTip(text)

    def _share_width(self) -> None:
        header = self.table.horizontalHeader()
        spare = self.table.viewport().width() - sum(_WIDTHS.values()) - _LEAST_LANE
        widths = dict(_WIDTHS)
        for column in (COMMENT, WHAT):
            if spare < 0:
                given = min(-spare, widths[column] - 120)
                widths[column] -= given
                spare += given
        for column, width in widths.items():
            header.resizeSection(column, width)
        header.resizeSection(LANE, _LEAST_LANE + max(spare, 0))

    def _apply_theme(self, theme: Theme) -> None:
        self._lanes.set_theme(theme)
        self.model.set_icons(theme.icon("person"), theme.icon("sync"))
        self.undo_button.setIcon(theme.icon("undo"))
        self.moment_button.setIcon(theme.icon("history"))
        self.table.viewport().update()
        self.table.horizontalHeader().viewport().update()

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._settle.start()


def _prepared(acting: Acting, subject: HistorySubject, before: int | None) -> Loaded:
    page = history_of(acting, subject, before=before)
    return [prepare_entry(subject.run_number, each) for each in page.entries], page.before
