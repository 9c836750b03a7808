"""The dock with the panels of the pullers."""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea

from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.views.places import PlaceContext

if TYPE_CHECKING:
    from app.views.sync_panel.dock import SyncPanels


class SyncDock(QDockWidget):
    """Stands on the right, and is hidden until somebody asks for it."""

    def __init__(self, context: PlaceContext, window: QMainWindow) -> None:
        super().__init__("Sync", window)
        self._context = context
        self._panels: SyncPanels | None = None
        self.setObjectName("sync")
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        self.hide()

    @property
    def panels(self) -> "SyncPanels":
        """What it shows, made when somebody wants it."""
        from app.views.sync_panel.dock import SyncPanels

        if self._panels is None:
            self._panels = SyncPanels(self._context)
            # What they say takes lines as it is said, more than a low window has.
            area = QScrollArea(widgetResizable=True)
            area.setFrameShape(QFrame.Shape.NoFrame)
            # It is looked at: keys stay where they were.
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(self._panels)
            bar = area.verticalScrollBar().sizeHint().width()
            area.setMinimumWidth(self._panels.minimumSizeHint().width() + bar)
            self.setWidget(area)
        return self._panels

    def toggle(self) -> None:
        """Shows or hides it."""
        self.setVisible(not self.isVisible())

    def show_status(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus, now: datetime) -> None:
        """Shows what the pullers do now, if anybody sees it."""
        if self.isVisible():
            self.panels.show_status(oms, gui, seal, now)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.panels
        super().showEvent(event)
