"""What a change would do to runs, before it is saved."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.classifying.trial import ColumnChange, RunTrial
from app.domain.configuration.in_force import Kind
from app.domain.errors import Refused
from app.domain.lumisections import format_ranges, parse_ranges
from app.services.classifying.trials import MOST, Draft, Tried
from app.services.classifying.why import Why
from app.views import words
from app.views.backend.configuration import CLASS, SIGNIFICANCE, ConfigurationParts, WhyAsked
from app.views.background import Background, Job
from app.views.configuration.why_view import WhyView
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes, set_property
from app.views.widgets.long_work import Asked, LongWork, Report
from app.views.widgets.plain import Label, TreeItem

_PARTS = [260, 260]
_LAST = (200, 50, 10, 1000)
_ASKED = Qt.ItemDataRole.UserRole
_RUN = Qt.ItemDataRole.UserRole + 1
_MOST_RUNS_SHOWN = 500


class TrialPanel(QWidget):
    """Runs the rule as it is written; a line that is chosen shows why, below.

    Signals: `run_wanted(run_number, dataset)`.
    """

    run_wanted = Signal(int, str)

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        draft: Callable[[], Draft],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._background = background
        self._themes = themes
        self._draft = draft
        self._tried_draft: Draft | None = None
        self._job: Job[Why] | None = None
        self.tried: Tried | None = None
        self.last = QComboBox()
        for number in _LAST:
            self.last.addItem(f"last {number} runs", number)
        self.last.setAccessibleName("How many runs")
        self.runs = QLineEdit(placeholderText="or runs, e.g. 355100-355110")
        self.runs.setAccessibleName("Runs")
        self.runs.setToolTip("Run numbers and ranges; empty: the last runs (Enter: try)")
        self.start = QPushButton("Try")
        self.start.setToolTip("What the change as it is written does to these runs (Ctrl+Return)")
        self.work = LongWork(background)
        self.said = Label(wordWrap=True)
        self.said.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        self.results = QTreeWidget()
        self.why = WhyView(themes)
        self._lay_out()
        self.start.clicked.connect(self.run)
        self.runs.returnPressed.connect(self.run)
        self.work.failed.connect(lambda text: self._say(text, "refusal"))
        self.work.running_changed.connect(lambda running: self.start.setEnabled(not running))
        self.results.currentItemChanged.connect(self._ask_why)
        self.results.itemActivated.connect(self._open)
        themes.changed.connect(self._dress)
        self.forget()

    def run(self) -> None:
        """Tries what is written on the runs that are chosen."""
        if self.work.is_running:
            return
        try:
            draft = self._draft()
            chosen = self._chosen()
        except Refused as error:
            self._say(str(error), "refusal")
            return
        self._tried_draft = draft
        parts, last = self._parts, int(self.last.currentData())

        def work(report: Report, asked: Asked) -> Tried | None:
            return parts.try_draft(draft, chosen, last, report, asked)

        self._say("", "muted")
        self.work.run("Trying", work, self._show, "Cancelled.")

    def forget(self) -> None:
        """Another item is looked at: what was tried is no longer of it."""
        self.tried = None
        self.results.clear()
        self.results.hide()
        self.why.hide()
        self._say(
            "Try shows which runs and lumisections would get another value, before anything is"
            " saved.",
            "muted",
        )

    def outdated(self) -> None:
        """The rule was changed after it was tried."""
        if self.tried is not None and "since" not in self.said.text():
            self.said.setText(f"{self.said.text()} The rule was changed since: try again.")

    def _chosen(self) -> tuple[int, ...] | None:
        text = self.runs.text().strip()
        if not text:
            return None
        ranges = parse_ranges(text)
        if sum(last - first + 1 for first, last in ranges) > MOST:
            raise Refused(f"These are more than {MOST} runs.")
        return tuple(each for first, last in ranges for each in range(first, last + 1))

    def _show(self, tried: Tried) -> None:
        self.tried = tried
        changed = tried.changed
        self.results.clear()
        for run in changed[:_MOST_RUNS_SHOWN]:
            self.results.addTopLevelItem(self._line(run))
        lines = self.results.topLevelItemCount()
        for row in range(lines):
            line = self.results.topLevelItem(row)
            if line is not None:
                line.setExpanded(lines <= 20)
        self._dress(self._themes.theme)
        self.results.setVisible(bool(changed))
        self.why.setVisible(bool(changed))
        said = f"{words.counted(len(tried.runs), 'run')} tried"
        if not tried.runs:
            said = "There is no run to try it on"
        elif not changed:
            said += ", nothing changes"
        else:
            cells = sum(column.lumisections for run in changed for column in run.columns)
            said += f", {words.counted(len(changed), 'run')} would change"
            said += f", {words.number(cells)} lumisections" if cells else ""
        if tried.nowhere:
            said += f". None of them has {', '.join(tried.nowhere)}"
        if len(changed) > _MOST_RUNS_SHOWN:
            said += f". The first {_MOST_RUNS_SHOWN} are shown"
        self._say(f"{said}.", "warning" if tried.nowhere else "title")
        first = self.results.topLevelItem(0)
        if first is not None:
            self.results.setCurrentItem(first)

    def _line(self, run: RunTrial) -> QTreeWidgetItem:
        before, after, what = _summary(run)
        line = TreeItem([str(run.run_number), what, before, after])
        line.setData(0, _RUN, run.run_number)
        line.setSizeHint(0, QSize(0, ROW_HEIGHT))
        line.setData(0, _ASKED, self._asked(run, None))
        if run.by_hand and (run.class_ or run.significant):
            line.setText(1, f"{what}, by hand")
            line.setToolTip(1, "A person's word stands before what the classifiers say")
        for column in run.columns:
            for change in column.changes:
                child = TreeItem(
                    [
                        f"LS {format_ranges((change.lumisections,))}",
                        column.column,
                        change.before or "not classified",
                        change.after or "not classified",
                    ]
                )
                child.setData(0, _RUN, run.run_number)
                child.setData(0, _ASKED, self._asked(run, column, change.lumisections.first))
                line.addChild(child)
        for each in run.datasets:
            child = TreeItem(["", f"{each.workspace} of {each.dataset}"])
            child.setText(2, each.before or "undecided")
            child.setText(3, each.after or "undecided")
            child.setData(0, _RUN, run.run_number)
            line.addChild(child)
        return line

    def _asked(
        self, run: RunTrial, column: ColumnChange | None, lumisection: int = 0
    ) -> WhyAsked | None:
        draft = self._tried_draft
        if draft is None:
            return None
        if column is None and run.columns and draft.kind is Kind.COMPONENT:
            column = run.columns[0]
            lumisection = column.changes[0].lumisections.first
        if column is not None:
            dataset = "online" if column.online else ""
            return WhyAsked(run.run_number, column.column, dataset, lumisection, draft)
        if draft.kind is Kind.CLASS:
            return WhyAsked(run.run_number, CLASS, draft=draft)
        if draft.kind is Kind.DATASET:
            return WhyAsked(run.run_number, SIGNIFICANCE, draft=draft)
        return None

    def _ask_why(self, current: QTreeWidgetItem | None, _before: object) -> None:
        asked = None if current is None else current.data(0, _ASKED)
        if self._job is not None:
            self._job.cancel()
        if not isinstance(asked, WhyAsked):
            self.why.show_why(None)
            return
        parts = self._parts
        self._job = self._background.read_then(
            lambda: parts.why(asked),
            self.why.show_why,
            owner=self,
            refused=lambda error: self.why.show_why(None, str(error)),
        )

    def _open(self, item: QTreeWidgetItem) -> None:
        self.run_wanted.emit(int(item.data(0, _RUN)), "online")

    def _say(self, text: str, role: str) -> None:
        self.said.setText(text)
        set_property(self.said, "role", role)

    def _dress(self, theme: Theme) -> None:
        for row in range(self.results.topLevelItemCount()):
            line = self.results.topLevelItem(row)
            if line is None:
                continue
            for column in range(4):
                line.setForeground(column, theme.colour("text"))
            if self.tried is not None and self.tried.changed[row].problem:
                line.setForeground(1, theme.colour("danger"))

    def _lay_out(self) -> None:
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(Label("On the"))
        line.addWidget(self.last)
        line.addWidget(self.runs, 1)
        line.addWidget(self.start)
        results = self.results
        results.setAccessibleName("What changes")
        results.setToolTip("Enter opens the run")
        results.setColumnCount(4)
        results.setHeaderLabels(["Run", "What", "Before", "After"])
        results.setUniformRowHeights(True)
        results.setFrameShape(results.Shape.NoFrame)
        header = results.header()
        header.setStretchLastSection(False)
        header.resizeSection(0, 130)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(results)
        splitter.addWidget(self.why)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        self.work.setContentsMargins(2 * STEP, 0, 2 * STEP, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.work)
        layout.addWidget(self.said)
        layout.addWidget(splitter, 1)
        layout.addStretch(0)


def _summary(run: RunTrial) -> tuple[str, str, str]:
    """What a run's line says: before, after, and of what."""
    if run.problem:
        return "", "", run.problem
    if run.class_ is not None:
        before, after = (each or "no class" for each in run.class_)
        if run.significant is None:
            return before, after, "class"
        return (
            f"{before}, {_significant(run.significant[0])}",
            f"{after}, {_significant(run.significant[1])}",
            "class and significance",
        )
    if run.significant is not None:
        return _significant(run.significant[0]), _significant(run.significant[1]), "significance"
    if run.columns:
        return "", "", _columns(run.columns)
    if run.datasets:
        return "", "", words.counted(len(run.datasets), "dataset")
    return ", ".join(run.lost), ", ".join(run.gained), "datasets"


def _columns(columns: Sequence[ColumnChange]) -> str:
    lumisections = sum(each.lumisections for each in columns)
    names = ", ".join(each.column for each in columns[:3])
    return f"{names}, {words.number(lumisections)} LS"


def _significant(significant: bool) -> str:
    return "significant" if significant else "not significant"
