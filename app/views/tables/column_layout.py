"""Which columns a table shows, how wide, and by which it is sorted; remembered per workspace."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.domain.certification.datasets import state_key
from app.domain.filters import Field, Source, Vocabulary
from app.services.certification.tables import Sort, TableKind
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.tables.column_chooser import ColumnChooser
from app.views.tables.columns import Column, default_columns, known_columns, other_states
from app.views.tables.memory import TableMemory
from app.views.tables.table import Table


class ColumnLayout(QObject):
    """The columns of a table, as its header and its dialogs change them.

    Signals: `columns_changed()` and `sort_changed()`, by the person; a workspace that is shown
    brings its own without a signal.
    """

    columns_changed = Signal()
    sort_changed = Signal()

    def __init__(self, kind: TableKind, table: Table, memory: TableMemory) -> None:
        super().__init__(table)
        self._kind: TableKind = kind
        self._table = table
        self._memory = memory
        self._workspace = WorkspaceColumns("global", ())
        self._vocabulary: Vocabulary | None = None
        self._guest: tuple[Sequence[str], str] | None = None
        self.columns: tuple[Column, ...] = ()
        self.sort: tuple[Sort, ...] = ()
        header = table.horizontalHeader()
        header.sectionClicked.connect(self._sort_by_section)
        header.sectionResized.connect(self._remember)
        header.sectionMoved.connect(self._section_moved)
        header.customContextMenuRequested.connect(self._open_menu)

    @property
    def workspace(self) -> WorkspaceColumns:
        """The workspace whose columns are shown."""
        return self._workspace

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Takes columns and sort of a workspace, as they are remembered."""
        self._workspace = workspace
        self.sort = self._remembered_sort()
        self.columns = self._remembered_columns()
        if self._guest is not None:
            self._show_guest(*self._guest)

    def show_guest(self, ids: Sequence[str], sort: str) -> None:
        """Shows the columns and the sort of somebody else: those that are known here. What the
        person has stays remembered, unless it is changed while the guest's is shown."""
        self._guest = ids, sort
        self._show_guest(ids, sort)
        self.columns_changed.emit()

    @property
    def sort_text(self) -> str:
        """The id of the column that the table is sorted by, `-` before it for descending."""
        if not self.sort:
            return ""
        return f"{'-' if self.sort[0].descending else ''}{self.sort[0].field.text}"

    def _show_guest(self, ids: Sequence[str], sort: str) -> None:
        known = self._known()
        self.columns = tuple(known[id_] for id_ in ids if id_ in known) or self.columns
        by = known.get(sort.removeprefix("-"))
        self.sort = (Sort(by.field, sort.startswith("-")),) if by is not None else ()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Takes the fields that can be chosen as columns."""
        self._vocabulary = vocabulary
        if self._guest is not None:
            before = self.sort
            self._show_guest(*self._guest)
            self.columns_changed.emit()
            if self.sort != before:
                self.sort_changed.emit()
            return
        known = known_columns(vocabulary, self._defaults())
        ids = self._memory.ids()
        if ids and [column.id for column in self.columns] != ids:
            self._apply([known[id_][0] for id_ in ids if id_ in known])

    def arrange(self) -> None:
        """Gives the columns of the model their remembered widths, in their order."""
        header, widths = self._table.horizontalHeader(), self._memory.widths()
        # Nobody dragged. The table would paint everything, and once more for the widths.
        with QSignalBlocker(header):
            for section in range(header.count()):
                header.moveSection(header.visualIndex(section), section)
            for section, column in enumerate(self.columns):
                header.resizeSection(section, widths.get(column.id, column.width))
        self._table.scheduleDelayedItemsLayout()
        self._show_sort()

    def choose(self) -> None:
        """Opens the dialog for the columns."""
        defaults = self._defaults()
        known = (
            known_columns(self._vocabulary, defaults)
            if self._vocabulary
            else {column.id: (column, "") for column in defaults}
        )
        shown = [column.id for column in self.columns]
        chooser = ColumnChooser(known, shown, self._table.window())

        def take(ids: Sequence[str]) -> None:
            self._guest = None
            self._memory.keep_ids(ids)
            self._apply([known[id_][0] for id_ in ids])

        chooser.chosen.connect(take)
        chooser.open()

    # States in the other workspaces

    @property
    def shows_other_states(self) -> bool:
        """Whether a state in another workspace is among the columns."""
        others = {column.id for column in self._other_states()}
        return any(column.id in others for column in self.columns)

    def show_other_states(self, shown: bool) -> None:
        """Shows the states in all other workspaces beside that of this one, or none of them."""
        others = {column.id: column for column in self._other_states()}
        columns = [column for column in self.columns if column.id not in others]
        if shown:
            own = Field(Source.DATASET, state_key(self._workspace.name))
            fields = [column.field for column in columns]
            place = fields.index(own) + 1 if own in fields else len(columns)
            columns[place:place] = others.values()
        self._keep_and_apply(columns)

    def _other_states(self) -> list[Column]:
        return other_states(self._vocabulary, self._workspace.name) if self._vocabulary else []

    # The header

    def _sort_by_section(self, section: int) -> None:
        column = self.columns[section]
        is_sorted = bool(self.sort) and self.sort[0].field == column.field
        descending = not (is_sorted and self.sort[0].descending)
        self.sort = (Sort(column.field, descending),)
        self._guest = None
        self._memory.keep_sort(column.id, descending=descending)
        self.sort_changed.emit()

    def _show_sort(self) -> None:
        header = self._table.horizontalHeader()
        fields = [column.field for column in self.columns]
        is_shown = bool(self.sort) and self.sort[0].field in fields
        header.setSortIndicatorShown(is_shown)
        if is_shown:
            order = (
                Qt.SortOrder.DescendingOrder
                if self.sort[0].descending
                else Qt.SortOrder.AscendingOrder
            )
            header.setSortIndicator(fields.index(self.sort[0].field), order)

    def _remember(self) -> None:
        header = self._table.horizontalHeader()
        widths = {
            column.id: header.sectionSize(section) for section, column in enumerate(self.columns)
        }
        self._memory.keep_ids([column.id for column in self._columns_in_sight()])
        self._memory.keep_widths(self._memory.widths() | widths)

    def _section_moved(self) -> None:
        self._remember()
        moved = self._columns_in_sight()
        # Not inside the header's own signal: the header is in the middle of moving.
        QTimer.singleShot(0, self, lambda: self._apply(moved))

    def _columns_in_sight(self) -> list[Column]:
        """The columns from left to right, as they were dragged."""
        header = self._table.horizontalHeader()
        return [self.columns[header.logicalIndex(place)] for place in range(header.count())]

    def _open_menu(self, point: QPoint) -> None:
        header = self._table.horizontalHeader()
        section = header.logicalIndexAt(point)
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if 0 <= section < len(self.columns):
            hide = QAction(f"Hide {self.columns[section].title}", menu)
            hide.triggered.connect(lambda: self._hide(section))
            menu.addAction(hide)
        choose = QAction("Choose columns...", menu)
        choose.triggered.connect(self.choose)
        menu.addAction(choose)
        menu.popup(header.mapToGlobal(point))

    def _hide(self, section: int) -> None:
        self._keep_and_apply([*self.columns[:section], *self.columns[section + 1 :]])

    # Memory

    def _defaults(self) -> tuple[Column, ...]:
        return default_columns(self._kind, self._workspace.name, self._workspace.columns)

    def _keep_and_apply(self, columns: Sequence[Column]) -> None:
        self._guest = None
        self._memory.keep_ids([column.id for column in columns])
        self._apply(columns)

    def _apply(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns) or self._defaults()
        self.columns_changed.emit()

    def _remembered_columns(self) -> tuple[Column, ...]:
        known = self._known()
        remembered = tuple(known[id_] for id_ in self._memory.ids() if id_ in known)
        return remembered or self._defaults()

    def _known(self) -> dict[str, Column]:
        """The columns that can be shown, as far as the vocabulary is there, by id."""
        defaults = self._defaults()
        if self._vocabulary is None:
            return {column.id: column for column in defaults}
        choices = known_columns(self._vocabulary, defaults)
        return {id_: column for id_, (column, _) in choices.items()}

    def _remembered_sort(self) -> tuple[Sort, ...]:
        sort = self._memory.sort()
        if sort is None:
            return ()
        fields = {column.id: column.field for column in self._remembered_columns()}
        field = fields.get(sort[0])
        return (Sort(field, sort[1]),) if field else ()
