"""The place of the configuration: its lists at the left, the selected one at the right."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QWidget,
)

from app.domain.counting import counted
from app.views.actions import ActionRow
from app.views.configuration.list_pane import ListPane, hear_keys
from app.views.configuration.sections import SECTIONS
from app.views.configuration.trials.reclassify_dialog import ReclassifyDialog
from app.views.configuration.workspaces_pane import WorkspacesPane
from app.views.looks.theme import ROW_HEIGHT, STEP
from app.views.places import PlaceContext, PlaceWidget
from app.views.widgets.plain import ListItem

_SECTIONS_WIDTH = 156
_LINE_HEIGHT = ROW_HEIGHT + 2 * STEP


class ConfigurationPlace(PlaceWidget):
    """Every list keeps its unsaved changes while another is in front. A list is only made when it
    is first shown, because most people never open most of them."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.sections = QListWidget()
        self.sections.setObjectName("sections")
        self.sections.setAccessibleName("Lists of the configuration")
        self.sections.setFixedWidth(_SECTIONS_WIDTH)
        self.sections.setFrameShape(self.sections.Shape.NoFrame)
        self.stack = QStackedWidget()
        self._panes: dict[int, ListPane | WorkspacesPane] = {}
        for section in SECTIONS:
            line = ListItem(section.text)
            line.setToolTip(section.about)
            line.setSizeHint(QSize(0, _LINE_HEIGHT))
            self.sections.addItem(line)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sections)
        layout.addWidget(self.stack, 1)
        self.sections.setCurrentRow(0)
        self.sections.currentRowChanged.connect(self._turn)
        hear_keys(self.sections, self._list_in_front)

    @property
    def pane(self) -> ListPane | WorkspacesPane:
        """The list in front."""
        row = max(self.sections.currentRow(), 0)
        if row not in self._panes:
            self._panes[row] = self._make_pane(row)
            self.stack.addWidget(self._panes[row])
        return self._panes[row]

    def go_to(self, name: str) -> ListPane | WorkspacesPane:
        """Shows a list by the name of its section."""
        row = next(row for row, section in enumerate(SECTIONS) if section.name == name)
        self.sections.setCurrentRow(row)
        return self.pane

    def home(self) -> QWidget:
        """The lists of the configuration."""
        return self.sections

    def panes(self) -> Sequence[QWidget]:
        return (self.sections, self.pane)

    def focus_search(self) -> None:
        """Goes to the line that searches the list in front."""
        if (pane := self._list_in_front()) is not None:
            pane.focus_search()

    def why_no_search(self) -> str:
        return "" if self._list_in_front() is not None else "The list of workspaces has no filter."

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Reads the list in front again."""
        if self.isVisible():
            self.pane.refresh()

    def shown(self) -> None:
        """Reads the list in front again."""
        self.pane.refresh()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Changes of runs don't concern the configuration."""

    def rows(self) -> tuple[ActionRow, ...]:
        """Actions that are available everywhere."""
        return (
            ActionRow(
                "configuration.reclassify",
                "Reclassify open runs...",
                self.reclassify,
                icon="refresh",
                tip="Apply the classifiers to OPEN runs again, after a preview",
                who="everybody",
                commands=("config reclassify",),
                parameters=("--runs", "--last", "--apply"),
            ),
        )

    def menus(self) -> dict[str, tuple[str, ...]]:
        """The menus of its actions."""
        return {"Tools": ("configuration.reclassify",)}

    def reclassify(self) -> ReclassifyDialog:
        """Opens the dialog that reclassifies open runs."""
        context = self._context
        dialog = ReclassifyDialog(context, self.window())
        dialog.done_.connect(self._tell)
        dialog.run_wanted.connect(self.run_wanted)
        dialog.open()
        return dialog

    def _make_pane(self, row: int) -> ListPane | WorkspacesPane:
        section = SECTIONS[row]
        if section.kind is None:
            workspaces = WorkspacesPane(self._context)
            workspaces.saved.connect(self._tell)
            return workspaces
        pane = ListPane(section, self._context)
        pane.run_wanted.connect(self.run_wanted)
        pane.reclassify_wanted.connect(self.reclassify)
        pane.counted.connect(lambda count: self._show_faulty(row, count))
        pane.saved.connect(self._tell)
        return pane

    def _list_in_front(self) -> ListPane | None:
        return self.pane if isinstance(self.pane, ListPane) else None

    def _turn(self) -> None:
        self.stack.setCurrentWidget(self.pane)
        self.pane.refresh()

    def _tell(self, text: str, take_back: Callable[[], object] | None = None) -> None:
        self._context.notices.tell(text, take_back=take_back)
        self._context.rights.load()
        self.acted.emit()

    def _show_faulty(self, row: int, count: int) -> None:
        line = self.sections.item(row)
        if line is None:
            return
        section = SECTIONS[row]
        line.setText(f"{section.text}  {count}" if count else section.text)
        faulty = f"\n{counted(count, 'rule')} can't be read and have no effect." if count else ""
        line.setToolTip(f"{section.about}{faulty}")
