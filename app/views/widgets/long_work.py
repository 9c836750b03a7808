"""A bar that shows how far long work is and stops it; what is stopped leaves nothing behind."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from app.domain.errors import Refused, Unavailable
from app.views.background import Background
from app.views.stoppable import Attempt
from app.views.theme import STEP
from app.views.widgets.plain import Label

Result = TypeVar("Result")
Report = Callable[[float], None]
Asked = Callable[[], bool]

_STEPS = 1000


class LongWork(QWidget):
    """Runs one piece of work at a time.

    Signals: `running_changed(bool)`; `failed(str)` with why it came to nothing, which includes
    that the person cancelled it.
    """

    running_changed = Signal(bool)
    failed = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._attempt: Attempt | None = None
        self.step = Label()
        self.step.setProperty("role", "muted")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.stop_button = QPushButton("Cancel")
        self.stop_button.setToolTip("Stop it: nothing is left behind (Esc)")
        self.stop_button.setAutoDefault(False)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * STEP)
        line.addWidget(self.step)
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        self.stop_button.clicked.connect(self.cancel)
        self.hide()

    @property
    def is_running(self) -> bool:
        return self._attempt is not None

    def run(
        self,
        step: str,
        work: Callable[[Report, Asked], Result | None],
        then: Callable[[Result], None],
        nothing: str = "Cancelled: nothing was written.",
    ) -> None:
        """Runs `work` with a function that takes the share done and one that asks whether to
        stop; None means that it stopped."""
        if self.is_running:
            return
        # Without its job: the end of the program waits for work like a write to end by itself.
        attempt = self._attempt = Attempt(self)
        attempt.progressed.connect(self._show)
        self.step.setText(step)
        self.progress.setRange(0, 0)
        self.stop_button.setEnabled(True)
        self.show()
        self.running_changed.emit(True)

        def arrived(result: Result | None) -> None:
            if result is None:
                self.failed.emit(nothing)
            else:
                then(result)

        self._background.act_then(
            lambda: work(attempt.tell, attempt.is_cancelled),
            arrived,
            owner=self,
            refused=self._refused,
            unavailable=self._unavailable,
            finished=self._finished,
        )

    def cancel(self) -> None:
        """Asks the work to stop; the outcome still arrives."""
        if self._attempt is not None:
            self._attempt.cancel()
            self.stop_button.setEnabled(False)
            self.step.setText("Cancelling ...")
            self.progress.setRange(0, 0)

    def _show(self, share: float) -> None:
        if self._attempt is not None and not self._attempt.stopping:
            self.progress.setRange(0, _STEPS)
            self.progress.setValue(round(share * _STEPS))

    def _refused(self, error: Refused) -> None:
        self.failed.emit(str(error))

    def _unavailable(self, error: Unavailable) -> None:
        self.failed.emit(f"{error} Nothing was written: try again.")

    def _finished(self) -> None:
        self._attempt = None
        self.hide()
        self.running_changed.emit(False)
