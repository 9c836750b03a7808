"""The line above a table: which part of it is shown, how many rows that are, and its columns."""

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from app.domain.errors import Refused
from app.domain.links import ListLink
from app.services.certification.tables import Page, TableKind
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.tables.dataset_groups import DatasetGroup
from app.views.tables.filter_line import FilterLine
from app.views.tables.memory import TableMemory
from app.views.tables.saved_filters import SavedFilters
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import Label

_LEAST_FILTER = 100
_LINE_HEIGHT = 26

_UNCOUNTED = (
    "The summaries of so many datasets are missing or old that they may pass the filter or not."
    " They are counted in the background: look again later"
)


class TableLine(QWidget):
    """Groups of datasets, filter, count, switches.

    Signals: `narrowed()` when another group, or significant runs only, are to be shown;
    `states_wanted(shown)` and `columns_wanted()` by their buttons.
    """

    narrowed = Signal()
    states_wanted = Signal(bool)
    columns_wanted = Signal()

    def __init__(
        self,
        kind: TableKind,
        themes: Themes,
        memory: TableMemory,
        view: Callable[[], ListLink],
        *,
        of_cycle: bool,
    ) -> None:
        """`view`: the table as it is seen."""
        super().__init__()
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._kind: TableKind = kind
        self._memory = memory
        self.group = DatasetGroup.ALL
        self.offered_groups = tuple(DatasetGroup) if kind == "datasets" and not of_cycle else ()
        self.filter = FilterLine(themes)
        self.saved = SavedFilters(memory, lambda: self.filter.text, view, self)
        self.count = Label()
        self.count.setProperty("role", "muted")
        self.count.setFixedHeight(_LINE_HEIGHT)
        self.groups = QButtonGroup(self)
        self.significant = QToolButton()
        self.significant.setText("Significant")
        self.significant.setCheckable(True)
        self.significant.setToolTip("Show significant runs only")
        self.states = QToolButton()
        self.states.setText("States")
        self.states.setCheckable(True)
        self.states.setToolTip("Show the states in all workspaces as columns")
        self._saved = QToolButton()
        self._saved.setToolTip("Saved filters and views")
        self._saved.setAccessibleName("Saved filters")
        self._saved.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._saved.setMenu(self.saved.menu)
        self.choose = QToolButton()
        self.choose.setObjectName("choose")
        self.choose.setToolTip("Choose columns")
        self.choose.setAccessibleName("Choose columns")
        self._lay_out()
        self.significant.toggled.connect(self._set_significant)
        self.groups.idClicked.connect(lambda place: self.show_group(list(DatasetGroup)[place]))
        self.states.clicked.connect(self.states_wanted)
        self.choose.clicked.connect(self.columns_wanted)
        self.saved.chosen.connect(self.filter.set_text)
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    def _lay_out(self) -> None:
        line = WrappingLine(self, at_top=True, keeps_lines=True)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        for place, group in enumerate(self.offered_groups):
            button = QToolButton()
            button.setText(group.title)
            button.setToolTip(group.tip)
            button.setCheckable(True)
            button.setChecked(group is self.group)
            self.groups.addButton(button, place)
            line.add(button)
        self.filter.setMinimumWidth(_LEAST_FILTER)
        line.add(self.filter, 1)
        for widget in (self._saved, self.count, self.significant, self.states, self.choose):
            line.add(widget)
        self.significant.setVisible(self._kind == "runs")
        self.states.setVisible(self._kind == "datasets")

    def show_group(self, group: DatasetGroup) -> None:
        """Shows another part of the datasets."""
        self.groups.button(list(DatasetGroup).index(group)).setChecked(True)
        if group is not self.group:
            self.group = group
            self._memory.keep_choice("group", group.title)
            self.narrowed.emit()

    def show_group_called(self, title: str) -> None:
        """The same by its title. Refused where there is none of that title."""
        for group in DatasetGroup:
            if group.title == title:
                self.show_group(group)
                return
        raise Refused(f"There is no group of datasets with this name: {title}.")

    def recall(self) -> None:
        """Takes what is remembered for the workspace; whoever asks for it loads."""
        with QSignalBlocker(self.significant):
            self.significant.setChecked(self._memory.switched("significant"))
        if self.offered_groups:
            title = self._memory.choice("group")
            self.group = next((group for group in DatasetGroup if group.title == title), self.group)
            self.groups.button(list(DatasetGroup).index(self.group)).setChecked(True)

    def show_count(self, page: Page) -> None:
        """Says how many rows there are, and how many more there may be."""
        noun = "run" if self._kind == "runs" else "dataset"
        text = f"{'' if page.exact else 'at least '}{words.counted(page.count, noun)}"
        if page.uncounted:
            text += f", {words.number(page.uncounted)} not counted yet"
        self.count.setText(text)
        self.count.setToolTip(_UNCOUNTED if page.uncounted else "")

    def _set_significant(self, only: bool) -> None:
        self._memory.keep_switched("significant", on=only)
        self.narrowed.emit()

    def _apply_theme(self, theme: Theme) -> None:
        self.choose.setIcon(theme.icon("columns"))
        self._saved.setIcon(theme.icon("filter"))
        self.significant.setIcon(theme.icon("significant"))
        self.significant.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
