"""Both pullers in one dock, OMS above, the DQM GUI below, what seals the history, and how complete
the quick copy is."""

from datetime import datetime

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.sync_panel.gui_panel import GuiPanel
from app.views.sync_panel.panel import SyncPanel
from app.views.sync_panel.read_model_panel import ReadModelPanel
from app.views.sync_panel.seal_panel import SealPanel
from app.views.widgets.plain import Label


class SyncPanels(QWidget):
    """The panels of both pullers, of the seal and of the read model."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.oms = SyncPanel(context.workplace, context.background, context.notices)
        self.gui = GuiPanel(context.workplace, context.background, context.notices)
        self.seal = SealPanel()
        self.read_model = ReadModelPanel(context.acting, context.background)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for title, panel in (
            ("OMS", self.oms),
            ("DQM GUI", self.gui),
            ("Sealed history", self.seal),
            ("Quick copy", self.read_model),
        ):
            heading = Label(title)
            heading.setProperty("role", "title")
            heading.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, STEP)
            layout.addWidget(heading)
            layout.addWidget(panel, 1 if panel is self.oms else 0)
        for label in self.findChildren(QLabel):
            if label.wordWrap():
                # One long word, such as a line of ~/.pgpass, pushes no other one out of sight.
                label.setMinimumWidth(1)

    def show_status(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus, now: datetime) -> None:
        """Shows what they do now."""
        self.oms.show_status(oms, now)
        self.gui.show_status(gui, now)
        self.seal.show_status(seal, now)
