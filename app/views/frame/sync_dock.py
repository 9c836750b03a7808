"""The dock with the panels of the pullers."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea

from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.views.places import PlaceContext
from app.views.sync_panel.dock import SyncPanels


class SyncDock(QDockWidget):
    """Stands on the right, and is hidden until somebody asks for it."""

    def __init__(self, context: PlaceContext, window: QMainWindow) -> None:
        super().__init__("Sync", window)
        self.panels = SyncPanels(context)
        self.setObjectName("sync")
        # What they say takes lines as it is said, more than a low window has.
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        # It is looked at: keys stay where they were.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.panels)
        bar = area.verticalScrollBar().sizeHint().width()
        area.setMinimumWidth(self.panels.minimumSizeHint().width() + bar)
        self.setWidget(area)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        self.hide()

    def toggle(self) -> None:
        """Shows or hides it."""
        self.setVisible(not self.isVisible())

    def show_status(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus, now: datetime) -> None:
        """Shows what the pullers do now, if anybody sees it."""
        if self.isVisible():
            self.panels.show_status(oms, gui, seal, now)
