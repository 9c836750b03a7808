"""What other threads announce, brought to the window: what was written, and the connection."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.services.news import Change, News
from app.views.background import Background

_CHANGES_TOGETHER_MS = 200


class WindowNews(QObject):
    """Gathers changes that come in quick succession; the background hears of the connection.

    Signals: `changed(frozenset of run numbers)`, an empty one where any run may have changed;
    `wish_heard(int)`: somebody made a wish, or a puller did one; `connection_changed(bool, str)`
    with the reason of a loss.
    """

    changed = Signal(object)
    connection_changed = Signal(bool, str)
    wish_heard = Signal(int)
    _change_arrived = Signal(object)
    _connection_arrived = Signal(bool, str)

    def __init__(self, news: News, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._run_numbers: set[int] = set()
        self._is_any = False
        self._timer = QTimer(self, singleShot=True, interval=_CHANGES_TOGETHER_MS)
        self._timer.timeout.connect(self._tell)
        self._change_arrived.connect(self._gather)
        self._connection_arrived.connect(self._note_connection)
        # Signals cross over to the thread of the window.
        self._unsubscribe = news.subscribe(self._change_arrived.emit, self._connection_arrived.emit)

    def stop(self) -> None:
        """Listens no more."""
        self._timer.stop()
        self._unsubscribe()

    def _gather(self, change: Change) -> None:
        if change.presence is not None:
            return  # the editors of that dataset listen for themselves
        if change.wish is not None:
            self.wish_heard.emit(change.wish)
            return
        self._run_numbers |= change.run_numbers
        self._is_any |= not change.run_numbers
        if not self._timer.isActive():
            self._timer.start()

    def _tell(self) -> None:
        run_numbers = frozenset() if self._is_any else frozenset(self._run_numbers)
        self._run_numbers.clear()
        self._is_any = False
        self.changed.emit(run_numbers)

    def _note_connection(self, connected: bool, reason: str) -> None:
        if connected:
            self._background.back()
        else:
            self._background.lost(reason)
        self.connection_changed.emit(connected, reason)
