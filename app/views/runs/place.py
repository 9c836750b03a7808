"""A place with a table above and details below: online with runs, offline with datasets."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QSplitter, QTabBar, QVBoxLayout, QWidget

from app.domain.certification.datasets import state_key
from app.domain.keys import ONLINE
from app.domain.links import ListLink
from app.domain.lumisections import LumiRange
from app.services.certification import tables
from app.services.certification.tables import Chosen, Row, TableKind, TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.focus import give_keys
from app.views.places import PlaceContext, PlaceWidget
from app.views.remembered import restore
from app.views.runs.details import DetailsView
from app.views.selection import Selection
from app.views.subject import Subject
from app.views.tables.dataset_groups import DatasetGroup
from app.views.tables.table_view import TableView
from app.views.widgets.still_tabs import StillTabs
from app.views.widgets.tab_pages import home_of_pages

_SPLITTER = "splitter"
_PARTS = [300, 540]
"""Of the height, in proportion: the grid has more rows than the eye needs runs."""
_LOW = 560
_PARTS_WHEN_LOW = [110, 320]
"""Below this height a run or two have to do, or nothing was left of the grid."""


class TablePlace(PlaceWidget):
    """Table and details; a run that is opened gets a tab of its own.

    Signals: `menu_wanted(QPoint)` for what can be done with the run that is looked at, and
    `rows_menu_wanted(QPoint)` with the rows that are selected;
    `take_in_wanted()` of the run that is looked at; `written(Written)` when a draft is written;
    `undo_wanted(version)`, `undo_last_wanted()`; `subject_changed()` when what
    actions apply to may have changed.
    """

    menu_wanted = Signal(object)
    rows_menu_wanted = Signal(object)
    take_in_wanted = Signal()
    written = Signal(object)
    undo_wanted = Signal(int)
    undo_last_wanted = Signal()
    subject_changed = Signal()

    def __init__(
        self,
        kind: TableKind,
        context: PlaceContext,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        acting, background = context.acting, context.background
        themes, remembered = context.themes, context.remembered
        self._kind = kind
        self._acting = acting
        self._context = context
        self._background = background
        self._themes = themes
        self._remembered = remembered
        self._drafts = context.drafts
        self._order: tuple[str, ...] = ()
        self._has_begun = False
        self.table = TableView(kind, acting, background, themes, remembered)
        self.table.line.saved.said.connect(context.notices.tell)
        self.details = self._make_details(self)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.table)
        self._splitter.addWidget(self.details)
        self._splitter.setSizes(_PARTS)
        self._splitter.setChildrenCollapsible(True)
        self._is_parted = restore(remembered, f"{kind}/{_SPLITTER}", self._splitter.restoreState)
        self.tabs = StillTabs()
        self.tabs.setDocumentMode(True)
        self.tabs.setTabsClosable(True)
        self.tabs.setTabBarAutoHide(True)
        # Tab would stop at the tab bar while that is hidden: the bar itself stands in the order.
        self.tabs.setFocusProxy(None)  # type: ignore[arg-type]
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tabs.addTab(self._splitter, "Runs" if kind == "runs" else "Datasets")
        for side in (QTabBar.ButtonPosition.LeftSide, QTabBar.ButtonPosition.RightSide):
            self.tabs.tabBar().setTabButton(0, side, None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.table.row_chosen.connect(self._choose)
        self.table.row_lost.connect(lambda: self.details.line.show_listed(listed=False))
        self.table.row_opened.connect(lambda row: self.open_tab(row.run_number, row.name))
        self.table.menu_wanted.connect(self.rows_menu_wanted)
        self.table.selection_changed.connect(self.subject_changed)
        self.details.tabs.currentChanged.connect(self.table.newest.stay)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._stay_at_what_has_the_keys)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.tabs.tabCloseRequested.connect(self.close_tab)
        self._splitter.splitterMoved.connect(self._remember_splitter)

    def _stay_at_what_has_the_keys(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.details.isAncestorOf(now):
            self.table.newest.stay()

    async def _read_vocabulary(self) -> None:
        acting = self._acting
        self.table.set_vocabulary(await self._background.read(lambda: tables.vocabulary(acting)))

    @property
    def shown_details(self) -> DetailsView:
        """The details that are looked at: of the tab, or below the table."""
        widget = self.tabs.currentWidget()
        return widget if isinstance(widget, DetailsView) else self.details

    def home(self) -> QWidget | None:
        """The table, or what a tab of its own says."""
        view = self.shown_details
        return self.table.table if view is self.details else view.home()

    def panes(self) -> Sequence[QWidget]:
        """The table, and what is looked at of the run."""
        view = self.shown_details
        inside = view.panes()
        return (self.table.table, *inside) if view is self.details else inside

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Shows the columns of a workspace."""
        if not self._has_begun:
            self._has_begun = True
            self._background.run(self._read_vocabulary(), self)
        self._order = workspace.columns
        for details in self._all_details():
            details.set_order(workspace.columns)
        self.table.show_workspace(workspace)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Shows the present state; none means that any run may have changed."""
        self.table.refresh_soon()
        for details in self._all_details():
            if not run_numbers or details.run_number in run_numbers:
                details.refresh()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Follows what was written, in front or not."""
        self.refresh(run_numbers)

    def show_filtered(self, filter_text: str) -> None:
        """Shows the table with everything that passes a filter."""
        self.tabs.setCurrentIndex(0)
        if self._kind == "datasets":
            self.table.show_group(DatasetGroup.ALL)
        self.table.filter.set_text(filter_text)

    def show_view(self, view: ListLink) -> None:
        """Shows the table as somebody else sees it."""
        self.tabs.setCurrentIndex(0)
        self.table.show_view(view)

    def open_tab(self, run_number: int, dataset: str = ONLINE) -> None:
        """Opens the details as a tab, or goes to it when it is open."""
        for place in range(1, self.tabs.count()):
            widget = self.tabs.widget(place)
            if not isinstance(widget, DetailsView) or widget.run_number != run_number:
                continue
            if self.tabs.tabText(place) == _tab_text(run_number, dataset):
                self.tabs.setCurrentIndex(place)
                widget.go_into_grid()
                return
        details = self._make_details(home_of_pages(self.tabs))
        details.set_order(self._order)
        self.tabs.setCurrentIndex(self.tabs.addTab(details, _tab_text(run_number, dataset)))
        details.show_run(run_number, dataset)
        # Not to the button of the menu, as Qt does: a second Enter would press that.
        give_keys(self.tabs.tabBar())
        details.go_into_grid()

    def show_cells(
        self, run_number: int, dataset: str, columns: Sequence[str], ranges: Sequence[LumiRange]
    ) -> None:
        """Goes to cells of a dataset in its grid and selects them."""
        view = self.shown_details
        if (view.run_number, view.dataset) != (run_number, dataset):
            self.open_tab(run_number, dataset)
            view = self.shown_details
        view.go_into_grid()
        view.lumisections.go_to(columns, ranges)

    def close_tab(self, place: int) -> None:
        """Closes a tab; the table stays."""
        widget = self.tabs.widget(place)
        if place > 0 and widget is not None:
            self.tabs.removeTab(place)
            widget.deleteLater()

    def subject(self) -> Subject | None:
        """What actions apply to."""
        view = self.shown_details
        details = view.details
        if details is None:
            return None
        rr = details.row.rr_attributes
        return Subject(
            details.run_number,
            view.dataset,
            details.state,
            str(rr.get("class") or ""),
            str(rr.get("stop_reason") or ""),
            details.significant,
            details.needs_manual_update,
            view.lumisections.selection()[1],
        )

    def edit_lumisections(self) -> None:
        """The keyboard goes to the grid of the run that is looked at."""
        view = self.shown_details
        view.go_into_grid()

    def selection(self) -> Selection | None:
        """The datasets that are selected in the table, or the one of the tab that is looked at."""
        workspace = self.table.workspace
        key = state_key(workspace)
        view = self.shown_details
        if view is not self.details:
            details = view.details
            if details is None or view.dataset == ONLINE:
                return None
            state = view.dataset_state(key)
            own = (details.run_number, view.dataset)
            chosen = Chosen(TableQuery(self._kind, workspace=workspace), (own,))
            return Selection(workspace, chosen, 1, {own: state}, columns=self._order)
        return self.table.selection() if self._kind == "datasets" else None

    def _all_details(self) -> list[DetailsView]:
        tabs = (self.tabs.widget(place) for place in range(1, self.tabs.count()))
        return [self.details, *(details for details in tabs if isinstance(details, DetailsView))]

    def _make_details(self, parent: QWidget) -> DetailsView:
        details = DetailsView(self._context, self._order, parent)
        details.menu_wanted.connect(self.menu_wanted)
        details.actions_wanted.connect(self.menu_wanted)
        details.take_in_wanted.connect(self.take_in_wanted)
        details.written.connect(self.written)
        details.undo_wanted.connect(self.undo_wanted)
        details.undo_last_wanted.connect(self.undo_last_wanted)
        details.subject_changed.connect(self.subject_changed)
        return details

    def _tab_changed(self) -> None:
        self.subject_changed.emit()

    def _choose(self, row: Row | None) -> None:
        if row is not None:
            self.details.line.show_listed(listed=True)
            self.details.show_run(row.run_number, row.name)
        elif self.table.is_empty:
            self.details.show_nothing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if not self._is_parted:
            is_low = event.size().height() < _LOW
            self._splitter.setSizes(_PARTS_WHEN_LOW if is_low else _PARTS)
        super().resizeEvent(event)

    def _remember_splitter(self) -> None:
        self._is_parted = True
        self._remembered.setValue(f"{self._kind}/{_SPLITTER}", self._splitter.saveState())


def _tab_text(run_number: int, dataset: str) -> str:
    return str(run_number) if dataset == ONLINE else f"{run_number} {dataset}"
