"""A line that shows how far long work is, with a button that stops it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from app.views.background import Background, Work
from app.views.looks.theme import STEP
from app.views.widgets.plain import Label

_WHOLE = 1000


class ShareDone(QWidget):
    """Is seen only while its work runs.

    Reading is dropped when the person stops it; the outcome of writing (`writes`) still arrives,
    since it may be too late to stop it. Signals: `stopped()` when reading was stopped.
    """

    stopped = Signal()

    def __init__(
        self,
        background: Background,
        text: str,
        parent: QWidget | None = None,
        *,
        writes: bool = False,
    ) -> None:
        super().__init__(parent)
        self._writes = writes
        self.work = Work(background, self)
        self.progress = QProgressBar()
        self.progress.setRange(0, _WHOLE)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(text)
        self.cancel = QPushButton("Stop")
        self.cancel.setAutoDefault(False)
        label = Label(text)
        label.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3 * STEP, STEP, 3 * STEP, STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(label)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.cancel)
        self.cancel.clicked.connect(self.stop)
        self.work.progressed.connect(self._show_share)
        self.work.running_changed.connect(self._show_running)
        self.hide()

    def stop(self) -> None:
        """Stops the work."""
        if self._writes:
            self.cancel.setEnabled(False)
            self.work.stop()
        elif self.work.is_running:
            self.work.drop()
            self.stopped.emit()

    def _show_running(self, running: bool) -> None:
        self.progress.setValue(0)
        self.cancel.setEnabled(True)
        self.setVisible(running)

    def _show_share(self, share: float) -> None:
        self.progress.setValue(round(_WHOLE * share))
