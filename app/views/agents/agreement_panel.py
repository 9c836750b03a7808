"""How far an agent agrees with people over a range of runs: figures, and verdicts side by side."""

import threading

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
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
from app.services.agents.agreement import Against, Agreement
from app.views import words
from app.views.agents.confusion_view import ConfusionView, percent
from app.views.agents.verdicts_table import VerdictsTable
from app.views.backend.agents import Agents
from app.views.background import Background, Job
from app.views.theme import STEP, Themes
from app.views.widgets.plain import Label, ListItem

_LARGEST = 2**31 - 1
_COLUMN_ROLE = Qt.ItemDataRole.UserRole
_PARTS = [330, 300]
_LIST_WIDTH = 170
_AGAINST = (
    (Against.PEOPLE, "what people set by hand"),
    (Against.NOW, "all that holds now"),
)


class AgreementPanel(QWidget):
    """Compared when it is asked for; stays until something else is compared.

    Signals: `opened(run_number, dataset)`.
    """

    opened = Signal(int, str)
    _told = Signal(float)

    def __init__(
        self,
        agents: Agents,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._agents = agents
        self._background = background
        self._agent = ""
        self._found: Agreement | None = None
        self._job: Job[Agreement | None] | None = None
        self._stopped = threading.Event()
        self.first, self.last = _run_edit("First run"), _run_edit("Last run")
        self.against = QComboBox()
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
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._show(None)

    @property
    def found(self) -> Agreement | None:
        """What is shown."""
        return self._found

    def show_agent(self, name: str) -> None:
        """Goes over to another agent, and compares it."""
        if name == self._agent:
            return
        self._agent = name
        self._show(None)
        if name and self.isVisible():
            self.start()

    def start_if_empty(self) -> None:
        """Compares when nothing was compared yet."""
        if self._agent and self._found is None and self._job is None:
            self.start()

    def start(self) -> None:
        """Compares over the runs that are named, over all without."""
        if not self._agent:
            return
        self._end()
        first, last = self.first.text(), self.last.text()
        agents, agent, stopped = self._agents, self._agent, threading.Event()
        self._stopped = stopped
        against = _AGAINST[self.against.currentIndex()][0]
        runs = (int(first) if first else 1, int(last) if last else _LARGEST)
        self.refusal.clear()
        self._running(running=True)
        self._job = self._background.read_then(
            lambda: agents.agreement(agent, *runs, against, self._told.emit, stopped.is_set),
            self._show,
            owner=self,
            refused=self._refuse,
            finished=self._finish,
        )

    def _stop(self) -> None:
        self._stopped.set()

    def _end(self) -> None:
        self._stopped.set()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _finish(self) -> None:
        self._job = None
        self._running(running=False)

    def _running(self, *, running: bool) -> None:
        self.progress.setValue(0)
        self.progress.setVisible(running)
        self.stop.setVisible(running)
        self.compare.setVisible(not running)

    def _refuse(self, error: Refused) -> None:
        self.refusal.setText(str(error))

    def _show(self, found: Agreement | None) -> None:
        self._found = found
        chosen = self.columns.currentItem()
        before = "" if chosen is None else str(chosen.data(_COLUMN_ROLE))
        columns = {} if found is None else dict(found.columns)
        self.columns.blockSignals(True)  # one choice, below
        self.columns.clear()
        for column, confusion in columns.items():
            item = ListItem(f"{column}   {percent(confusion.share)}")
            item.setToolTip(f"{words.number(confusion.compared)} LS compared")
            item.setData(_COLUMN_ROLE, column)
            self.columns.addItem(item)
        names = list(columns)
        self.columns.setCurrentRow(names.index(before) if before in names else 0 if names else -1)
        self.columns.blockSignals(False)
        self._parts.setVisible(bool(names))
        self.words.setVisible(not names)
        self.words.setText(
            f"{self._agent} said nothing about these runs."
            if found is not None
            else "Compare what the agent said with what people said, lumisection by lumisection."
        )
        self._choose()

    def _choose(self) -> None:
        item = self.columns.currentItem()
        column = "" if item is None else str(item.data(_COLUMN_ROLE))
        found = self._found
        self.confusion.show_confusion(
            column, None if found is None or not column else found.columns[column]
        )
        rows = [] if found is None else [each for each in found.datasets if each.column == column]
        shown = [each for each in rows if each.differing or not self.only_differing.isChecked()]
        differing = sum(bool(each.differing) for each in rows)
        self.summary.setText(
            f"{words.counted(len(rows), 'dataset')}, {words.number(differing)} with differences"
            if rows
            else ""
        )
        self.verdicts.show_verdicts(shown, "They differ nowhere.")

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
        name = Label("Side by side: people's verdicts in the strip above, the agent's below")
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
        layout.addWidget(self.words, 1)
        self._running(running=False)

    def _connect(self) -> None:
        self.compare.clicked.connect(self.start)
        self.stop.clicked.connect(self._stop)
        for line in (self.first, self.last):
            line.returnPressed.connect(self.start)
        self.against.currentIndexChanged.connect(lambda _: self.start())
        self.columns.currentItemChanged.connect(self._choose)
        self.only_differing.toggled.connect(self._choose)
        self.verdicts.opened.connect(self.opened)
        self._told.connect(lambda share: self.progress.setValue(round(100 * share)))


def _run_edit(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText("all")
    line.setAccessibleName(name)
    line.setToolTip(f"{name}; all without")
    line.setFixedWidth(84)
    line.setValidator(QIntValidator(1, _LARGEST, line))
    return line
