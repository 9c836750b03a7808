"""Tab of a stored list: why its lumisections are in or out, in the state it was made from."""

from functools import partial

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.services.golden import explain as golden_explain
from app.services.golden import lists as golden_lists
from app.views.background import Work
from app.views.golden.explaining.why_pane import WhyPane
from app.views.golden.panel import GoldenPanel
from app.views.places import PlaceContext


class WhyPanel(GoldenPanel):
    """Explains the chosen list, starting with its first run."""

    tab = "Why"
    tab_tip = "Why a lumisection is in or out, and who set the values that decide"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._work = Work(context.background, self)
        self.pane = WhyPane(context.acting, context.background, context.themes)
        self.pane.run_wanted.connect(self.run_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pane)

    def show_golden(self, id_: int | None) -> None:
        self._work.drop()
        if id_ is None:
            self.pane.ask(None)
        else:
            self.pane.ask(partial(golden_explain.question_of, self._acting, id_))
            self._work.start(self._offer_runs(id_))

    async def _offer_runs(self, id_: int) -> None:
        runs = await self._background.read(lambda: golden_lists.runs_made_from(self._acting, id_))
        self.pane.offer_runs(runs)
        if self.pane.run_number not in runs and runs:
            self.pane.show_lumisection(runs[0])
