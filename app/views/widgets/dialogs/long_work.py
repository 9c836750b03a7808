"""A bar that shows how far long work is and stops it; what is stopped leaves nothing behind."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Cancelled, Progress
from app.views.background import Background, Steps, Work
from app.views.looks.theme import STEP
from app.views.widgets.plain import Label

Result = TypeVar("Result")
Report = Callable[[float], None]
Asked = Callable[[], bool]

_STEPS = 1000


class LongWork(QWidget):
    """Runs one piece of work at a time, and shows how far it is.

    Signals: `running_changed(bool)`; `failed(str)` after it ended without an outcome, with the
    reason, which may be that the person cancelled it.
    """

    running_changed = Signal(bool)
    failed = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._work = Work(background, self)
        self._failure = ""
        self._then: Callable[[], None] | None = None
        self.step = Label()
        self.step.setProperty("role", "muted")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.stop_button = QPushButton("Cancel")
        self.stop_button.setToolTip("Cancel: nothing is written (Esc)")
        self.stop_button.setAutoDefault(False)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * STEP)
        line.addWidget(self.step)
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        self.stop_button.clicked.connect(self.cancel)
        self._work.progressed.connect(self._show)
        self._work.running_changed.connect(self._running_changed)
        self.hide()

    @property
    def is_running(self) -> bool:
        """Whether work is under way."""
        return self._work.is_running

    def start(self, step: str, work: Callable[[Progress], Steps]) -> None:
        """Runs a coroutine, unless something is under way; `step` names what it does.

        It takes the progress to hand to a service. What it doesn't catch arrives by `failed`.
        """
        if self.is_running:
            return
        self._failure = ""
        self.step.setText(step)
        self.progress.setRange(0, 0)
        self.stop_button.setEnabled(True)
        self._work.start(self._guarded(work))

    async def _guarded(self, work: Callable[[Progress], Steps]) -> None:
        try:
            await work(self._work.progress)
        except (Refused, Cancelled) as error:
            self._failure = str(error)
        except Unavailable as error:
            self._failure = error.advised

    def run(
        self,
        step: str,
        work: Callable[[Report, Asked], Result | None],
        then: Callable[[Result], None],
        nothing: str = "Cancelled: nothing was written.",
    ) -> None:
        """Like `start`, with callbacks; None means that the work stopped."""

        async def steps(progress: Progress) -> None:
            result = await self._background.act(
                lambda: work(progress.tell, lambda: self._work.is_stopping)
            )
            if result is None:
                self._failure = nothing
            else:
                self._then = lambda: then(result)

        self.start(step, steps)

    def cancel(self) -> None:
        """Asks the work to stop; the outcome still arrives."""
        if self.is_running:
            self._work.stop()
            self.stop_button.setEnabled(False)
            self.step.setText("Cancelling ...")
            self.progress.setRange(0, 0)

    def _show(self, share: float) -> None:
        if not self._work.is_stopping:
            self.progress.setRange(0, _STEPS)
            self.progress.setValue(round(share * _STEPS))

    def _running_changed(self, running: bool) -> None:
        self.setVisible(running)
        self.running_changed.emit(running)
        if running:
            return
        then, self._then = self._then, None
        if self._failure:
            self.failed.emit(self._failure)
        elif then is not None:
            then()
