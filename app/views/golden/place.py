"""The place of the golden JSONs: the list at the left, tabs about the chosen one at the right."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.views.golden.combine_panel import CombinePanel
from app.views.golden.compare_panel import ComparePanel
from app.views.golden.list_pane import GoldenListPane
from app.views.golden.losses_panel import LossesPanel
from app.views.golden.panel import GoldenPanel
from app.views.golden.reproduce_panel import ReproducePanel
from app.views.golden.result_view import GoldenResultView
from app.views.golden.why_panel import WhyPanel
from app.views.places import PlaceWidget, Surroundings

_PARTS = [400, 780]

PANELS: tuple[Callable[[Surroundings], GoldenPanel], ...] = (
    GoldenResultView,
    LossesPanel,
    WhyPanel,
    ComparePanel,
    ReproducePanel,
    CombinePanel,
)
"""Tabs about the chosen golden JSON, in the order they are shown."""


class GoldenPlace(PlaceWidget):
    """List at the left, tabs at the right; only the tab in front follows the list.

    Signals: `generate_wanted()`.
    """

    generate_wanted = Signal()

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = GoldenListPane(around)
        self.panels = [make(around) for make in PANELS]
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._shown_in: dict[GoldenPanel, int | None] = {}
        for panel in self.panels:
            self.tabs.addTab(panel, panel.tab)
            self.tabs.setTabToolTip(self.tabs.count() - 1, panel.tab_tip)
            panel.run_wanted.connect(self.run_wanted)
            panel.golden_wanted.connect(self.show_row)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.entries)
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.entries.chosen.connect(self._follow)
        self.entries.generate_wanted.connect(self.generate_wanted)
        self.entries.times_renewed.connect(self.result.set_now)
        self.tabs.currentChanged.connect(self._follow)

    @property
    def result(self) -> GoldenResultView:
        """The tab with the list itself."""
        return next(each for each in self.panels if isinstance(each, GoldenResultView))

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Shows the present state of the newest part of the list."""
        self.entries.refresh()
        panel = self.tabs.currentWidget()
        if isinstance(panel, GoldenPanel):
            panel.renew()

    def shown(self) -> None:
        """Reads the list again."""
        self.refresh()

    def show_row(self, id_: int) -> None:
        """Shows a golden JSON, also when the list doesn't hold it yet."""
        self.entries.show_row(id_)

    def _follow(self) -> None:
        """Tells the tab in front what is chosen; the others are told once they come to it."""
        panel, id_ = self.tabs.currentWidget(), self.entries.shown
        if isinstance(panel, GoldenPanel) and self._shown_in.get(panel) != id_:
            self._shown_in[panel] = id_
            panel.show_golden(id_)
