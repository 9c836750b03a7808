"""The workbench: datasets, a rule, and at once what the rule selects."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.permissions import generate_json_path
from app.domain.errors import BadInput, Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue, js_stringify
from app.domain.rules import tree
from app.domain.rules.vocabulary import RuleSubject
from app.services.configuration import rule_vocabulary
from app.services.golden import bench as golden_bench
from app.services.golden.bench import Bench, Narrowing
from app.views.background import Work
from app.views.golden.workbench.bench_result import BenchResult
from app.views.golden.workbench.configuration_bar import ConfigurationBar
from app.views.golden.workbench.datasets_bar import DatasetsBar
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.rules.rule_editor import RuleEditor
from app.views.widgets.narrow import ScrolledPane, TurningSplitter
from app.views.widgets.plain import Label

_PATTERN, _RULE = "golden/pattern", "golden/rule"
_DEFAULT_RULE = "golden"
_MOST_AT_ONCE = 3_000
"""Datasets that are read without a click."""
_RENEW_AFTER_MS = 5_000
_PARTS = [500, 400]
_PARTS_OF_HEIGHT = [3, 1]
_LEAST_RESULT = 340


class RuleBench(QWidget):
    """Keeps the datasets in memory and tries each valid rule on them as it is typed.

    Signals: `generate_wanted()`.
    """

    generate_wanted = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._remembered = context.remembered
        self._bench: Bench | None = None
        self._rule: Rule | None = None
        self._reading = Work(context.background, self)
        self._computing = Work(context.background, self)
        self._begun = False
        self._may_be_older = False
        self.datasets = DatasetsBar(context.acting, context.background)
        self.configurations = ConfigurationBar(context.acting, context.background, context.notices)
        self.rule = RuleEditor(context.themes)
        self.result = BenchResult(context.themes)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.read_all = QPushButton()
        self.read_all.setToolTip("There are many: reading them takes a while and some memory")
        self.read_all.hide()
        self.generate = QPushButton("Generate...")
        self.generate.setToolTip("Generate one or several lists from these datasets (Ctrl+Shift+G)")
        self._rights = context.rights
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
        """The written rule, None while the text isn't one."""
        return None if self._rule is None else self._rule.source

    @property
    def is_settled(self) -> bool:
        """Whether the result that is shown belongs to the written rule."""
        return not self._reading.is_running and not self._computing.is_running

    def chosen_datasets(self) -> tuple[str, Narrowing]:
        """The pattern and the limits of the datasets; BadInput says what is wrong with them."""
        return self.datasets.read()

    def begin(self) -> None:
        """Reads the saved rules; the first time also shows what was written last."""
        if self._begun:
            self.configurations.read()
            return
        self._begun = True
        self.configurations.read()
        self._background.run(self._read_vocabulary(), self)
        text = str(self._remembered.value(_RULE, ""))
        if text:
            self.rule.show_text(text)
        self.datasets.pattern.setText(str(self._remembered.value(_PATTERN, "")))
        self.datasets.apply()

    def changed_elsewhere(self) -> None:
        """Notes that something was written to the database since the datasets were read."""
        self._may_be_older = self._bench is not None
        if self._may_be_older and not self._renewal.isActive() and self.isVisible():
            self._renewal.start()

    def remember(self) -> None:
        """Keeps the datasets and the rule for the next start."""
        self._remembered.setValue(_PATTERN, self.datasets.pattern.text().strip())
        self._remembered.setValue(_RULE, self.rule.toPlainText())

    def show_rule(self, rule: JsonValue) -> None:
        """Writes another rule as a step that can be undone."""
        self.rule.replace_rule(rule)

    def show_list(self, pattern: str, rule: JsonValue) -> None:
        """Writes the datasets and the rule of a list."""
        self.datasets.show_everything_of(pattern)
        self.show_rule(rule)

    # Datasets

    def _datasets_changed(self) -> None:
        matching = self.datasets.matching
        if matching is None:
            return
        if matching.datasets > _MOST_AT_ONCE:
            self._reading.drop()
            self.result.set_stale()
            many = words.counted(matching.datasets, "dataset")
            self.read_all.setText(f"Read {many}")
            self.read_all.show()
            self.result.say(f"{many} match.")
        else:
            self._read_datasets()

    def _read_datasets(self, *, quietly: bool = False) -> None:
        """Reads the chosen datasets; `quietly` leaves the shown result as it is meanwhile."""
        try:
            pattern, narrowing = self.datasets.read()
        except BadInput as error:
            self.datasets.refuse(str(error))
            return
        self.read_all.hide()
        self._may_be_older = False
        self._reading.start(self._read_bench(pattern, narrowing))
        if not quietly:
            self.result.set_stale()
            self.result.bar.set_loading(True)
            self.result.say("Reading the datasets ...")

    async def _read_bench(self, pattern: str, narrowing: Narrowing) -> None:
        progress = self._reading.progress
        try:
            bench = await self._background.read(
                lambda: golden_bench.bench(self._acting, pattern, narrowing, progress=progress)
            )
        except Refused as error:
            self._bench = None
            self.datasets.refuse(str(error))
            self.result.say("")
        else:
            self._show_bench(bench)

    def _reading_changed(self, running: bool) -> None:
        if not running:
            self.result.bar.set_loading(False)

    def _show_bench(self, bench: Bench) -> None:
        self._bench = bench
        self.remember()
        self.datasets.refuse("")
        self.datasets.show_eras(bench.eras)
        self.datasets.show_run_range(bench.runs)
        if self._rule is None:
            self._describe(bench)
        self._compute()

    def _datasets_cleared(self) -> None:
        if self._bench is not None:
            self.result.set_stale()

    def _renew(self) -> None:
        if self._may_be_older and self.isVisible() and not self._reading.is_running:
            self._read_datasets(quietly=True)

    # Rule

    async def _read_vocabulary(self) -> None:
        vocabulary = await self._background.read(
            lambda: rule_vocabulary.vocabulary(self._acting, RuleSubject.GOLDEN)
        )
        self.rule.set_vocabulary(vocabulary)
        names = vocabulary.by_name.get("dataset.name")
        if names is not None:
            self.datasets.set_known_names([str(name) for name in names.values])

    def _offered(self) -> None:
        """Shows the golden rule while no rule is written."""
        if not self.rule.toPlainText().strip():
            self.configurations.choose(_DEFAULT_RULE)

    def _rule_changed(self, rule: Rule | None) -> None:
        self._rule = rule
        self._refuse("")
        self.configurations.show_rule(None if rule is None else rule.source)
        if rule is None:
            self._computing.drop()
            self.result.set_stale()
        else:
            self._compute()

    def _compute(self) -> None:
        bench, rule = self._bench, self._rule
        if bench is None or rule is None:
            return
        self.result.set_stale()
        self._computing.start(self._preview(bench, rule))

    async def _preview(self, bench: Bench, rule: Rule) -> None:
        progress = self._computing.progress
        try:
            preview = await self._background.read(
                lambda: bench.preview(rule, progress), reaches_server=False
            )
        except Refused as error:
            self._refuse(str(error))
            return
        self._refuse("")
        if not self._reading.is_running:
            self._describe(bench)
        self.result.show_preview(preview)

    def _describe(self, bench: Bench) -> None:
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
        form = QWidget()
        inside = QVBoxLayout(form)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(STEP)
        inside.addWidget(self.datasets)
        inside.addWidget(self.configurations)
        inside.addWidget(self.rule, 1)
        around = QVBoxLayout(left)
        around.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 2 * STEP)
        around.setSpacing(STEP)
        around.addWidget(ScrolledPane(form), 1)
        around.addLayout(end)
        right = QFrame()
        right.setMinimumWidth(_LEAST_RESULT)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.result, 1)
        column.addWidget(self.read_all)
        splitter = TurningSplitter()
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes(_PARTS)
        splitter.share_height(_PARTS_OF_HEIGHT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _offer(self) -> None:
        offer(self.generate, self._rights.why_not((generate_json_path(),)))

    def _connect(self) -> None:
        self.datasets.changed.connect(self._datasets_changed)
        self.datasets.cleared.connect(self._datasets_cleared)
        self.configurations.rule_wanted.connect(self.show_rule)
        self.configurations.text_wanted.connect(self.rule.text.replace_text)
        self.configurations.refused.connect(self._refuse)
        self.configurations.offered.connect(self._offered)
        self.rule.valid_rule_changed.connect(self._rule_changed)
        self.result.condition_wanted.connect(self._go_to_condition)
        self.read_all.clicked.connect(lambda _checked=False: self._read_datasets())
        self.generate.clicked.connect(self.generate_wanted)
        self._rights.changed.connect(self._offer)
        self._offer()
        self._reading.running_changed.connect(self._reading_changed)
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


def _path_of(node: tree.Node, condition: str) -> tree.Path | None:
    """Where a condition first occurs in a rule."""
    if js_stringify(tree.source_of(node)) == condition:
        return ()
    for number, child in enumerate(tree.children_of(node)):
        inside = _path_of(child, condition)
        if inside is not None:
            return (number, *inside)
    return None
