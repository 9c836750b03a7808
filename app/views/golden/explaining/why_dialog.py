"""Why the chosen lumisection is in the golden JSON or not."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.services.acting import Acting
from app.services.golden import explain as golden_explain
from app.services.golden import generation as golden
from app.services.golden import rules as golden_rules
from app.views.background import Background
from app.views.focus import give_keys_once_shown
from app.views.golden.explaining.why_pane import WhyPane
from app.views.looks.theme import STEP, Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import ChoiceBox, Label

_GOLDEN = "golden"
_SIZE = (1040, 720)


class WhyDialog(QDialog):
    """A window beside the grid: a choice of rule or list, and the answer.

    Signals: `run_wanted(run_number, dataset)`.
    """

    run_wanted = Signal(int, str)

    def __init__(
        self,
        acting: Acting,
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
        resize_to_fit(self, *_SIZE)
        self._acting = acting
        self._background = background
        self._place = (run_number, lumisection, dataset)
        self.choice = ChoiceBox()
        self.choice.setAccessibleName("Rule or list")
        self.choice.setToolTip(
            "A rule over the present state, or a list in the state it was made from"
        )
        self.pane = WhyPane(acting, background, themes)
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
        background.run(self._offer(), self)

    async def _offer(self) -> None:
        acting = self._acting
        rules, entries = await self._background.read(
            lambda: (golden_rules.offered(acting), golden.entries(acting))
        )
        self.choice.blockSignals(True)  # loaded once, below
        for rule in sorted(rules, key=lambda each: (each.name != _GOLDEN, each.name)):
            question = partial(golden_explain.question_now, rule.rule)
            self.choice.addItem(f"Rule {rule.name}, present state", question)
        for entry in entries:
            official = ", official" if entry.official else ""
            tags = f", {entry.tags}" if entry.tags else ""
            self.choice.addItem(
                f"Golden JSON {entry.id}{official}: {entry.dataset_name_filter}{tags}",
                partial(golden_explain.question_of, acting, entry.id),
            )
        self.choice.blockSignals(False)
        self._ask()

    def _ask(self) -> None:
        read_question = self.choice.currentData()
        if read_question is None:
            return
        first = not self.pane.run_number
        self.pane.ask(read_question)
        if first:
            self.pane.show_lumisection(*self._place)
