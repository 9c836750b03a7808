"""The dock with the panels of the pullers."""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea

from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.views.places import PlaceContext

if TYPE_CHECKING:
    from app.views.sync_panel.dock import SyncPanels

_PLACES_WIDTH = 700
"""The widest place needs about as much, which isn't known before all are made."""


class SyncDock(QDockWidget):
    """Stands on the right, and is hidden until somebody asks for it. Where a screen is too narrow
    for it beside the places it is a window of its own: the window would grow beyond the screen."""

    def __init__(self, context: PlaceContext, window: QMainWindow) -> None:
        super().__init__("Sync", window)
        self._context = context
        self._window = window
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
        if not self.isVisible():
            self.find_room()
        self.setVisible(not self.isVisible())

    def find_room(self) -> None:
        """Takes it out of the window where there is no room for it."""
        if not self.isFloating() and not self._fits():
            self._float()
        if self.isFloating() and not self.isHidden() and not self._window.isVisible():
            # What is shown before the window stands behind it.
            self.hide()
            QTimer.singleShot(0, self, self.show)

    def _fits(self) -> bool:
        _ = self.panels
        window = self._window
        central = window.centralWidget()
        assert central is not None  # the window is laid out
        places = max(central.minimumSizeHint().width(), _PLACES_WIDTH)
        room = max(window.width(), window.screen().availableGeometry().width())
        return places + self.minimumSizeHint().width() <= room

    def _float(self) -> None:
        window, screen = self._window, self._window.screen().availableGeometry()
        self.setFloating(True)
        height = min(self.panels.sizeHint().height(), window.height())
        at = QRect(0, 0, self.widget().minimumWidth(), height)
        at.moveTopRight(window.geometry().topRight())
        at.moveRight(min(at.right(), screen.right()))
        self.setGeometry(at)

    def show_status(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus, now: datetime) -> None:
        """Shows what the pullers do now, if anybody sees it."""
        if self.isVisible():
            self.panels.show_status(oms, gui, seal, now)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.panels
        super().showEvent(event)
