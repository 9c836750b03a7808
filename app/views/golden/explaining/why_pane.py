"""Why lumisections of a run are in or out: the run by cause, and the rule's tree for one LS."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.lumisections import count, format_ranges
from app.domain.triplets import GOOD
from app.services.acting import Acting
from app.services.golden import explain as golden_explain
from app.services.golden.explain import Explained, Question, RunExplained
from app.views.background import Background, Work
from app.views.golden.explaining.cause_axis import CauseAxis, Strip, cause_colour, strip_of
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes, set_property
from app.views.rules.verdict_tree import VerdictTree
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import ChoiceBox, Label, TreeItem

_AFTER_MS = 60
_MOST_AXIS_HEIGHT = 190
_PARTS = [130, 420]
_SWATCH = 14
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LARGEST_RUN_NUMBER = 9_999_999
_NUMBER, _FIRST = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class WhyPane(QWidget):
    """Explains one run at a time; says what to do until a list or rule is chosen.

    Signals: `run_wanted(run_number, dataset)` to look at it in its place.
    """

    run_wanted = Signal(int, str)

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
        self._themes = themes
        self._read_question: Callable[[], Question] | None = None
        self._question: Question | None = None
        self._chosen = (0, "")
        self._explained: tuple[RunExplained, ...] = ()
        self._causes_of = ""
        self._run_work = Work(background, self)
        self._work = Work(background, self)
        self.run_number = 0
        self.run = ChoiceBox()
        self._run_line = QLineEdit()
        self.run.setEditable(True)
        self.run.setLineEdit(self._run_line)
        self.run.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.run.setAccessibleName("Run")
        self.run.setToolTip("Type a run number and press Enter, or choose a run of the list")
        self.run.setMinimumWidth(110)
        self.lumisection = QSpinBox()
        self.lumisection.setAccessibleName("Lumisection")
        self.lumisection.setMinimum(1)
        self.lumisection.setKeyboardTracking(False)
        self.lumisection.setFixedWidth(64)
        self.only_deciding = QCheckBox("Only deciding conditions")
        self.only_deciding.setToolTip("Hide the parts of the rule that do not decide the answer")
        self.look = QPushButton("Open run")
        self.look.setAutoDefault(False)  # Enter in a dialog is for the run number
        self.look.setToolTip("Open the run or dataset")
        self.verdict = Label(wordWrap=True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = LoadingBar(themes)
        self.axis = CauseAxis(themes)
        self.causes = QTreeWidget()
        self.tree = VerdictTree(themes)
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._body = QWidget()
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._lay_out()
        self._connect()
        self._say("Choose a run to see why its lumisections are in or out.")

    def ask(self, read_question: Callable[[], Question] | None) -> None:
        """Explains another list or rule, which is read in the pool; run and lumisection stay."""
        self._read_question = read_question
        self._question = None
        if read_question is None:
            self._run_work.drop()
            self._work.drop()
            self._say("Choose a list to see why lumisections are in or out.")
        elif self.run_number:
            self._load_run()

    def offer_runs(self, runs: Sequence[int]) -> None:
        """Offers runs to choose from; any other can be typed."""
        text = self.run.currentText()
        self.run.blockSignals(True)  # offering runs chooses none
        self.run.clear()
        self.run.addItems([str(run) for run in runs])
        self.run.setCurrentText(text)
        self.run.blockSignals(False)

    def show_lumisection(self, run_number: int, lumisection: int = 1, dataset: str = "") -> None:
        """Shows a lumisection of a run, of this dataset if that is given."""
        self.run.setCurrentText(str(run_number))
        self._chosen = (lumisection, dataset or self.axis.dataset)
        self.run_number = run_number
        self._load_run()

    def _lay_out(self) -> None:
        top = QWidget()
        line = WrappingLine(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        for name, widget in (("Run", self.run), ("LS", self.lumisection)):
            label = Label(name)
            label.setProperty("role", "muted")
            label.setBuddy(widget)
            line.add(label)
            line.add(widget)
        line.add(self.verdict, 1)
        line.add(self.only_deciding)
        line.add(self.look)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.axis)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = scroll
        causes = self.causes
        causes.setAccessibleName("Causes")
        causes.setToolTip("The first condition that fails in a lumisection; click one to go there")
        causes.setColumnCount(3)
        causes.setHeaderLabels(["First condition that fails", "LS", "pb⁻¹"])
        causes.setRootIsDecorated(False)
        causes.setUniformRowHeights(True)
        causes.setFrameShape(QFrame.Shape.NoFrame)
        header = causes.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.resizeSection(column, 72)
            causes.headerItem().setTextAlignment(column, _RIGHT)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(causes)
        splitter.addWidget(self.tree)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(scroll)
        body.addWidget(splitter, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.empty, 1)

    def _connect(self) -> None:
        self._run_line.returnPressed.connect(self._run_typed)
        self.run.activated.connect(lambda _row: self._run_typed())
        self.lumisection.valueChanged.connect(self._number_changed)
        self.axis.lumisection_chosen.connect(self._axis_chose)
        self.causes.itemClicked.connect(lambda item, _column: self._go_to_cause(item))
        self.causes.itemActivated.connect(lambda item, _column: self._go_to_cause(item))
        self.only_deciding.toggled.connect(self.tree.show_only_deciding)
        self.look.clicked.connect(lambda: self.run_wanted.emit(self.run_number, self.axis.dataset))
        self._timer.timeout.connect(self._load_lumisection)
        self._themes.changed.connect(self._apply_theme)
        for work in (self._run_work, self._work):
            work.running_changed.connect(self._show_loading)

    # The run

    def _run_typed(self) -> None:
        text = self.run.currentText().strip()
        if not text.isdecimal() or not 0 < int(text) <= _LARGEST_RUN_NUMBER:
            self._say(f'"{text}" is not a run number.')
            return
        if int(text) != self.run_number:
            self._chosen = (1, self.axis.dataset)
            self.run_number = int(text)
        self._load_run()

    def _load_run(self) -> None:
        if self._read_question is not None:
            self._work.drop()
            self._run_work.start(self._read_run(self._read_question, self.run_number))

    async def _read_run(self, read_question: Callable[[], Question], run_number: int) -> None:
        try:
            if self._question is None:
                self._question = await self._background.read(read_question)
            question = self._question
            explained = await self._background.read(
                lambda: golden_explain.explain_run(self._acting, question, run_number)
            )
        except Refused as error:
            self._refuse(error)
        else:
            self._show_run(explained)

    def _show_loading(self) -> None:
        self.bar.set_loading(self._run_work.is_running or self._work.is_running)

    def _show_run(self, explained: Sequence[RunExplained]) -> None:
        self._explained = tuple(explained)
        self._causes_of = ""
        strips = [strip_of(dataset_explained) for dataset_explained in explained]
        self.axis.show_strips(strips)
        self._scroll.setFixedHeight(min(self.axis.sizeHint().height(), _MOST_AXIS_HEIGHT))
        lumisection, dataset = self._chosen
        strip = next((each for each in strips if each.dataset == dataset), strips[0])
        self._say("")
        self._show_current(strip, lumisection)
        self._load_lumisection()

    def _refuse(self, error: Refused) -> None:
        self.axis.show_strips(())
        self.tree.show_tree(None)
        self._say(str(error))

    def _say(self, why_nothing: str) -> None:
        self.empty.setText(why_nothing)
        self.empty.setVisible(bool(why_nothing))
        self._body.setVisible(not why_nothing)
        self.verdict.clear()
        for widget in (self.lumisection, self.only_deciding, self.look):
            widget.setEnabled(not why_nothing)

    # One lumisection

    def _show_current(self, strip: Strip, lumisection: int) -> None:
        number = min(max(lumisection, 1), max(strip.length, 1))
        self.axis.show_current(strip.dataset, number)
        self._chosen = (number, strip.dataset)
        self.lumisection.blockSignals(True)  # shown, not chosen
        self.lumisection.setMaximum(max(strip.length, 1))
        self.lumisection.setValue(number)
        self.lumisection.blockSignals(False)
        if self._causes_of != strip.dataset:
            self._list_causes(strip)

    def _axis_chose(self, dataset: str, lumisection: int) -> None:
        strip = self.axis.current
        if strip is not None:
            self._show_current(strip, lumisection)
            self._timer.start()

    def _number_changed(self, number: int) -> None:
        strip = self.axis.current
        if strip is not None:
            self._show_current(strip, number)
            self._timer.start()

    def _go_to_cause(self, item: QTreeWidgetItem) -> None:
        strip = self.axis.current
        if strip is not None:
            self._show_current(strip, int(item.data(0, _FIRST)))
            self._timer.start()

    def _load_lumisection(self) -> None:
        if self._question is not None and self.axis.current is not None:
            self._work.start(
                self._read_lumisection(
                    self._question, self.run_number, self.axis.lumisection, self.axis.dataset
                )
            )

    async def _read_lumisection(
        self, question: Question, run_number: int, lumisection: int, dataset: str
    ) -> None:
        try:
            explained = await self._background.read(
                lambda: golden_explain.explain_lumisection(
                    self._acting, question, run_number, lumisection, only=dataset
                )
            )
        except Refused as error:
            self._refuse(error)
        else:
            for only in explained:
                self._show_explained(only)

    def _show_explained(self, explained: Explained) -> None:
        self.tree.show_tree(explained.tree, explained.set_by)
        if explained.tree is None:
            text, role = f"takes no part: {explained.absent}", "muted"
        elif explained.good:
            text, role = "is in", "success"
        else:
            failed = sum(leaf.deciding for leaf in explained.tree.leaves)
            text, role = f"is out: {words.counted(failed, 'condition')} failed", "refusal"
        number = words.number(explained.lumisection)
        self.verdict.setText(f"LS {number} of {explained.dataset} {text}.")
        set_property(self.verdict, "role", role)

    # Causes

    def _list_causes(self, strip: Strip) -> None:
        self._causes_of = strip.dataset
        explained = next(
            dataset_explained
            for dataset_explained in self._explained
            if dataset_explained.dataset == strip.dataset
        )
        by_text = {cause.condition: cause for cause in explained.causes}
        self.causes.clear()
        numbered = [
            (number, by_text[text], shown) for number, (shown, text) in enumerate(strip.causes, 1)
        ]
        if None in by_text:
            numbered.append((0, by_text[None], "in"))
        for number, cause, shown in sorted(
            numbered, key=lambda each: (each[0] == 0, -each[1].recorded, -count(each[1].ranges))
        ):
            item = TreeItem(
                [
                    f"{number}  {shown}" if number else shown,
                    words.number(count(cause.ranges)),
                    words.luminosity(cause.recorded),
                ]
            )
            item.setData(0, _NUMBER, number)
            item.setData(0, _FIRST, cause.ranges[0].first)
            item.setToolTip(0, f"{cause.condition or 'in'}\nLS {format_ranges(cause.ranges)}")
            item.setToolTip(2, f"{cause.recorded!r} pb⁻¹")
            self.causes.addTopLevelItem(item)
        if explained.no_part:
            item = TreeItem(["takes no part", words.number(count(explained.no_part)), ""])
            item.setData(0, _NUMBER, -1)
            item.setData(0, _FIRST, explained.no_part[0].first)
            item.setToolTip(0, f"LS {format_ranges(explained.no_part)}")
            self.causes.addTopLevelItem(item)
        self._apply_theme(self._themes.theme)

    def _apply_theme(self, theme: Theme) -> None:
        for row in range(self.causes.topLevelItemCount()):
            item = self.causes.topLevelItem(row)
            if item is None:
                continue
            number = int(item.data(0, _NUMBER))
            if number > 0:
                colour = cause_colour(theme, number)
            else:
                colour = theme.status(GOOD).fill if number == 0 else theme.colour("raised")
            item.setIcon(0, _swatch(colour, theme.colour("line")))
            for column in (1, 2):
                item.setTextAlignment(column, _RIGHT)


def _swatch(colour: QColor, line: QColor) -> QIcon:
    picture = QPixmap(_SWATCH, _SWATCH)
    picture.fill(colour)
    painter = QPainter(picture)
    painter.setPen(line)
    painter.drawRect(0, 0, _SWATCH - 1, _SWATCH - 1)
    painter.end()
    return QIcon(picture)
