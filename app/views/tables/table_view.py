"""The table of runs or datasets: filter, sort, columns, live refresh, words when it is empty."""

import json
from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.filters import Node, Vocabulary
from app.views import words
from app.views.backend.tables import (
    Page,
    PageRequest,
    Row,
    SortBy,
    TableKind,
    Tables,
    WorkspaceColumns,
)
from app.views.background import Background, Job
from app.views.loading_bar import LoadingBar
from app.views.tables.cell_delegate import CellDelegate
from app.views.tables.column_chooser import ColumnChooser
from app.views.tables.columns import (
    Column,
    PreparedRow,
    default_columns,
    known_columns,
    prepare_row,
)
from app.views.tables.filter_line import FilterLine
from app.views.tables.table_model import BLOCK, TableModel
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes, tabular

_DIM_AFTER_MS = 250
_REFRESH_AFTER_MS = 150
_AROUND = 20

Prepared = tuple[Page, list[PreparedRow]]


class Table(QTableView):
    """The Qt view of a table; words in its middle when there are no rows."""

    entered_row = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = QLabel(self.viewport(), wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words.hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(tabular(self.font()))
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setFixedHeight(24)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def say(self, text: str) -> None:
        """Words in the middle; none when the text is empty."""
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def rows_in_sight(self) -> range:
        """Places of the rows that can be seen."""
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        model = self.model()
        count = model.rowCount() if model else 0
        return range(first, count if last < 0 else last + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_row.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.words.setGeometry(self.viewport().rect())


class TableView(QWidget):
    """A table with its filter line.

    Signals: `row_chosen(Row | None)` for the row under the cursor; `row_opened(Row)` by Enter or
    double click; `menu_wanted(QPoint)` (global) for the chosen row; `selection_changed()`.
    """

    row_chosen = Signal(object)
    row_opened = Signal(object)
    menu_wanted = Signal(object)
    selection_changed = Signal()

    def __init__(
        self,
        kind: TableKind,
        tables: Tables,
        background: Background,
        themes: Themes,
        remembered: QSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._kind: TableKind = kind
        self._tables = tables
        self._background = background
        self._themes = themes
        self._remembered = remembered
        self._workspace = WorkspaceColumns("global", ())
        self._vocabulary: Vocabulary | None = None
        self._filter: Node | None = None
        self._sort: tuple[SortBy, ...] = ()
        self._columns: tuple[Column, ...] = ()
        self._count = 0
        self._loaded = False
        self._replacing: Job[Prepared] | None = None
        self._renewing: Job[Prepared] | None = None
        self._filling: dict[int, Job[Prepared]] = {}
        self._renew_again = False
        self._arranging = False
        self._chosen_once = False

        self.model = TableModel(self)
        self.table = Table(self)
        self.table.setAccessibleName("Runs" if kind == "runs" else "Datasets")
        self.table.setModel(self.model)
        self._delegate = CellDelegate(themes.theme, self.table)
        self.table.setItemDelegate(self._delegate)
        self.filter = FilterLine(themes)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.significant = QToolButton()
        self.significant.setText("Significant")
        self.significant.setCheckable(True)
        self.significant.setToolTip("Show significant runs only")
        self.significant.setVisible(kind == "runs")
        self._choose = QToolButton()
        self._choose.setToolTip("Choose columns")
        self._choose.setAccessibleName("Choose columns")
        self.bar = LoadingBar(themes)
        self._lay_out()
        self._connect()
        self._dress(themes.theme)
        self.table.say("Loading ...")

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.filter, 1, Qt.AlignmentFlag.AlignTop)
        for each in (self.count, self.significant, self._choose):
            line.addWidget(each, 0, Qt.AlignmentFlag.AlignTop)
        self.count.setFixedHeight(26)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self._dim = QTimer(self, singleShot=True, interval=_DIM_AFTER_MS)
        self._dim.timeout.connect(lambda: self._set_dimmed(dimmed=True))
        self._soon = QTimer(self, singleShot=True, interval=_REFRESH_AFTER_MS)
        self._soon.timeout.connect(self._renew)
        self.filter.filter_changed.connect(self._set_filter)
        self.significant.toggled.connect(self._set_significant)
        self._choose.clicked.connect(self.choose_columns)
        self._themes.changed.connect(self._dress)
        self.model.rows_wanted.connect(self._fill)
        header = self.table.horizontalHeader()
        header.sectionClicked.connect(self._sort_by_section)
        header.sectionResized.connect(self._remember_layout)
        header.sectionMoved.connect(self._section_moved)
        header.customContextMenuRequested.connect(self._header_menu)
        self.table.entered_row.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self.table.selectionModel().currentRowChanged.connect(self._choose_row)
        self.table.selectionModel().selectionChanged.connect(self.selection_changed)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._row_menu)

    # What is shown

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor, if it is loaded."""
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    @property
    def workspace(self) -> str:
        """Name of the workspace whose columns are shown."""
        return self._workspace.name

    def selected(self) -> tuple[list[Row], int]:
        """The selected rows that are loaded, and how many more are selected."""
        places = [index.row() for index in self.table.selectionModel().selectedRows()]
        rows = [row for place in sorted(places) if (row := self.model.row_at(place)) is not None]
        return rows, len(places) - len(rows)

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Shows the columns of a workspace, as remembered for it, and loads."""
        self._workspace = workspace
        self._sort = self._remembered_sort()
        self._columns = self._remembered_columns()
        self.significant.blockSignals(True)  # loaded below, once
        self.significant.setChecked(
            bool(self._remembered.value(self._key("significant"), False, type=bool))
        )
        self.significant.blockSignals(False)
        self._replace()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """What can be filtered, and chosen as a column."""
        self._vocabulary = vocabulary
        self.filter.set_vocabulary(vocabulary)
        known = known_columns(vocabulary, self._defaults())
        wanted = self._remembered_ids()
        if wanted and [each.id for each in self._columns] != wanted:
            self._apply_columns([known[id_][0] for id_ in wanted if id_ in known])

    def refresh_soon(self) -> None:
        """Shows the present state; several wishes at once are one."""
        if not self._soon.isActive():
            self._soon.start()

    def choose_columns(self) -> None:
        """Opens the dialog."""
        defaults = self._defaults()
        known = (
            known_columns(self._vocabulary, defaults)
            if self._vocabulary
            else {each.id: (each, "") for each in defaults}
        )
        chooser = ColumnChooser(known, [each.id for each in self._columns], self.window())

        def choose(ids: Sequence[str]) -> None:
            self._remembered.setValue(self._key("columns"), json.dumps(list(ids)))
            columns = [known[id_][0] for id_ in ids] if ids else list(defaults)
            self._apply_columns(columns)

        chooser.chosen.connect(choose)
        chooser.open()

    # Loading

    def _request(self, offset: int, limit: int) -> PageRequest:
        return PageRequest(
            kind=self._kind,
            workspace=self._workspace.name,
            filter=self._filter,
            sort=self._sort,
            offset=offset,
            limit=limit,
            significant_only=self.significant.isChecked(),
        )

    def _load(self, offset: int, limit: int) -> Callable[[], Prepared]:
        request, columns, tables = self._request(offset, limit), self._columns, self._tables

        def load() -> Prepared:
            page = tables.page(request)
            return page, [prepare_row(row, columns) for row in page.rows]

        return load

    def _replace(self) -> None:
        """Loads another table from its first row on; until it is there, the old one is dimmed."""
        pending: list[Job[Prepared] | None] = [self._replacing, self._renewing]
        for job in [*pending, *self._filling.values()]:
            if job is not None:
                job.cancel()
        self._renewing = None
        self._filling.clear()
        self.bar.set_loading(True)
        self._dim.start()
        columns = self._columns
        self._replacing = self._background.read(
            self._load(0, BLOCK),
            lambda loaded: self._show_first(columns, loaded),
            owner=self,
            refused=self._refuse,
            finished=self._finish,
        )

    def _show_first(self, columns: tuple[Column, ...], loaded: Prepared) -> None:
        page, rows = loaded
        chosen = self.chosen
        self._replacing = None
        self._loaded = True
        self.model.start(columns, rows, page.count)
        self._arrange()
        self._tell_count(page)
        place = self.model.place_of((chosen.run_number, chosen.name)) if chosen else None
        if place is not None:
            self.table.selectRow(place)
        self._choose_first()

    def _fill(self, offset: int) -> None:
        if self._replacing is not None or offset in self._filling:
            return

        def show(loaded: Prepared) -> None:
            page, rows = loaded
            self.model.fill(offset, rows, page.count)
            self._tell_count(page)

        self._filling[offset] = self._background.read(
            self._load(offset, BLOCK),
            show,
            owner=self,
            refused=self._refuse,
            finished=lambda: self._filled(offset),
        )

    def _filled(self, offset: int) -> None:
        self._filling.pop(offset, None)

    def _renew(self) -> None:
        if self._replacing is not None or not self._loaded:
            return
        if self._renewing is not None:
            self._renew_again = True
            return
        seen = self.table.rows_in_sight()
        first = max(seen.start - _AROUND, 0)
        limit = min(max(len(seen) + 2 * _AROUND, BLOCK), 5 * BLOCK)

        def show(loaded: Prepared) -> None:
            self._show_renewed(first, loaded)

        def finish() -> None:
            self._renewing = None
            if self._renew_again:
                self._renew_again = False
                self.refresh_soon()

        self._renewing = self._background.read(
            self._load(first, limit), show, owner=self, refused=self._refuse, finished=finish
        )

    def _show_renewed(self, first: int, loaded: Prepared) -> None:
        page, rows = loaded
        bar = self.table.verticalScrollBar()
        at_top = bar.value() == 0
        horizontal = self.table.horizontalScrollBar().value()
        place = bar.value()
        moved = self.model.renew(first, rows, page.count)
        # Whoever reads further down goes on reading the same rows; at the top new runs appear.
        bar.setValue(0 if at_top else place + moved)
        self.table.horizontalScrollBar().setValue(horizontal)
        self._tell_count(page)
        if self.chosen is not None:
            self.row_chosen.emit(self.chosen)
        self._choose_first()

    def _choose_first(self) -> None:
        """Until a row was chosen once, the first one is."""
        if not self._chosen_once and self.model.row_at(0) is not None:
            self.table.selectRow(0)

    def _finish(self) -> None:
        self._replacing = None
        self.bar.set_loading(False)
        self._dim.stop()
        self._set_dimmed(dimmed=False)

    def _refuse(self, error: Refused) -> None:
        self.filter.refusal.setText(str(error))
        self.filter.refusal.show()

    def _tell_count(self, page: Page) -> None:
        self._count = page.count
        noun = "runs" if self._kind == "runs" else "datasets"
        self.count.setText(f"{words.number(page.count)}{'' if page.exact else '+'} {noun}")
        self.table.say("" if page.count else self._empty_words())

    def _empty_words(self) -> str:
        if self._filter is not None:
            return "Nothing matches the filter. Change it, or clear it to see everything."
        if self._kind == "datasets":
            return "No offline datasets yet: signing off a run makes those that it waits for."
        if self.significant.isChecked():
            return "No significant runs. Show all runs, and mark one significant from its menu."
        return "No runs yet: they appear here as OMS has them. See View, Sync for the puller."

    def _set_dimmed(self, *, dimmed: bool) -> None:
        self._delegate.dimmed = dimmed
        self.table.viewport().update()

    # Filter, sort, columns

    def _set_filter(self, node: Node | None) -> None:
        self._filter = node
        self._replace()

    def _set_significant(self, only: bool) -> None:
        self._remembered.setValue(self._key("significant"), only)
        self._replace()

    def _sort_by_section(self, section: int) -> None:
        field = self._columns[section].field
        descending = True
        if self._sort and self._sort[0].field == field:
            descending = not self._sort[0].descending
        self._sort = (SortBy(field, descending),)
        self._remembered.setValue(
            self._key("sort"), json.dumps([self._columns[section].id, descending])
        )
        self._replace()

    def _show_sort(self) -> None:
        header = self.table.horizontalHeader()
        section = -1
        if self._sort:
            fields = [each.field for each in self._columns]
            section = fields.index(self._sort[0].field) if self._sort[0].field in fields else -1
        header.setSortIndicatorShown(section >= 0)
        if section >= 0:
            order = Qt.SortOrder
            descending = self._sort[0].descending
            header.setSortIndicator(
                section, order.DescendingOrder if descending else order.AscendingOrder
            )

    def _defaults(self) -> tuple[Column, ...]:
        return default_columns(self._kind, self._workspace.name, self._workspace.columns)

    def _apply_columns(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns) or self._defaults()
        if self._loaded and self._replacing is None:
            chosen = self.table.currentIndex().row()
            place = self.table.verticalScrollBar().value()
            self.model.set_columns(self._columns)
            self._arrange()
            self.table.verticalScrollBar().setValue(place)
            if chosen >= 0:
                self.table.selectionModel().setCurrentIndex(
                    self.model.index(chosen, 0),
                    QItemSelectionModel.SelectionFlag.SelectCurrent
                    | QItemSelectionModel.SelectionFlag.Rows,
                )
        else:
            self._replace()

    def _arrange(self) -> None:
        """Widths as remembered; positions are the order of the columns."""
        self._arranging = True
        header = self.table.horizontalHeader()
        for section in range(header.count()):
            header.moveSection(header.visualIndex(section), section)
        widths = self._remembered_widths()
        for section, each in enumerate(self._columns):
            self.table.setColumnWidth(section, widths.get(each.id, each.width))
        self._show_sort()
        self._arranging = False

    def _remember_layout(self) -> None:
        if self._arranging:
            return
        header = self.table.horizontalHeader()
        sections = [header.logicalIndex(place) for place in range(header.count())]
        ids = [self._columns[section].id for section in sections]
        widths = self._remembered_widths()
        widths |= {
            each.id: header.sectionSize(section) for section, each in enumerate(self._columns)
        }
        self._remembered.setValue(self._key("columns"), json.dumps(ids))
        self._remembered.setValue(self._key("widths"), json.dumps(widths))

    def _section_moved(self) -> None:
        if self._arranging:
            return
        self._remember_layout()
        header = self.table.horizontalHeader()
        moved = [self._columns[header.logicalIndex(place)] for place in range(header.count())]
        # Not inside the header's own signal: the header is in the middle of moving.
        QTimer.singleShot(0, self, lambda: self._apply_columns(moved))

    def _key(self, name: str) -> str:
        return f"{self._kind}/{self._workspace.name}/{name}"

    def _remembered_json(self, name: str) -> object:
        try:
            return json.loads(str(self._remembered.value(self._key(name), "null")))
        except ValueError:  # a file that somebody edited
            return None

    def _remembered_ids(self) -> list[str]:
        ids = self._remembered_json("columns")
        return [each for each in ids if isinstance(each, str)] if isinstance(ids, list) else []

    def _remembered_widths(self) -> dict[str, int]:
        widths = self._remembered_json("widths")
        if not isinstance(widths, dict):
            return {}
        return {str(id_): width for id_, width in widths.items() if isinstance(width, int)}

    def _remembered_columns(self) -> tuple[Column, ...]:
        known = {each.id: each for each in self._defaults()}
        if self._vocabulary is not None:
            found = known_columns(self._vocabulary, self._defaults())
            known = {id_: each for id_, (each, _) in found.items()}
        return tuple(known[id_] for id_ in self._remembered_ids() if id_ in known) or (
            self._defaults()
        )

    def _remembered_sort(self) -> tuple[SortBy, ...]:
        sort = self._remembered_json("sort")
        if not isinstance(sort, list) or len(sort) != 2:
            return ()
        fields = {each.id: each.field for each in self._remembered_columns()}
        field = fields.get(str(sort[0]))
        return (SortBy(field, sort[1] is True),) if field else ()

    # Rows and menus

    def _choose_row(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self._chosen_once |= self.chosen is not None
        self.row_chosen.emit(self.chosen)

    def _open(self, place: int) -> None:
        row = self.model.row_at(place)
        if row is not None:
            self.row_opened.emit(row)

    def _row_menu(self, point: QPoint) -> None:
        if self.chosen is not None:
            self.menu_wanted.emit(self.table.viewport().mapToGlobal(point))

    def _header_menu(self, point: QPoint) -> None:
        section = self.table.horizontalHeader().logicalIndexAt(point)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if 0 <= section < len(self._columns):
            hide = QAction(f"Hide {self._columns[section].title}", menu)
            hide.triggered.connect(lambda: self._hide(section))
            menu.addAction(hide)
        choose = QAction("Choose columns...", menu)
        choose.triggered.connect(self.choose_columns)
        menu.addAction(choose)
        menu.popup(self.table.horizontalHeader().mapToGlobal(point))

    def _hide(self, section: int) -> None:
        columns = [each for place, each in enumerate(self._columns) if place != section]
        self._remembered.setValue(self._key("columns"), json.dumps([each.id for each in columns]))
        self._apply_columns(columns)

    def _dress(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self._choose.setIcon(theme.icon("columns"))
        self.significant.setIcon(theme.icon("significant"))
        self.significant.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.table.viewport().update()
