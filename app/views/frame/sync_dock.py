"""The dock with the panels of the pullers."""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
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
_FOR_ROOM = "sync/floats_for_room"
_SETTLES_MS = 300
"""A window that is dragged from screen to screen is left alone until it stands still."""


class SyncDock(QDockWidget):
    """Stands on the right, and is hidden until somebody asks for it. Where a screen is too narrow
    for it beside the places it is a window of its own: the window would grow beyond the screen. It
    goes back where there is room again, unless it was the person who took it out."""

    def __init__(self, context: PlaceContext, window: QMainWindow) -> None:
        super().__init__("Sync", window)
        self._context = context
        self._window = window
        self._panels: SyncPanels | None = None
        self.setObjectName("sync")
        self._is_making_room = False
        self._settles = QTimer(self, singleShot=True, interval=_SETTLES_MS)
        self._settles.timeout.connect(self.find_room)
        self.topLevelChanged.connect(self._note_who_moved_it)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        self.hide()
        self._watch_for_room()

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
        """Takes it out of the window where there is no room for it, and back where there is."""
        if not self.isFloating() and not self._fits():
            self._float()
        elif self.isFloating() and self._floats_for_room and self._fits():
            self.setFloating(False)
            self._note_that_it_floats(for_room=False)
        if self.isFloating() and not self.isHidden() and not self._window.isVisible():
            # What is shown before the window stands behind it.
            self.hide()
            QTimer.singleShot(0, self, self.show)

    @property
    def _floats_for_room(self) -> bool:
        return bool(self._context.remembered.value(_FOR_ROOM, False, bool))

    def _note_who_moved_it(self, floats: bool) -> None:
        # While a window is made it only comes to stand as it was left.
        if self._is_making_room or self._window.isVisible():
            self._note_that_it_floats(for_room=floats and self._is_making_room)

    def _note_that_it_floats(self, *, for_room: bool) -> None:
        self._context.remembered.setValue(_FOR_ROOM, for_room)
        self._watch_for_room()

    def _watch_for_room(self) -> None:
        if self._floats_for_room:
            self._window.installEventFilter(self)
        else:
            self._window.removeEventFilter(self)

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
        self._is_making_room = True
        self.setFloating(True)
        self._is_making_room = False
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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize) and self.isVisible():
            self._settles.start()
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.panels
        super().showEvent(event)
