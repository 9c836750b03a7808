"""Ages tick: what says how long ago something was says it anew as time goes on."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QAbstractItemView, QWidget

_EVERY_MS = 5000


class Ages(QObject):
    """Calls `tell` every few seconds while a widget is seen, and whenever it comes to be seen.

    A table whose model says ages at the time it is asked only has to be painted anew.
    """

    def __init__(self, widget: QWidget, tell: Callable[[], object]) -> None:
        super().__init__(widget)
        self._tell = tell
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.tick)
        widget.installEventFilter(self)
        if widget.isVisible():
            self._clock.start()

    @classmethod
    def of_table(cls, table: QAbstractItemView) -> "Ages":
        """Paints a table anew."""
        return cls(table, lambda: table.viewport().update())

    def tick(self) -> None:
        """Tells the ages as they are now."""
        self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._tell()
            self._clock.start()
        elif event.type() == QEvent.Type.Hide:
            self._clock.stop()
        return super().eventFilter(watched, event)
