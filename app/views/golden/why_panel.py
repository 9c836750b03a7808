"""Tab of a stored list: why its lumisections are in or out, as the list saw them."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.views.backend.workbench import ListAsked
from app.views.golden.panel import GoldenPanel
from app.views.golden.why_pane import WhyPane
from app.views.places import PlaceContext


class WhyPanel(GoldenPanel):
    """Explains the list that is chosen; begins with its first run."""

    tab = "Why"
    tab_tip = "Why a lumisection is in or out, and whose word decided it"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = context.backend
        self._background = context.background
        self._id: int | None = None
        self.pane = WhyPane(context.backend, context.background, context.themes)
        self.pane.run_wanted.connect(self.run_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pane)

    def show_golden(self, id_: int | None) -> None:
        self._id = id_
        if id_ is None:
            self.pane.ask(None)
            return
        workbench = self._workbench
        self.pane.ask(ListAsked(id_))
        self._background.read_then(
            lambda: workbench.runs_of_golden(id_),
            lambda runs: self._show_runs(id_, runs),
            owner=self,
        )

    def _show_runs(self, id_: int, runs: tuple[int, ...]) -> None:
        if id_ != self._id:
            return
        self.pane.offer_runs(runs)
        if self.pane.run_number not in runs and runs:
            self.pane.show_lumisection(runs[0])
