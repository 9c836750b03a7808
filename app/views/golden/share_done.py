"""A line that says how far a long reading is, with a button that stops it."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from app.domain.errors import Refused
from app.views.backend.workbench import IsCancelled, Tell
from app.views.background import Background, Job
from app.views.theme import STEP
from app.views.widgets.plain import Label

Result = TypeVar("Result")

_WHOLE = 1000


class ShareDone(QWidget):
    """Runs one thing at a time and is seen only while it runs.

    Signals: `stopped()` when the person stopped it.
    """

    stopped = Signal()
    _told = Signal(float)

    def __init__(self, background: Background, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._job: Job[object] | None = None
        self.progress = QProgressBar()
        self.progress.setRange(0, _WHOLE)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(text)
        self.cancel = QPushButton("Stop")
        label = Label(text)
        label.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3 * STEP, STEP, 3 * STEP, STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(label)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.cancel)
        self.cancel.clicked.connect(self._stop_asked)
        self._told.connect(self._show_share)
        self.hide()

    @property
    def running(self) -> bool:
        return self._job is not None

    def start(
        self,
        work: Callable[[Tell, IsCancelled], Result | None],
        then: Callable[[Result], None],
        refused: Callable[[Refused], None],
    ) -> None:
        """Runs `work`, which gives None when it was stopped; what ran before is stopped."""
        self.stop()
        self.progress.setValue(0)
        self.show()
        started: list[Job[Result | None]] = []

        def is_cancelled() -> bool:
            return bool(started) and started[0].is_cancelled()

        def done(result: Result | None) -> None:
            if result is not None:
                then(result)

        job = self._background.act_then(
            lambda: work(self._told.emit, is_cancelled),
            done,
            owner=self,
            refused=refused,
            finished=self._finished,
        )
        started.append(job)
        self._job = job  # type: ignore[assignment]

    def stop(self) -> None:
        """Stops what runs; nothing comes of it."""
        if self._job is not None:
            self._job.cancel()
        self._finished()

    def _finished(self) -> None:
        self._job = None
        self.hide()

    def _stop_asked(self) -> None:
        self.stop()
        self.stopped.emit()

    def _show_share(self, share: float) -> None:
        self.progress.setValue(round(_WHOLE * share))
