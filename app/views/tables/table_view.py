"""The table of runs or datasets: filter, sort, columns, live refresh, words when it is empty."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.datasets import state_key
from app.domain.errors import Refused
from app.domain.filters import Field, Node, Source, Vocabulary
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Chosen, Page, Row, Sort, TableKind, TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.views import words
from app.views.background import Background, Job
from app.views.selection import Selection
from app.views.tables.cell_delegate import CellDelegate
from app.views.tables.column_chooser import ColumnChooser
from app.views.tables.columns import (
    Column,
    PreparedRow,
    default_columns,
    known_columns,
    other_states,
    prepare_row,
)
from app.views.tables.dataset_groups import DatasetGroup
from app.views.tables.filter_line import FilterLine
from app.views.tables.memory import TableMemory
from app.views.tables.saved_filters import SavedFilters
from app.views.tables.table import Table
from app.views.tables.table_model import BLOCK, TableModel
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_DIM_AFTER_MS = 250
_REFRESH_AFTER_MS = 150
_AROUND = 20

Prepared = tuple[Page, list[PreparedRow]]


class TableView(QWidget):
    """A table with its filter line.

    Signals: `row_chosen(Row | None)` for the row under the cursor; `row_opened(Row)` by Enter or
    double click; `menu_wanted(QPoint)` (global) for the chosen row; `selection_changed()`.
    `memory` is the name under which columns and filters are remembered. A table `of_cycle` is empty
    until it is told which.
    """

    row_chosen = Signal(object)
    row_opened = Signal(object)
    menu_wanted = Signal(object)
    selection_changed = Signal()

    def __init__(
        self,
        kind: TableKind,
        acting: Acting,
        background: Background,
        themes: Themes,
        remembered: QSettings,
        parent: QWidget | None = None,
        *,
        memory: str = "",
        of_cycle: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._kind: TableKind = kind
        self._acting = acting
        self._background = background
        self._themes = themes
        self._memory = TableMemory(remembered, memory or kind)
        self._group = DatasetGroup.ALL
        self._of_cycle = of_cycle
        self._cycle: int | None = None
        self._workspace = WorkspaceColumns("global", ())
        self._vocabulary: Vocabulary | None = None
        self._filter: Node | None = None
        self._sort: tuple[Sort, ...] = ()
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
        self.count = Label()
        self.count.setProperty("role", "muted")
        self.significant = QToolButton()
        self.significant.setText("Significant")
        self.significant.setCheckable(True)
        self.significant.setToolTip("Show significant runs only")
        self.significant.setVisible(kind == "runs")
        self.groups = QButtonGroup(self)
        self.states = QToolButton()
        self.states.setText("States")
        self.states.setCheckable(True)
        self.states.setToolTip("Show the states in all workspaces as columns")
        self.states.setVisible(kind == "datasets")
        self.saved = SavedFilters(self._memory, lambda: self.filter.text, self)
        self._saved = QToolButton()
        self._saved.setToolTip("Saved filters")
        self._saved.setAccessibleName("Saved filters")
        self._saved.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._saved.setMenu(self.saved.menu)
        self._choose = QToolButton()
        self._choose.setToolTip("Choose columns")
        self._choose.setAccessibleName("Choose columns")
        self.bar = LoadingBar(themes)
        self._lay_out()
        self._connect()
        self._dress(themes.theme)
        self.table.say("Loading ...")
        if not of_cycle and (filter_before := self._memory.filter()):
            self.filter.set_text(filter_before)

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        for place, group in enumerate(self._offered_groups):
            button = QToolButton()
            button.setText(group.title)
            button.setToolTip(group.tip)
            button.setCheckable(True)
            button.setChecked(group is self._group)
            self.groups.addButton(button, place)
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.filter, 1, Qt.AlignmentFlag.AlignTop)
        for each in (self._saved, self.count, self.significant, self.states, self._choose):
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
        self.groups.idClicked.connect(lambda place: self.show_group(list(DatasetGroup)[place]))
        self.states.clicked.connect(self._show_states)
        self.saved.chosen.connect(self.filter.set_text)
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
    def kind(self) -> TableKind:
        """Runs or datasets."""
        return self._kind

    @property
    def workspace(self) -> str:
        """Name of the workspace whose columns are shown."""
        return self._workspace.name

    @property
    def _offered_groups(self) -> tuple[DatasetGroup, ...]:
        return tuple(DatasetGroup) if self._kind == "datasets" and not self._of_cycle else ()

    @property
    def group(self) -> DatasetGroup:
        """Which part of the datasets is shown."""
        return self._group

    def selected(self) -> tuple[list[Row], list[int]]:
        """The selected rows that are loaded, and the places of those that aren't."""
        # By stretches: with everything selected an index for each row would take long.
        chosen = self.table.selectionModel().selection()
        stretches = [chosen.at(place) for place in range(chosen.count())]
        places = sorted({row for each in stretches for row in range(each.top(), each.bottom() + 1)})
        rows: list[Row] = []
        missing: list[int] = []
        for place in places:
            row = self.model.row_at(place)
            if row is None:
                missing.append(place)
            else:
                rows.append(row)
        return rows, missing

    def selection(self) -> Selection | None:
        """The selected datasets, loaded or not, and all that the table shows; None while empty."""
        if not self._count:
            return None
        rows, missing = self.selected()
        query, key = self._query(0, BLOCK), state_key(self.workspace)
        states = {
            (row.run_number, row.name): str(row.dataset_attributes.get(key) or "") for row in rows
        }
        return Selection(
            self.workspace,
            Chosen(query, tuple(states), tuple(missing)),
            len(rows) + len(missing),
            states,
            Chosen(query, everything=True),
            self._count,
            self._workspace.columns,
            self._group is DatasetGroup.HIDDEN,
        )

    def show_group(self, group: DatasetGroup) -> None:
        """Shows another part of the datasets."""
        self.groups.button(list(DatasetGroup).index(group)).setChecked(True)
        if group is not self._group:
            self._group = group
            self._memory.keep_choice("group", group.title)
            self._replace()

    def show_cycle(self, id_cycle: int) -> None:
        """Shows the datasets of a cycle."""
        if id_cycle != self._cycle:
            self._cycle = id_cycle
            self._replace()

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Shows the columns of a workspace, as remembered for it, and loads."""
        self._workspace = workspace
        self._memory.workspace = workspace.name
        self._sort = self._remembered_sort()
        self._columns = self._remembered_columns()
        self.significant.blockSignals(True)  # loaded below, once
        self.significant.setChecked(self._memory.switched("significant"))
        self.significant.blockSignals(False)
        if self._offered_groups:
            group = self._memory.choice("group")
            self._group = next((each for each in DatasetGroup if each.title == group), self._group)
            self.groups.button(list(DatasetGroup).index(self._group)).setChecked(True)
        self._replace()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """What can be filtered, and chosen as a column."""
        self._vocabulary = vocabulary
        self.filter.set_vocabulary(vocabulary)
        known = known_columns(vocabulary, self._defaults())
        wanted = self._memory.ids()
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
            self._memory.keep_ids(ids)
            columns = [known[id_][0] for id_ in ids] if ids else list(defaults)
            self._apply_columns(columns)

        chooser.chosen.connect(choose)
        chooser.open()

    # Loading

    def _query(self, offset: int, limit: int) -> TableQuery:
        return TableQuery(
            kind=self._kind,
            workspace=self._workspace.name,
            filter=self._filter,
            sort=self._sort,
            offset=offset,
            limit=limit,
            significant_only=self.significant.isChecked(),
            states=self._group.states,
            only_hidden=self._group is DatasetGroup.HIDDEN,
            cycle=self._cycle,
        )

    def _load(self, offset: int, limit: int) -> Callable[[], Prepared]:
        query, columns, acting = self._query(offset, limit), self._columns, self._acting

        def load() -> Prepared:
            page = tables.page(acting, query)
            return page, [prepare_row(row, columns) for row in page.rows]

        return load

    def _replace(self) -> None:
        """Loads another table from its first row on; until it is there, the old one is dimmed."""
        if self._of_cycle and self._cycle is None:
            return
        pending: list[Job[Prepared] | None] = [self._replacing, self._renewing]
        for job in [*pending, *self._filling.values()]:
            if job is not None:
                job.cancel()
        self._renewing = None
        self._filling.clear()
        self.bar.set_loading(True)
        self._dim.start()
        columns = self._columns
        self._replacing = self._background.read_then(
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

        self._filling[offset] = self._background.read_then(
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

        self._renewing = self._background.read_then(
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
        if self._group.empty:
            return self._group.empty
        if self._cycle is not None:
            return "No dataset is left in this cycle: add some from the offline place."
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
        self._memory.keep_filter(self.filter.text.strip())
        self._replace()

    def _set_significant(self, only: bool) -> None:
        self._memory.keep_switched("significant", on=only)
        self._replace()

    def _sort_by_section(self, section: int) -> None:
        field = self._columns[section].field
        descending = True
        if self._sort and self._sort[0].field == field:
            descending = not self._sort[0].descending
        self._sort = (Sort(field, descending),)
        self._memory.keep_sort(self._columns[section].id, descending=descending)
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
        self._tick_states()
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
        widths = self._memory.widths()
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
        widths = self._memory.widths()
        widths |= {
            each.id: header.sectionSize(section) for section, each in enumerate(self._columns)
        }
        self._memory.keep_ids(ids)
        self._memory.keep_widths(widths)

    def _section_moved(self) -> None:
        if self._arranging:
            return
        self._remember_layout()
        header = self.table.horizontalHeader()
        moved = [self._columns[header.logicalIndex(place)] for place in range(header.count())]
        # Not inside the header's own signal: the header is in the middle of moving.
        QTimer.singleShot(0, self, lambda: self._apply_columns(moved))

    def _remembered_columns(self) -> tuple[Column, ...]:
        known = {each.id: each for each in self._defaults()}
        if self._vocabulary is not None:
            found = known_columns(self._vocabulary, self._defaults())
            known = {id_: each for id_, (each, _) in found.items()}
        return tuple(known[id_] for id_ in self._memory.ids() if id_ in known) or (self._defaults())

    def _remembered_sort(self) -> tuple[Sort, ...]:
        sort = self._memory.sort()
        if sort is None:
            return ()
        fields = {each.id: each.field for each in self._remembered_columns()}
        field = fields.get(sort[0])
        return (Sort(field, sort[1]),) if field else ()

    # States in the other workspaces

    def _other_states(self) -> list[Column]:
        return other_states(self._vocabulary, self._workspace.name) if self._vocabulary else []

    def _show_states(self, shown: bool) -> None:
        others = {each.id: each for each in self._other_states()}
        columns = [each for each in self._columns if each.id not in others]
        if shown:
            own = Field(Source.DATASET, state_key(self._workspace.name))
            fields = [each.field for each in columns]
            at = fields.index(own) + 1 if own in fields else len(columns)
            columns[at:at] = others.values()
        self._memory.keep_ids([each.id for each in columns])
        self._apply_columns(columns)

    def _tick_states(self) -> None:
        others = {each.id for each in self._other_states()}
        self.states.setChecked(any(each.id in others for each in self._columns))

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
        self._memory.keep_ids([each.id for each in columns])
        self._apply_columns(columns)

    def _dress(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self._choose.setIcon(theme.icon("columns"))
        self._saved.setIcon(theme.icon("filter"))
        self.significant.setIcon(theme.icon("significant"))
        self.significant.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.table.viewport().update()
