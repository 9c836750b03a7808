"""Why the run a person looks at has its class, its significance, or a status in a lumisection."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration
from app.domain.keys import ONLINE
from app.services.classifying.why import Why
from app.views.backend.configuration import CLASS, SIGNIFICANCE, ConfigurationParts, WhyAsked
from app.views.background import Background, Job
from app.views.configuration.why_view import WhyView
from app.views.theme import STEP, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_SIZE = (1080, 640)
_AFTER_MS = 60
_LARGEST = 99_999


class WhyClassDialog(QDialog):
    """A window of its own beside the run: a choice of what is asked, and the classifiers."""

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        run_number: int,
        dataset: str = ONLINE,
        subject: str = CLASS,
        lumisection: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Why? Run {run_number}")
        self.resize(*_SIZE)
        self._parts = parts
        self._background = background
        self._run_number = run_number
        self._dataset = dataset
        self._job: Job[Why] | None = None
        self.subject = QComboBox()
        self.subject.setAccessibleName("What is asked")
        self.subject.setToolTip("The class, the significance, or a column in a lumisection")
        self.lumisection = QSpinBox()
        self.lumisection.setAccessibleName("Lumisection")
        self.lumisection.setRange(1, _LARGEST)
        self.lumisection.setValue(lumisection)
        self.lumisection.setKeyboardTracking(False)
        self.lumisection.setFixedWidth(72)
        self.bar = LoadingBar(themes)
        self.view = WhyView(themes)
        where = "" if dataset == ONLINE else f" of {dataset}"
        label = Label(f"Why has run {run_number}{where} its")
        self._ls = Label("in LS")
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        for widget in (label, self.subject, self._ls, self.lumisection):
            line.addWidget(widget)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.bar)
        layout.addWidget(self.view, 1)
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(self._ask)
        self.subject.addItem(subject, subject)
        self.subject.currentIndexChanged.connect(self._ask)
        self.lumisection.valueChanged.connect(self._timer.start)
        background.read_then(parts.configuration, self._offer, owner=self)
        self._ask()

    def _offer(self, configuration: Configuration) -> None:
        online = self._dataset == ONLINE
        columns: Sequence[str] = (
            configuration.online_columns if online else configuration.offline_columns
        )
        chosen = str(self.subject.currentData())
        self.subject.blockSignals(True)  # the same stays chosen
        self.subject.clear()
        self.subject.addItem("class", CLASS)
        self.subject.addItem("significance", SIGNIFICANCE)
        for column in columns:
            self.subject.addItem(column, column)
        row = self.subject.findData(chosen)
        self.subject.setCurrentIndex(max(row, 0))
        self.subject.blockSignals(False)
        if row < 0:
            self._ask()

    def _ask(self) -> None:
        subject = str(self.subject.currentData())
        of_column = subject not in (CLASS, SIGNIFICANCE)
        self._ls.setVisible(of_column)
        self.lumisection.setVisible(of_column)
        if self._job is not None:
            self._job.cancel()
        parts = self._parts
        asked = WhyAsked(self._run_number, subject, self._dataset, self.lumisection.value())
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: parts.why(asked),
            self.view.show_why,
            owner=self,
            refused=lambda error: self.view.show_why(None, str(error)),
            finished=self._arrived,
        )

    def _arrived(self) -> None:
        self._job = None
        self.bar.set_loading(False)
