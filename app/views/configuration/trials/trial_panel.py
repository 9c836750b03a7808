"""The effect of an unsaved change on runs."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
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
from app.domain.lumisections import format_ranges
from app.domain.progress import Cancelled, Progress
from app.services.acting import Acting
from app.services.classifying import trials
from app.services.classifying.trials import Draft, Tried, parse_runs
from app.services.classifying.why import CLASS, SIGNIFICANCE, Question, why
from app.views.background import Background, Work
from app.views.configuration.trials.why_view import WhyView
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes, set_property
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.plain import ChoiceBox, Label, TreeItem

_PARTS = [260, 260]
_LAST = (200, 50, 10, 1000)
_QUESTION = Qt.ItemDataRole.UserRole
_RUN = Qt.ItemDataRole.UserRole + 1
_MOST_RUNS_SHOWN = 500


class TrialPanel(QWidget):
    """Tries the unsaved rule; the selected line is explained below.

    Signals: `run_wanted(run_number, dataset)`.
    """

    run_wanted = Signal(int, str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        draft: Callable[[], Draft],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._themes = themes
        self._draft = draft
        self._tried_draft: Draft | None = None
        self._explaining = Work(background, self)
        self.tried: Tried | None = None
        self._is_outdated = False
        self.last = ChoiceBox()
        for number in _LAST:
            self.last.addItem(f"last {number} runs", number)
        self.last.setAccessibleName("How many runs")
        self.runs = QLineEdit(placeholderText="or runs, e.g. 355100-355110")
        self.runs.setAccessibleName("Runs")
        self.runs.setToolTip("Run numbers and ranges; empty: the last runs (Enter: try)")
        self.start = QPushButton("Try")
        self.start.setToolTip("Show what the unsaved change would do to these runs (Ctrl+Return)")
        self.work = LongWork(background)
        self.summary = Label(wordWrap=True)
        self.summary.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        self.results = QTreeWidget()
        self.why = WhyView(themes)
        self._lay_out()
        self.start.clicked.connect(self.run)
        self.runs.returnPressed.connect(self.run)
        self.work.failed.connect(lambda text: self._say(text, "refusal"))
        self.work.running_changed.connect(lambda running: self.start.setEnabled(not running))
        self.results.currentItemChanged.connect(self._choose)
        self.results.itemActivated.connect(self._open)
        themes.changed.connect(self._apply_theme)
        self.forget()

    def run(self) -> None:
        """Tries the unsaved change on the chosen runs."""
        if self.work.is_running:
            return
        try:
            draft = self._draft()
            chosen = parse_runs(text) if (text := self.runs.text().strip()) else None
        except Refused as error:
            self._say(str(error), "refusal")
            return
        self._tried_draft = draft
        last = int(self.last.currentData())
        self._say("", "muted")
        self.work.start("Trying", lambda progress: self._try(draft, chosen, last, progress))

    async def _try(
        self, draft: Draft, chosen: Sequence[int] | None, last: int, progress: Progress
    ) -> None:
        acting = self._acting
        try:
            tried = await self._background.read(
                lambda: trials.try_draft(acting, draft, chosen, last=last, progress=progress)
            )
        except Cancelled:
            self._say("Cancelled.", "refusal")
        else:
            self._show(tried)

    def forget(self) -> None:
        """Clears the panel for another item."""
        self._explaining.drop()
        self.tried = None
        self.results.clear()
        self.results.hide()
        self.why.hide()
        self._say(
            "Try shows which runs and lumisections would change, before anything is saved.",
            "muted",
        )

    def outdated(self) -> None:
        """Marks the shown result as outdated."""
        if self.tried is not None and "since" not in self.summary.text():
            self.summary.setText(f"{self.summary.text()} The rule was changed since: try again.")
            self._is_outdated = True
            self._apply_theme(self._themes.theme)

    def _show(self, tried: Tried) -> None:
        self.tried = tried
        self._is_outdated = False
        changed = tried.changed
        self.results.clear()
        for run in changed[:_MOST_RUNS_SHOWN]:
            self.results.addTopLevelItem(self._line(run))
        lines = self.results.topLevelItemCount()
        for row in range(lines):
            line = self.results.topLevelItem(row)
            if line is not None:
                line.setExpanded(lines <= 20)
        self._apply_theme(self._themes.theme)
        self.results.setVisible(bool(changed))
        self.why.setVisible(bool(changed))
        text = f"{words.counted(len(tried.runs), 'run')} tried"
        if not tried.runs:
            text = "There are no runs to try it on"
        elif not changed:
            text += ", none would change"
        else:
            cells = sum(column.lumisections for run in changed for column in run.columns)
            text += f", {words.counted(len(changed), 'run')} would change"
            text += f", {words.number(cells)} lumisections" if cells else ""
        if tried.nowhere:
            text += f". None of them has {', '.join(tried.nowhere)}"
        if len(changed) > _MOST_RUNS_SHOWN:
            text += f". The first {_MOST_RUNS_SHOWN} are shown"
        self._say(f"{text}.", "warning" if tried.nowhere else "title")
        first = self.results.topLevelItem(0)
        if first is not None:
            self.results.setCurrentItem(first)

    def _line(self, run: RunTrial) -> QTreeWidgetItem:
        before, after, what = _summary(run)
        line = TreeItem([str(run.run_number), what, before, after])
        line.setData(0, _RUN, run.run_number)
        line.setSizeHint(0, QSize(0, ROW_HEIGHT))
        line.setData(0, _QUESTION, self._question(run, None))
        if run.by_hand and (run.class_ or run.significant):
            line.setText(1, f"{what}, by hand")
            line.setToolTip(1, "The value is set by hand and stays visible")
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
                child.setData(0, _QUESTION, self._question(run, column, change.lumisections.first))
                line.addChild(child)
        for dataset in run.datasets:
            child = TreeItem(["", f"{dataset.workspace} of {dataset.dataset}"])
            child.setText(2, dataset.before or "undecided")
            child.setText(3, dataset.after or "undecided")
            child.setData(0, _RUN, run.run_number)
            line.addChild(child)
        return line

    def _question(
        self, run: RunTrial, column: ColumnChange | None, lumisection: int = 0
    ) -> Question | None:
        draft = self._tried_draft
        if draft is None:
            return None
        if column is None and run.columns and draft.kind is Kind.COMPONENT:
            column = run.columns[0]
            lumisection = column.changes[0].lumisections.first
        if column is not None:
            dataset = "online" if column.online else ""
            return Question(run.run_number, column.column, dataset, lumisection, draft)
        if draft.kind is Kind.CLASS:
            return Question(run.run_number, CLASS, draft=draft)
        if draft.kind is Kind.DATASET:
            return Question(run.run_number, SIGNIFICANCE, draft=draft)
        return None

    def _choose(self, current: QTreeWidgetItem | None, _before: object) -> None:
        question = None if current is None else current.data(0, _QUESTION)
        if isinstance(question, Question):
            self._explaining.start(self._explain(question))
        else:
            self._explaining.drop()
            self.why.show_why(None)

    async def _explain(self, question: Question) -> None:
        acting = self._acting
        try:
            self.why.show_why(await self._background.read(lambda: why(acting, question)))
        except Refused as error:
            self.why.show_why(None, str(error))

    def _open(self, item: QTreeWidgetItem) -> None:
        self.run_wanted.emit(int(item.data(0, _RUN)), "online")

    def _say(self, text: str, role: str) -> None:
        self.summary.setText(text)
        set_property(self.summary, "role", role)

    def _apply_theme(self, theme: Theme) -> None:
        for row in range(self.results.topLevelItemCount()):
            line = self.results.topLevelItem(row)
            if line is None:
                continue
            for column in range(4):
                line.setForeground(column, theme.colour("muted" if self._is_outdated else "text"))
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
        results.setAccessibleName("Changes")
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
        layout.addWidget(self.summary)
        layout.addWidget(splitter, 1)
        layout.addStretch(0)


def _summary(run: RunTrial) -> tuple[str, str, str]:
    """Values before and after, and what changes, for the line of a run."""
    if run.problem:
        return "", "", run.problem
    if run.class_ is not None:
        before, after = (class_ or "no class" for class_ in run.class_)
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
    lumisections = sum(column.lumisections for column in columns)
    names = ", ".join(column.column for column in columns[:3])
    return f"{names}, {words.number(lumisections)} LS"


def _significant(significant: bool) -> str:
    return "significant" if significant else "not significant"
