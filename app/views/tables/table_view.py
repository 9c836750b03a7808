"""The table of runs or datasets with its filter line, and a text when it is empty."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.certification.datasets import state_key
from app.domain.filters import Node, Vocabulary, hints
from app.domain.links import ListLink
from app.services.acting import Acting
from app.services.certification.tables import Chosen, Page, Row, TableKind, TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import Theme, Themes
from app.views.selection import Selection
from app.views.tables.cell_delegate import CellDelegate
from app.views.tables.column_layout import ColumnLayout
from app.views.tables.columns import Column
from app.views.tables.copied_rows import CopiedRows
from app.views.tables.dataset_groups import DatasetGroup
from app.views.tables.filter_builder import FilterBuilder
from app.views.tables.memory import TableMemory
from app.views.tables.newest_row import NewestRow
from app.views.tables.table import Table
from app.views.tables.table_line import TableLine
from app.views.tables.table_loader import Block, TableLoader
from app.views.tables.table_model import BLOCK, TableModel
from app.views.widgets.loading_bar import LoadingBar

if TYPE_CHECKING:
    from app.domain.recipes import ListAsked

_DIM_AFTER_MS = 250


class TableView(QWidget):
    """A table with its filter line.

    Signals: `row_chosen(Row | None)` for the row under the cursor, None when there are no rows;
    `row_lost()` when the chosen row is no longer among them; `row_opened(Row)` by Enter or double
    click; `menu_wanted(QPoint)` (global) for the chosen row; `selection_changed()`.
    `memory` is the name under which columns and filters are remembered. A table `of_cycle` is empty
    until `show_cycle` says which.
    """

    row_chosen = Signal(object)
    row_lost = Signal()
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
        self._themes = themes
        self._memory = TableMemory(remembered, memory or kind)
        self._of_cycle = of_cycle
        self._cycle: int | None = None
        self._filter: Node | None = None
        self._page = Page((), 0, exact=True)
        self._was_chosen = False

        self.model = TableModel(self)
        self.table = Table(self)
        self.table.setAccessibleName("Runs" if kind == "runs" else "Datasets")
        self.table.setModel(self.model)
        self.newest = NewestRow(self.table, self.model)
        self._delegate = CellDelegate(themes.theme, self.table)
        self.table.setItemDelegate(self._delegate)
        self._layout = ColumnLayout(kind, self.table, self._memory)
        self._loader = TableLoader(
            acting, background, self._query, lambda: self.columns, self.table.rows_in_sight, self
        )
        CopiedRows(self.table, self.model, self._loader, background, self)
        self.line = TableLine(kind, themes, self._memory, lambda: self.view, of_cycle=of_cycle)
        self.filter = self.line.filter
        self.bar = LoadingBar(themes)
        self._lay_out()
        self._connect()
        self._apply_theme(themes.theme)
        self.table.say("Loading ...")
        if not of_cycle and (filter_before := self._memory.filter()):
            self.filter.set_text(filter_before)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.line)
        layout.addWidget(self.bar)
        layout.addWidget(self.table, 1)
        QWidget.setTabOrder(self.line.choose, self.table)

    def _connect(self) -> None:
        self._dim = QTimer(self, singleShot=True, interval=_DIM_AFTER_MS)
        self._dim.timeout.connect(lambda: self._set_dimmed(dimmed=True))
        self._loader.replacing_changed.connect(self._show_replacing)
        self._loader.replaced.connect(self._show_first)
        self._loader.filled.connect(self._show_more)
        self._loader.renewed.connect(self._show_renewed)
        self._loader.counted.connect(self._show_number)
        self._loader.refused.connect(self._refuse)
        self._layout.columns_changed.connect(self._show_columns)
        self._layout.sort_changed.connect(self._replace)
        self.filter.filter_changed.connect(self._set_filter)
        self.line.narrowed.connect(self._replace)
        self.line.states_wanted.connect(self._layout.show_other_states)
        self.line.columns_wanted.connect(self.choose_columns)
        self.line.saved.build_wanted.connect(self.build_filter)
        self.line.saved.view_chosen.connect(self.show_view)
        self._themes.changed.connect(self._apply_theme)
        self.model.rows_wanted.connect(self._loader.fill)
        self.table.entered_row.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self.table.selectionModel().currentRowChanged.connect(self._choose_row)
        self.table.selectionModel().selectionChanged.connect(self.selection_changed)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._row_menu)

    # What is shown

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._layout.columns

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor, if it is loaded."""
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    @property
    def is_empty(self) -> bool:
        """Whether the table that is shown has no rows."""
        return self._loader.shows_rows and not self.model.rowCount()

    @property
    def kind(self) -> TableKind:
        """Runs or datasets."""
        return self._kind

    @property
    def workspace(self) -> str:
        """Name of the workspace whose columns are shown."""
        return self._layout.workspace.name

    def selected(self) -> tuple[list[Row], list[int]]:
        """The selected rows that are loaded, and the places of those that aren't."""
        # By stretches: with everything selected an index for each row would take long.
        chosen = self.table.selectionModel().selection()
        stretches = [chosen.at(number) for number in range(chosen.count())]
        places = sorted(
            {place for stretch in stretches for place in range(stretch.top(), stretch.bottom() + 1)}
        )
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
        if not self._page.count:
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
            self._page.count,
            self._layout.workspace.columns,
            self.line.group is DatasetGroup.HIDDEN,
        )

    def show_group(self, group: DatasetGroup) -> None:
        """Shows another part of the datasets."""
        self.line.show_group(group)

    @property
    def asked(self) -> "ListAsked":
        """What a script asks for to get the same list. BadInput where the filter has a mistake: the
        list is that of the filter before."""
        # Not above: only who makes a script of it needs it.
        from app.domain.recipes import ListAsked

        self.filter.check()
        return ListAsked(
            self._kind,
            self.filter.text.strip(),
            self._layout.sort_text,
            self.line.significant.isChecked(),
            self.workspace,
            self.line.group.states,
            self.line.group is DatasetGroup.HIDDEN,
        )

    @property
    def view(self) -> ListLink:
        """The table as it is seen."""
        ids = tuple(column.id for column in self.columns)
        return ListLink(
            "online" if self._kind == "runs" else "offline",
            self.filter.text.strip(),
            self.workspace,
            self.line.group.title if self.line.offered_groups else "",
            self.line.significant.isChecked(),
            self._layout.sort_text,
            ids,
        )

    def show_view(self, view: ListLink) -> None:
        """Shows the table as somebody else sees it. Refused where it has no such group."""
        if view.group:
            self.line.show_group_called(view.group)
        self.line.significant.setChecked(view.significant)
        self._layout.show_guest(view.columns, view.sort)
        if self.filter.text.strip() != view.filter_text:
            self.filter.set_text(view.filter_text)
        else:
            self._replace()

    def show_cycle(self, id_cycle: int) -> None:
        """Shows the datasets of a cycle."""
        if id_cycle != self._cycle:
            self._cycle = id_cycle
            self._replace()

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Shows the columns of a workspace, as remembered for it, and loads."""
        self._memory.workspace = workspace.name
        self._layout.show_workspace(workspace)
        self.line.states.setChecked(self._layout.shows_other_states)
        self.line.recall()
        self._replace()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Takes what can be filtered, and chosen as a column."""
        self.filter.set_vocabulary(vocabulary)
        self._layout.set_vocabulary(vocabulary)

    def refresh_soon(self) -> None:
        """Shows the present state; calls in quick succession are one."""
        self._loader.renew_soon()

    def build_filter(self) -> FilterBuilder:
        """Opens the filter as a tree of conditions."""
        builder = FilterBuilder(
            self.filter.text, self.filter.edit.vocabulary, self._themes, self.window()
        )
        builder.chosen.connect(self.filter.set_text)
        builder.open()
        return builder

    def choose_columns(self) -> None:
        """Opens the dialog for the columns."""
        self._layout.choose()

    # Loading

    def _query(self, offset: int, limit: int) -> TableQuery:
        return TableQuery(
            kind=self._kind,
            workspace=self.workspace,
            filter=self._filter,
            sort=self._layout.sort,
            offset=offset,
            limit=limit,
            significant_only=self.line.significant.isChecked(),
            states=self.line.group.states,
            only_hidden=self.line.group is DatasetGroup.HIDDEN,
            cycle=self._cycle,
        )

    def _replace(self) -> None:
        """Loads another table; until its rows are there, the old ones are dimmed."""
        if self._of_cycle and self._cycle is None:
            return
        self._loader.replace()

    def _show_replacing(self, replacing: bool) -> None:
        self.bar.set_loading(replacing)
        if replacing:
            self._dim.start()
        else:
            self._dim.stop()
            self._set_dimmed(dimmed=False)

    def _show_first(self, block: Block) -> None:
        chosen = self.chosen
        self.model.start(block.columns, block.rows, block.page.count)
        self._layout.arrange()
        self._show_count(block.page)
        place = self.model.place_of(chosen.key) if chosen else None
        # What is looked at is always a row of the list.
        if self.model.row_at(0) is not None:
            self.table.selectRow(place or 0)
        else:
            self.row_chosen.emit(None)

    def _show_more(self, block: Block) -> None:
        awaited = self.table.currentIndex().isValid() and self.chosen is None
        self.model.fill(block.offset, block.rows, block.page.count)
        self._show_count(block.page)
        if awaited and self.chosen is not None:
            self.row_chosen.emit(self.chosen)

    def _show_renewed(self, block: Block) -> None:
        bar = self.table.verticalScrollBar()
        at_top = bar.value() == 0
        horizontal = self.table.horizontalScrollBar().value()
        place = bar.value()
        top = self.model.row_at(0)
        moved = self.model.renew(block.offset, block.rows, block.page.count)
        # Whoever reads further down goes on reading the same rows; at the top new runs appear.
        bar.setValue(0 if at_top else place + moved)
        self.table.horizontalScrollBar().setValue(horizontal)
        self._show_count(block.page)
        self.newest.renewed(top)
        if self.chosen is not None:
            self.row_chosen.emit(self.chosen)
        elif not self._was_chosen and self.model.row_at(0) is not None:
            self.table.selectRow(0)
        elif not self.table.currentIndex().isValid():  # else it is there, but not in sight
            self.row_lost.emit()

    def _show_number(self, number: int) -> None:
        self.model.set_count(number)
        self._show_count(replace(self._page, count=number, exact=True))
        self.selection_changed.emit()

    def _refuse(self, text: str) -> None:
        self.filter.refusal.setText(text)
        self.filter.refusal.show()
        if not self._loader.shows_rows:
            self.table.say("Nothing could be read. What stands in the way is told above.")

    def _show_count(self, page: Page) -> None:
        self._page = page
        self.line.show_count(page)
        self.table.say("" if page.count else self._empty_text())

    def _empty_text(self) -> str:
        if self._filter is not None:
            said = "Nothing matches the filter. Change it, or clear it to see everything."
            return "\n".join((said, *hints(self._filter, of_datasets=self._kind == "datasets")))
        if self.line.group.empty:
            return self.line.group.empty
        if self._cycle is not None:
            return "This cycle has no datasets. Add some in Offline."
        return _nothing_yet(self._kind, significant_only=self.line.significant.isChecked())

    def _set_dimmed(self, *, dimmed: bool) -> None:
        self._delegate.dimmed = dimmed
        self.table.viewport().update()

    # Filter and columns

    def _set_filter(self, node: Node | None) -> None:
        self._filter = node
        self._memory.keep_filter(self.filter.text.strip())
        self._replace()

    def _show_columns(self) -> None:
        self.line.states.setChecked(self._layout.shows_other_states)
        if not self._loader.shows_rows:
            self._replace()
            return
        chosen = self.table.currentIndex().row()
        place = self.table.verticalScrollBar().value()
        self.model.set_columns(self.columns)
        self._layout.arrange()
        self.table.verticalScrollBar().setValue(place)
        if chosen >= 0:
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(
                self.model.index(chosen, 0), flags.SelectCurrent | flags.Rows
            )

    # Rows

    def _choose_row(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self._was_chosen |= self.chosen is not None
        self.row_chosen.emit(self.chosen)

    def _open(self, place: int) -> None:
        row = self.model.row_at(place)
        if row is not None:
            self.row_opened.emit(row)

    def _row_menu(self, point: QPoint) -> None:
        if self.chosen is not None:
            self.menu_wanted.emit(self.table.viewport().mapToGlobal(point))

    def _apply_theme(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self.table.viewport().update()


def _nothing_yet(kind: TableKind, *, significant_only: bool) -> str:
    """What would be here, and how it gets here."""
    if kind == "datasets":
        return "There are no offline datasets yet. Signing off a run makes its datasets."
    if significant_only:
        return "No run is significant. Show all runs, and mark one significant from its menu."
    return "No runs yet. They appear here when they are pulled from OMS: see Sync in the View menu."
