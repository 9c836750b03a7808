"""Why the lumisection a person looks at is in the golden JSON or not."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.views.backend import Backend
from app.views.backend.golden import GoldenConfiguration, GoldenEntry, GoldenList
from app.views.backend.workbench import ListAsked, RuleAsked
from app.views.background import Background
from app.views.focus import give_keys_once_shown
from app.views.golden.why_pane import WhyPane
from app.views.theme import STEP, Themes
from app.views.widgets.plain import Label

_GOLDEN = "golden"
_SIZE = (1040, 720)


class WhyDialog(QDialog):
    """A window of its own beside the grid: a choice of rule or list, and the answer.

    Signals: `run_wanted(run_number, dataset)`.
    """

    run_wanted = Signal(int, str)

    def __init__(
        self,
        backend: Backend,
        background: Background,
        themes: Themes,
        run_number: int,
        dataset: str,
        lumisection: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Why in the golden JSON? Run {run_number}")
        self.resize(*_SIZE)
        self._place = (run_number, lumisection, dataset)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Rule or list")
        self.choice.setToolTip("A rule over what holds now, or a list as it was made")
        self.pane = WhyPane(backend, background, themes)
        self.pane.run_wanted.connect(self.run_wanted)
        label = Label("By")
        label.setProperty("role", "muted")
        label.setBuddy(self.choice)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(label)
        line.addWidget(self.choice, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.pane, 1)
        self.choice.currentIndexChanged.connect(self._ask)
        give_keys_once_shown(self.pane.axis)
        background.read_then(
            lambda: (backend.golden_configurations(), backend.golden_list(GoldenList.ALL, None)),
            self._offer,
            owner=self,
        )

    def _offer(self, found: tuple[Sequence[GoldenConfiguration], Sequence[GoldenEntry]]) -> None:
        rules, entries = found
        self.choice.blockSignals(True)  # asked once, below
        for rule in sorted(rules, key=lambda each: (each.name != _GOLDEN, each.name)):
            self.choice.addItem(f"Rule {rule.name}, as things are now", RuleAsked(rule.rule))
        for entry in entries:
            official = ", official" if entry.official else ""
            tags = f", {entry.tags}" if entry.tags else ""
            self.choice.addItem(
                f"Golden JSON {entry.id}{official}: {entry.pattern}{tags}", ListAsked(entry.id)
            )
        self.choice.blockSignals(False)
        self._ask()

    def _ask(self) -> None:
        asked = self.choice.currentData()
        if asked is None:
            return
        first = not self.pane.run_number
        self.pane.ask(asked)
        if first:
            self.pane.show_lumisection(*self._place)
