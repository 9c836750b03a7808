"""The agreement of an agent with people over a range of runs: rates, and both side by side."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.progress import Cancelled
from app.services.acting import Acting
from app.services.agents import agreement as services
from app.services.agents.agreement import Against, Agreement
from app.views.agents.confusion_view import ConfusionView
from app.views.agents.verdicts_table import VerdictsTable
from app.views.background import Background, Work
from app.views.looks import words
from app.views.looks.theme import STEP, Themes
from app.views.widgets.plain import ChoiceBox, Label, ListItem

_LARGEST = 2**31 - 1
_COLUMN_ROLE = Qt.ItemDataRole.UserRole
_PARTS = [330, 300]
_LIST_WIDTH = 170
_AGAINST = (
    (Against.PEOPLE, "values set by hand"),
    (Against.NOW, "all present values"),
)


class AgreementPanel(QWidget):
    """Compares on request; the result stays until the next comparison.

    Signals: `opened(run_number, dataset)`.
    """

    opened = Signal(int, str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._agent = ""
        self._agreement: Agreement | None = None
        self._comparing = Work(background, self)
        self.first, self.last = _run_edit("First run"), _run_edit("Last run")
        self.against = ChoiceBox()
        for _, text in _AGAINST:
            self.against.addItem(text)
        self.against.setAccessibleName("Compared with")
        self.compare = QPushButton("Compare")
        self.stop = QPushButton("Stop")
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setFixedWidth(140)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.columns = QListWidget()
        self.columns.setAccessibleName("Columns")
        self.columns.setFrameShape(QFrame.Shape.NoFrame)
        self.columns.setFixedWidth(_LIST_WIDTH)
        self.confusion = ConfusionView(themes)
        self.only_differing = QCheckBox("Only where they differ")
        self.summary = Label()
        self.summary.setProperty("role", "muted")
        self.verdicts = VerdictsTable(themes)
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._show(None)

    def show_agent(self, name: str) -> None:
        """Switches to another agent, and compares it if the panel is visible."""
        if name == self._agent:
            return
        self._comparing.drop()
        self._agent = name
        self._show(None)
        if name and self.isVisible():
            self.start()

    def start_if_empty(self) -> None:
        """Compares unless there is a result already."""
        if self._agent and self._agreement is None and not self._comparing.is_running:
            self.start()

    def start(self) -> None:
        """Compares over the given runs, or over all."""
        if not self._agent:
            return
        first, last = self.first.text(), self.last.text()
        self.refusal.clear()
        self._comparing.start(
            self._compare(
                self._agent,
                int(first) if first else 1,
                int(last) if last else _LARGEST,
                _AGAINST[self.against.currentIndex()][0],
            )
        )

    async def _compare(self, agent: str, first: int, last: int, against: Against) -> None:
        acting, progress = self._acting, self._comparing.progress
        try:
            self._show(
                await self._background.read(
                    lambda: services.agreement(
                        acting, agent, first, last, against=against, progress=progress
                    )
                )
            )
        except Refused as error:
            self.refusal.setText(str(error))
        except Cancelled:
            self._show(None)

    def _show_running(self, running: bool) -> None:
        self.progress.setValue(0)
        self.progress.setVisible(running)
        self.stop.setVisible(running)
        self.compare.setVisible(not running)

    def _show(self, agreement: Agreement | None) -> None:
        self._agreement = agreement
        chosen = self.columns.currentItem()
        before = "" if chosen is None else str(chosen.data(_COLUMN_ROLE))
        columns = {} if agreement is None else dict(agreement.columns)
        self.columns.blockSignals(True)  # one signal, below
        self.columns.clear()
        for column, confusion in columns.items():
            item = ListItem(f"{column}   {words.percent(confusion.share)}")
            item.setToolTip(f"{words.number(confusion.compared)} LS compared")
            item.setData(_COLUMN_ROLE, column)
            self.columns.addItem(item)
        names = list(columns)
        self.columns.setCurrentRow(names.index(before) if before in names else 0 if names else -1)
        self.columns.blockSignals(False)
        self._parts.setVisible(bool(names))
        self.empty.setVisible(not names)
        self.empty.setText(
            f"{self._agent} has no values for these runs."
            if agreement is not None
            else "Compare the values of the agent with those of people, lumisection by lumisection."
        )
        self._choose()

    def _choose(self) -> None:
        item = self.columns.currentItem()
        column = "" if item is None else str(item.data(_COLUMN_ROLE))
        agreement = self._agreement
        self.confusion.show_confusion(
            column, None if agreement is None or not column else agreement.columns[column]
        )
        datasets = () if agreement is None else agreement.datasets
        rows = [dataset for dataset in datasets if dataset.column == column]
        differing = [dataset for dataset in rows if dataset.differing]
        shown = differing if self.only_differing.isChecked() else rows
        self.summary.setText(
            f"{words.counted(len(rows), 'dataset')}, {len(differing)} with differences"
            if rows
            else ""
        )
        self.verdicts.show_verdicts(shown, "There are no differences.")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        top.setSpacing(STEP)
        for widget in (
            Label("Runs"),
            self.first,
            Label("to"),
            self.last,
            Label("compared with"),
            self.against,
            self.compare,
            self.stop,
            self.progress,
        ):
            top.addWidget(widget)
        top.addWidget(self.refusal, 1)
        top.addStretch(0)
        upper = QWidget()
        figures = QHBoxLayout(upper)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(0)
        figures.addWidget(self.columns)
        figures.addWidget(self.confusion, 1)
        lower = QWidget()
        side = QVBoxLayout(lower)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(3 * STEP)
        name = Label("Side by side: people in the strip above, the agent below")
        line.addWidget(name)
        line.addWidget(self.summary)
        line.addStretch(1)
        line.addWidget(self.only_differing)
        side.addLayout(line)
        side.addWidget(self.verdicts, 1)
        self._parts = QSplitter(Qt.Orientation.Vertical)
        self._parts.addWidget(upper)
        self._parts.addWidget(lower)
        self._parts.setSizes(_PARTS)
        self._parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._parts, 1)
        layout.addWidget(self.empty, 1)
        self._show_running(False)

    def _connect(self) -> None:
        self.compare.clicked.connect(self.start)
        self.stop.clicked.connect(self._comparing.stop)
        self._comparing.running_changed.connect(self._show_running)
        self._comparing.progressed.connect(lambda share: self.progress.setValue(round(100 * share)))
        for line in (self.first, self.last):
            line.returnPressed.connect(self.start)
        self.against.currentIndexChanged.connect(lambda _: self.start())
        self.columns.currentItemChanged.connect(self._choose)
        self.only_differing.toggled.connect(self._choose)
        self.verdicts.opened.connect(self.opened)


def _run_edit(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText("all")
    line.setAccessibleName(name)
    line.setToolTip(f"{name}; all without")
    line.setFixedWidth(84)
    line.setValidator(QIntValidator(1, _LARGEST, line))
    return line
