"""The workbench: which datasets, which rule, and at once what comes of it."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import BadInput, Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue, js_stringify
from app.domain.progress import Cancelled
from app.domain.rules import tree
from app.domain.rules.vocabulary import RuleSubject, RuleVocabulary
from app.golden.preview import Preview
from app.services.golden.bench import Bench, Narrowing
from app.views import words
from app.views.background import Job
from app.views.golden.bench_result import BenchResult
from app.views.golden.configuration_bar import ConfigurationBar
from app.views.golden.datasets_bar import DatasetsBar
from app.views.places import PlaceContext
from app.views.rules.rule_editor import RuleEditor
from app.views.stoppable import Stoppable
from app.views.theme import STEP
from app.views.widgets.plain import Label

_PATTERN, _RULE = "golden/pattern", "golden/rule"
_DEFAULT_RULE = "golden"
_MOST_AT_ONCE = 3_000
"""Datasets that are read without being asked."""
_RENEW_AFTER_MS = 5_000
_PARTS = [500, 400]
_LEAST_RESULT = 340

Found = TypeVar("Found")


class RuleBench(QWidget):
    """Holds the datasets in memory; each valid rule is tried on them as it is typed.

    Signals: `generate_wanted()`.
    """

    generate_wanted = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._golden = context.backend
        self._background = context.background
        self._remembered = context.remembered
        self._bench: Bench | None = None
        self._rule: Rule | None = None
        self._reading: Stoppable | None = None
        self._computing: Stoppable | None = None
        self._job: Job[Bench | None] | None = None
        self._begun = False
        self._may_be_older = False
        self.datasets = DatasetsBar(context.backend, context.background)
        self.configurations = ConfigurationBar(context.backend, context.background, context.notices)
        self.rule = RuleEditor(context.themes)
        self.result = BenchResult(context.themes)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.read_all = QPushButton()
        self.read_all.setToolTip("They are many: reading takes a while and some memory")
        self.read_all.hide()
        self.generate = QPushButton("Generate...")
        self.generate.setToolTip("Generate one or several lists of these datasets (Ctrl+Shift+G)")
        self._renewal = QTimer(self, singleShot=True, interval=_RENEW_AFTER_MS)
        self.addActions([self.configurations.save, self.configurations.save_as])
        self._lay_out()
        self._connect()

    @property
    def bench(self) -> Bench | None:
        """The datasets in memory, None until they are read."""
        return self._bench

    @property
    def source(self) -> JsonValue:
        """The rule that is written, None while it is none."""
        return None if self._rule is None else self._rule.source

    @property
    def is_settled(self) -> bool:
        """Whether what is shown belongs to what is written."""
        return self._reading is None and self._computing is None

    def asked(self) -> tuple[str, Narrowing]:
        """Which datasets; BadInput says what is wrong."""
        return self.datasets.read()

    def begin(self) -> None:
        """Reads what is offered, and takes up what was written last; the first time only."""
        if self._begun:
            self.configurations.read()
            return
        self._begun = True
        golden = self._golden
        self.configurations.read()
        self._background.read_then(
            lambda: golden.rule_vocabulary(RuleSubject.GOLDEN), self._show_words, owner=self
        )
        text = str(self._remembered.value(_RULE, ""))
        if text:
            self.rule.show_text(text)
        self.datasets.pattern.setText(str(self._remembered.value(_PATTERN, "")))
        self.datasets.apply()

    def changed_elsewhere(self) -> None:
        """Something was written to the database: what is in memory may be older than that."""
        self._may_be_older = self._bench is not None
        if self._may_be_older and not self._renewal.isActive() and self.isVisible():
            self._renewal.start()

    def remember(self) -> None:
        """Keeps what is written for the next time."""
        self._remembered.setValue(_PATTERN, self.datasets.pattern.text().strip())
        self._remembered.setValue(_RULE, self.rule.toPlainText())

    def show_rule(self, rule: JsonValue) -> None:
        """Writes another rule, as a step that can be undone."""
        self.rule.replace_rule(rule)

    def take(self, pattern: str, rule: JsonValue) -> None:
        """Writes other datasets and another rule."""
        self.datasets.show_everything_of(pattern)
        self.show_rule(rule)

    # Datasets

    def _find_datasets(self) -> None:
        found = self.datasets.found
        if found is None:
            return
        if found.datasets > _MOST_AT_ONCE:
            self.result.set_stale()
            many = words.counted(found.datasets, "dataset")
            self.read_all.setText(f"Read {many}")
            self.read_all.show()
            self.result.say(f"{many} match.")
        else:
            self._read_datasets()

    def _read_datasets(self, *, quietly: bool = False) -> None:
        """Reads what is asked for; `quietly` when what is shown may well stay as it is."""
        try:
            pattern, narrowing = self.datasets.read()
        except BadInput as error:
            self.datasets.refuse(str(error))
            return
        self.read_all.hide()
        if self._reading is not None:
            self._reading.cancel()
        if self._job is not None:
            self._job.cancel()
        golden, run = self._golden, Stoppable()
        self._reading = run
        self._may_be_older = False
        if not quietly:
            self.result.set_stale()
            self.result.bar.set_loading(True)
            self.result.say("Reading the datasets ...")
        self._job = self._background.read_then(
            lambda: golden.bench(pattern, narrowing, run.is_cancelled),
            self._show_bench,
            owner=self,
            refused=self._refuse_datasets,
            finished=lambda: self._read_ended(run),
        )
        run.job = self._job

    def _read_ended(self, run: Stoppable) -> None:
        if self._reading is run:
            self._reading = None
            self._job = None
            self.result.bar.set_loading(False)

    def _refuse_datasets(self, error: Refused) -> None:
        self._bench = None
        self.datasets.refuse(str(error))
        self.result.say("")

    def _show_bench(self, bench: Bench | None) -> None:
        if bench is None:
            return
        self._bench = bench
        self.remember()
        self.datasets.refuse("")
        self.datasets.show_eras(bench.eras)
        self.datasets.show_run_range(bench.runs)
        if self._rule is None:
            self._say_what_is_held()
        self._compute()

    def _datasets_cleared(self) -> None:
        if self._bench is not None:
            self.result.set_stale()

    def _renew(self) -> None:
        if self._may_be_older and self.isVisible() and self._reading is None:
            self._read_datasets(quietly=True)

    # Rule

    def _show_words(self, vocabulary: RuleVocabulary) -> None:
        self.rule.set_vocabulary(vocabulary)
        names = vocabulary.by_name.get("dataset.name")
        if names is not None:
            self.datasets.set_known_names([str(each) for each in names.values])

    def _offered(self) -> None:
        """Begins with the golden rule when nobody has written one."""
        if not self.rule.toPlainText().strip():
            self.configurations.choose(_DEFAULT_RULE)

    def _rule_changed(self, rule: Rule | None) -> None:
        self._rule = rule
        self._refuse("")
        self.configurations.show_rule(None if rule is None else rule.source)
        if rule is None:
            self.result.set_stale()
        else:
            self._compute()

    def _compute(self) -> None:
        bench, rule = self._bench, self._rule
        if bench is None or rule is None:
            return
        if self._computing is not None:
            self._computing.cancel()
        run = Stoppable()
        self._computing = run
        self.result.set_stale()
        run.job = self._background.read_then(
            lambda: _unless_cancelled(lambda: bench.preview(rule, run.is_cancelled)),
            lambda preview: self._show_preview(run, preview),
            owner=self,
            refused=lambda error: self._refuse_rule(run, error),
            reaches_server=False,
        )

    def _show_preview(self, run: Stoppable, preview: Preview | None) -> None:
        if run is not self._computing or preview is None:
            return
        self._computing = None
        self._refuse("")
        self._say_what_is_held()
        self.result.show_preview(preview)

    def _refuse_rule(self, run: Stoppable, error: Refused) -> None:
        if run is self._computing:
            self._computing = None
            self._refuse(str(error))

    def _say_what_is_held(self) -> None:
        bench = self._bench
        if bench is not None and self._reading is None:
            self.result.say(
                f"{words.counted(bench.datasets, 'dataset')},"
                f" {words.counted(bench.season.size, 'lumisection')}, version {bench.version}"
            )

    def _go_to_condition(self, condition: str) -> None:
        """Shows a condition in the text and in the tree."""
        if self._rule is None:
            return
        path = _path_of(tree.node_of(self._rule.source), condition)
        if path is not None:
            self.rule.show_part(path)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    # Making

    def _lay_out(self) -> None:
        left = QWidget()
        left.setObjectName("pane")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        end = QHBoxLayout()
        end.addWidget(self.refusal, 1)
        end.addStretch(1)
        end.addWidget(self.generate)
        inside = QVBoxLayout(left)
        inside.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 2 * STEP)
        inside.setSpacing(STEP)
        inside.addWidget(self.datasets)
        inside.addWidget(self.configurations)
        inside.addWidget(self.rule, 1)
        inside.addLayout(end)
        right = QFrame()
        right.setMinimumWidth(_LEAST_RESULT)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.result, 1)
        column.addWidget(self.read_all)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _connect(self) -> None:
        self.datasets.changed.connect(self._find_datasets)
        self.datasets.cleared.connect(self._datasets_cleared)
        self.configurations.rule_wanted.connect(self.show_rule)
        self.configurations.text_wanted.connect(self.rule.text.replace_text)
        self.configurations.refused.connect(self._refuse)
        self.configurations.offered.connect(self._offered)
        self.rule.valid_rule_changed.connect(self._rule_changed)
        self.result.condition_wanted.connect(self._go_to_condition)
        self.read_all.clicked.connect(lambda _checked=False: self._read_datasets())
        self.generate.clicked.connect(self.generate_wanted)
        self._renewal.timeout.connect(self._renew)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.begin()
        if self._may_be_older:
            self._renew()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.remember()


def _unless_cancelled(compute: Callable[[], Found]) -> Found | None:
    try:
        return compute()
    except Cancelled:
        return None


def _path_of(node: tree.Node, condition: str) -> tree.Path | None:
    """Where a condition first stands in a rule."""
    if js_stringify(tree.source_of(node)) == condition:
        return ()
    for number, child in enumerate(tree.children_of(node)):
        inside = _path_of(child, condition)
        if inside is not None:
            return (number, *inside)
    return None
