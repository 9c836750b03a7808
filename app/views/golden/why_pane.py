"""Why lumisections of a run are in a list or out: the run by cause, and the rule's tree for one."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
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
from app.services.golden.explain import Explained, RunExplained
from app.views import words
from app.views.backend.workbench import Asked, Workbench
from app.views.background import Background, Job
from app.views.golden.cause_axis import CauseAxis, Strip, cause_colour, strip_of
from app.views.rules.verdict_tree import VerdictTree
from app.views.theme import STEP, Theme, Themes, set_property
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_AFTER_MS = 60
_MOST_AXIS_HEIGHT = 190
_PARTS = [130, 420]
_SWATCH = 14
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LARGEST_RUN_NUMBER = 9_999_999
_NUMBER, _FIRST = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class WhyPane(QWidget):
    """Asks about one run at a time; says what to do until a list or rule is chosen.

    Signals: `run_wanted(run_number, dataset)` to look at it in its place.
    """

    run_wanted = Signal(int, str)

    def __init__(
        self,
        workbench: Workbench,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._background = background
        self._themes = themes
        self._asked: Asked | None = None
        self._wanted = (0, "")
        self._explained: tuple[RunExplained, ...] = ()
        self._causes_of: tuple[int, str, Asked | None] = (0, "", None)
        self._run_job: Job[Sequence[RunExplained]] | None = None
        self._job: Job[Explained | None] | None = None
        self.run_number = 0
        self.run = QComboBox()
        self._run_line = QLineEdit()
        self.run.setEditable(True)
        self.run.setLineEdit(self._run_line)
        self.run.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.run.setAccessibleName("Run")
        self.run.setToolTip("Type a run number and Enter, or choose one of the list's")
        self.run.setMinimumWidth(110)
        self.lumisection = QSpinBox()
        self.lumisection.setAccessibleName("Lumisection")
        self.lumisection.setMinimum(1)
        self.lumisection.setKeyboardTracking(False)
        self.lumisection.setFixedWidth(64)
        self.only_deciding = QCheckBox("Only what decides")
        self.only_deciding.setToolTip("Leave out the parts of the rule the answer doesn't hang on")
        self.look = QPushButton("Open run")
        self.look.setAutoDefault(False)  # Enter in a dialog is for the run number
        self.look.setToolTip("Show the run or dataset in its place")
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

    def ask(self, asked: Asked | None) -> None:
        """Asks about another list or rule; the run and lumisection stay."""
        self._asked = asked
        if asked is None:
            self._say("Choose a list to see why lumisections are in or out.")
        elif self.run_number:
            self._load_run()

    def offer_runs(self, runs: Sequence[int]) -> None:
        """Runs to choose from; any other can be typed."""
        text = self.run.currentText()
        self.run.blockSignals(True)  # offering runs chooses none
        self.run.clear()
        self.run.addItems([str(each) for each in runs])
        self.run.setCurrentText(text)
        self.run.blockSignals(False)

    def show_lumisection(self, run_number: int, lumisection: int = 1, dataset: str = "") -> None:
        """Shows a lumisection of a run, of this dataset if that is given."""
        self.run.setCurrentText(str(run_number))
        self._wanted = (lumisection, dataset or self.axis.dataset)
        self.run_number = run_number
        self._load_run()

    def _lay_out(self) -> None:
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        for name, widget in (("Run", self.run), ("LS", self.lumisection)):
            label = Label(name)
            label.setProperty("role", "muted")
            label.setBuddy(widget)
            line.addWidget(label)
            line.addWidget(widget)
        line.addWidget(self.verdict, 1)
        line.addWidget(self.only_deciding)
        line.addWidget(self.look)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.axis)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = scroll
        causes = self.causes
        causes.setAccessibleName("Causes")
        causes.setToolTip("Conditions by which lumisections fail first; choosing one goes there")
        causes.setColumnCount(3)
        causes.setHeaderLabels(["First that fails", "LS", "pb⁻¹"])
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
        self._themes.changed.connect(self._dress)

    # The run

    def _run_typed(self) -> None:
        text = self.run.currentText().strip()
        if not text.isdecimal() or not 0 < int(text) <= _LARGEST_RUN_NUMBER:
            self._say(f'"{text}" is no run number.')
            return
        if int(text) != self.run_number:
            self._wanted = (1, self.axis.dataset)
            self.run_number = int(text)
        self._load_run()

    def _load_run(self) -> None:
        if self._asked is None:
            return
        if self._run_job is not None:
            self._run_job.cancel()
        workbench, asked, run_number = self._workbench, self._asked, self.run_number
        self.bar.set_loading(True)
        self._run_job = self._background.read_then(
            lambda: workbench.explain_run(asked, run_number),
            self._show_run,
            owner=self,
            refused=self._refuse,
            finished=self._run_arrived,
        )

    def _run_arrived(self) -> None:
        self._run_job = None
        self.bar.set_loading(self._job is not None)

    def _show_run(self, explained: Sequence[RunExplained]) -> None:
        self._explained = tuple(explained)
        self._causes_of = (0, "", None)
        strips = [strip_of(each) for each in explained]
        self.axis.show_strips(strips)
        self._scroll.setFixedHeight(min(self.axis.sizeHint().height(), _MOST_AXIS_HEIGHT))
        lumisection, dataset = self._wanted
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
        self._wanted = (number, strip.dataset)
        self.lumisection.blockSignals(True)  # shown, not chosen
        self.lumisection.setMaximum(max(strip.length, 1))
        self.lumisection.setValue(number)
        self.lumisection.blockSignals(False)
        if self._causes_of != (self.run_number, strip.dataset, self._asked):
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
        if self._asked is None or self.axis.current is None:
            return
        if self._job is not None:
            self._job.cancel()
        workbench, asked, run_number = self._workbench, self._asked, self.run_number
        lumisection, dataset = self.axis.lumisection, self.axis.dataset
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: workbench.explain_lumisection(asked, run_number, lumisection, dataset),
            self._show_explained,
            owner=self,
            refused=self._refuse,
            finished=self._arrived,
        )

    def _arrived(self) -> None:
        self._job = None
        self.bar.set_loading(self._run_job is not None)

    def _show_explained(self, found: Explained | None) -> None:
        if found is None:
            return
        self.tree.show_tree(found.tree, found.words)
        if found.tree is None:
            text, role = f"takes no part: {found.absent}", "muted"
        elif found.good:
            text, role = "is in", "success"
        else:
            fails = sum(leaf.deciding for leaf in found.tree.leaves)
            text, role = f"is out: {words.counted(fails, 'condition')} failed", "refusal"
        self.verdict.setText(f"LS {words.number(found.lumisection)} of {found.dataset} {text}.")
        set_property(self.verdict, "role", role)

    # Causes

    def _list_causes(self, strip: Strip) -> None:
        self._causes_of = (self.run_number, strip.dataset, self._asked)
        explained = next(each for each in self._explained if each.dataset == strip.dataset)
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
        self._dress(self._themes.theme)

    def _dress(self, theme: Theme) -> None:
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
