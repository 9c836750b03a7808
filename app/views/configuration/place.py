"""The place of the configuration: its lists at the left, the chosen one at the right."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)

from app.views.actions import ActionRow
from app.views.configuration.list_pane import ListPane
from app.views.configuration.reclassify_dialog import ReclassifyDialog
from app.views.configuration.sections import SECTIONS
from app.views.configuration.workspaces_pane import WorkspacesPane
from app.views.places import PlaceWidget, Surroundings
from app.views.theme import ROW_HEIGHT, STEP

_SECTIONS_WIDTH = 156
_LINE_HEIGHT = ROW_HEIGHT + 2 * STEP


class ConfigurationPlace(PlaceWidget):
    """Each list keeps what is written in it while another is looked at."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around = around
        self.sections = QListWidget()
        self.sections.setObjectName("sections")
        self.sections.setAccessibleName("Lists of the configuration")
        self.sections.setFixedWidth(_SECTIONS_WIDTH)
        self.sections.setFrameShape(self.sections.Shape.NoFrame)
        self.stack = QStackedWidget()
        self.panes: list[ListPane | WorkspacesPane] = []
        for row, section in enumerate(SECTIONS):
            line = QListWidgetItem(section.text)
            line.setToolTip(section.about)
            line.setSizeHint(QSize(0, _LINE_HEIGHT))
            self.sections.addItem(line)
            pane: ListPane | WorkspacesPane
            if section.kind is None:
                pane = WorkspacesPane(around)
            else:
                pane = ListPane(section, around)
                pane.run_wanted.connect(self.run_wanted)
                pane.reclassify_wanted.connect(self.reclassify)
                pane.counted.connect(lambda count, row=row: self._show_faulty(row, count))
            pane.told.connect(self._tell)
            self.panes.append(pane)
            self.stack.addWidget(pane)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sections)
        layout.addWidget(self.stack, 1)
        self.sections.setCurrentRow(0)
        self.sections.currentRowChanged.connect(self._turn)

    @property
    def pane(self) -> ListPane | WorkspacesPane:
        """The list in front."""
        return self.panes[max(self.sections.currentRow(), 0)]

    def go_to(self, name: str) -> ListPane | WorkspacesPane:
        """Shows a list by the name of its section."""
        row = next(row for row, section in enumerate(SECTIONS) if section.name == name)
        self.sections.setCurrentRow(row)
        return self.pane

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Reads the list in front again."""
        if self.isVisible():
            self.pane.refresh()

    def shown(self) -> None:
        """Reads the list in front again."""
        self.pane.refresh()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """What is written of runs changes nothing here."""

    def rows(self) -> tuple[ActionRow, ...]:
        """What can be done from everywhere."""
        return (
            ActionRow(
                "configuration.reclassify",
                "Reclassify open runs...",
                self.reclassify,
                icon="refresh",
                tip="Bring OPEN runs in line with the classifiers, after a look at what changes",
            ),
        )

    def menus(self) -> dict[str, tuple[str, ...]]:
        """Where its actions belong."""
        return {"Tools": ("configuration.reclassify",)}

    def reclassify(self) -> ReclassifyDialog:
        """Opens what brings open runs in line with the classifiers."""
        around = self._around
        dialog = ReclassifyDialog(around.backend, around.background, around.themes, self.window())
        dialog.done_.connect(self._reclassified)
        dialog.run_wanted.connect(self.run_wanted)
        dialog.open()
        return dialog

    def _reclassified(self, text: str) -> None:
        self._around.notices.tell(text)
        self.acted.emit()

    def _turn(self, row: int) -> None:
        self.stack.setCurrentIndex(row)
        self.pane.refresh()

    def _tell(self, text: str) -> None:
        self._around.notices.tell(text)
        self.acted.emit()

    def _show_faulty(self, row: int, count: int) -> None:
        line = self.sections.item(row)
        if line is None:
            return
        section = SECTIONS[row]
        line.setText(f"{section.text}  {count}" if count else section.text)
        faulty = f"\n{count} of the rules can't be read and decide nothing." if count else ""
        line.setToolTip(f"{section.about}{faulty}")
