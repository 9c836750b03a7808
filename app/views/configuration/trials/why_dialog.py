"""Why a run has its class or significance, or a column its status in a lumisection."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.services.acting import Acting
from app.services.classifying.why import CLASS, SIGNIFICANCE, Question, why
from app.services.configuration import in_force
from app.views.background import Background, Work
from app.views.configuration.trials.why_view import WhyView
from app.views.looks.theme import STEP, Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import ChoiceBox, Label

_SIZE = (1080, 640)
_AFTER_MS = 60
_LARGEST = 99_999


class WhyClassDialog(QDialog):
    """A window with a choice of questions about a run, and the classifiers that answer them."""

    def __init__(
        self,
        acting: Acting,
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
        resize_to_fit(self, *_SIZE)
        self._acting = acting
        self._background = background
        self._run_number = run_number
        self._dataset = dataset
        self._explaining = Work(background, self)
        self.subject = ChoiceBox()
        self.subject.setAccessibleName("Question")
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
        self._explaining.running_changed.connect(self.bar.set_loading)
        background.run(self._offer_columns(), self)
        self._ask()

    async def _offer_columns(self) -> None:
        acting = self._acting
        self._offer(await self._background.read(lambda: in_force.current(acting)))

    def _offer(self, configuration: Configuration) -> None:
        online = self._dataset == ONLINE
        columns: Sequence[str] = (
            configuration.online_columns if online else configuration.offline_columns
        )
        chosen = str(self.subject.currentData())
        self.subject.blockSignals(True)  # the choice stays the same
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
        self._explaining.start(
            self._explain(
                Question(self._run_number, subject, self._dataset, self.lumisection.value())
            )
        )

    async def _explain(self, question: Question) -> None:
        acting = self._acting
        try:
            self.view.show_why(await self._background.read(lambda: why(acting, question)))
        except Refused as error:
            self.view.show_why(None, str(error))
