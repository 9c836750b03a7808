"""Tab that combines stored lists and files with and, or, minus, within a range of runs."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.errors import Refused
from app.domain.lumisections import count, format_ranges
from app.golden.document import Style, to_text
from app.golden.list_luminosity import ListLuminosity, together
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.generation import JsonEntry
from app.services.golden.lists import Combined, Operation, Part, Source
from app.views.background import Work
from app.views.focus import give_keys
from app.views.golden.lists.list_choice import ListChoice
from app.views.golden.panel import GoldenPanel
from app.views.golden.runs_table import RunRow, RunsTable, luminosity_text
from app.views.looks import words
from app.views.looks.theme import STEP, Themes
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import ChoiceBox, Label

_AFTER_MS = 150
_OPERATION_WIDTH = 84
_RUN_WIDTH = 84
_LARGEST_RUN_NUMBER = 9_999_999
_TITLES = ("Run", "LS", "pb⁻¹", "Lumisections")
_CHOOSE = "Choose the lists to combine, from top to bottom: stored lists or files."


class PartLine(QWidget):
    """One list of a combination.

    Signals: `changed()`; `removed()` when the person removes it.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self, themes: Themes, *, first: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.operation = ChoiceBox()
        self.operation.setAccessibleName("Operation")
        self.operation.addItems([operation.value for operation in Operation])
        self.operation.setFixedWidth(_OPERATION_WIDTH)
        self.choice = ListChoice("List")
        self.remove = QToolButton()
        self.remove.setToolTip("Remove this list")
        self.remove.setAccessibleName("Remove this list")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * STEP)
        if first:
            begin = Label("Begin with")
            begin.setProperty("role", "muted")
            begin.setFixedWidth(_OPERATION_WIDTH)
            layout.addWidget(begin)
        else:
            layout.addWidget(self.operation)
        layout.addWidget(self.choice, 1)
        layout.addWidget(self.remove)
        self.remove.setEnabled(not first)
        self.operation.currentIndexChanged.connect(self.changed)
        self.choice.chosen.connect(self.changed)
        self.remove.clicked.connect(self.removed)
        themes.changed.connect(self._apply_theme)
        self._apply_theme()

    def part(self) -> tuple[Operation, Source] | None:
        """The list and how it is combined; None while no list is named."""
        source = self.choice.source
        if source is None:
            return None
        return Operation(self.operation.currentText()), source

    def _apply_theme(self) -> None:
        self.remove.setIcon(self._themes.theme.icon("cross"))


class CombinePanel(GoldenPanel):
    """Combines lists with every change; the first one follows the place until it is changed."""

    tab = "Combine"
    tab_tip = "Combine lists and files with and, or, minus; save the result as a file"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._themes = context.themes
        self._followed: int | None = None
        self._entries: Sequence[JsonEntry] = ()
        self._work = Work(context.background, self)
        self._offering = Work(context.background, self)
        self.result: Combined | None = None
        self.saver = FileSaver(context.background, context.notices, self)
        self.parts: list[PartLine] = []
        self._parts = QVBoxLayout()
        self._parts.setSpacing(STEP)
        self.add = QPushButton("Add list")
        self.first_run, self.last_run = _run_line("First run"), _run_line("Last run")
        self.bar = LoadingBar(context.themes)
        self.summary = Label(wordWrap=True)
        self.remarks = Label(wordWrap=True)
        self.remarks.setProperty("role", "warning")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.runs = RunsTable("Runs of the result")
        self.save = QPushButton("Save as...")
        self.save.setToolTip("Write the combined list to a file")
        self.empty = Label(_CHOOSE, wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._lay_out()
        self._work.running_changed.connect(self.bar.set_loading)
        self._timer.timeout.connect(self._combine)
        self.add.clicked.connect(self._add_and_name)
        for line in (self.first_run, self.last_run):
            line.textChanged.connect(self._timer.start)
        self.save.clicked.connect(self.ask_where)
        self.runs.run_wanted.connect(self.run_wanted)
        self.add_part()
        self.add_part()
        self._show_nothing("", _CHOOSE)

    def show_golden(self, id_: int | None) -> None:
        first = self.parts[0].choice
        if first.source == self._followed:
            first.name(id_)
            self._timer.start()
        self._followed = id_
        self.renew()

    def renew(self) -> None:
        self._offering.start(self._offer())

    def add_part(self) -> PartLine:
        """Adds a line for one more list."""
        line = PartLine(self._themes, first=not self.parts)
        line.choice.offer(self._entries)
        line.changed.connect(self._timer.start)
        line.removed.connect(lambda: self._remove(line))
        self.parts.append(line)
        self._parts.addWidget(line)
        return line

    def _add_and_name(self) -> None:
        line = self.add_part()
        line.show()  # not only with the next layout: it gets the keyboard
        give_keys(line.choice)

    def ask_where(self) -> QFileDialog | None:
        """Asks for the file of the combined list."""
        if self.result is None:
            return None
        document = self.result.document
        runs = list(document)
        span = f"_{runs[0]}_{runs[-1]}" if runs else ""
        return self.saver.ask_where(
            "Save the combined list",
            f"combined{span}.json",
            "JSON (*.json)",
            lambda file: files.write(file, to_text(document, Style.OFFICIAL)),
        )

    def _remove(self, line: PartLine) -> None:
        self.parts.remove(line)
        self._parts.removeWidget(line)
        line.deleteLater()
        self._timer.start()

    async def _offer(self) -> None:
        self._entries = await self._background.read(lambda: golden.entries(self._acting))
        for line in self.parts:
            line.choice.offer(self._entries)

    def _combine(self) -> None:
        self._work.drop()
        parts = [part for line in self.parts if (part := line.part()) is not None]
        if self.parts[0].part() is None:
            self._show_nothing("", _CHOOSE)
            return
        first, last = (
            int(line.text()) if line.text() else None for line in (self.first_run, self.last_run)
        )
        self._work.start(self._read(parts, first, last))

    async def _read(
        self, parts: Sequence[tuple[Operation, Source]], first: int | None, last: int | None
    ) -> None:
        acting = self._acting

        def combine() -> tuple[Combined, Mapping[int, ListLuminosity]]:
            lists = [
                Part(golden_lists.of_source(acting, source), operation)
                for operation, source in parts
            ]
            combined = golden_lists.combine(lists, first, last)
            return combined, golden_lists.luminosity_of(acting, combined.document)

        try:
            combined, luminosity = await self._background.read(combine)
        except Refused as error:
            self._show_nothing(str(error), "")
        else:
            self._show(combined, luminosity)

    def _show_nothing(self, refusal: str, why: str) -> None:
        self.result = None
        self.refusal.setText(refusal)
        self.refusal.setVisible(bool(refusal))
        self.empty.setText(why)
        self.empty.show()
        self.runs.hide()
        self.summary.clear()
        self.remarks.hide()
        self.save.setEnabled(False)

    def _show(self, combined: Combined, luminosity: Mapping[int, ListLuminosity]) -> None:
        self.result = combined
        document = combined.document
        lumisections = sum(map(count, document.values()))
        self.summary.setText(
            f"{words.counted(len(document), 'run')}, {words.number(lumisections)} LS,"
            f" {luminosity_text(together(luminosity.values()))}"
        )
        self.remarks.setText("\n".join(combined.remarks[:3]))
        self.remarks.setToolTip("\n".join(combined.remarks))
        self.remarks.setVisible(bool(combined.remarks))
        rows = []
        for run_number, ranges in document.items():
            of = luminosity.get(run_number)
            recorded = of.recorded if of is not None and of.known else None
            cells = (run_number, count(ranges), recorded, format_ranges(ranges))
            rows.append(RunRow(run_number, "", cells))
        self.runs.show_rows(_TITLES, rows, wide=_TITLES[-1:])
        self.runs.setVisible(bool(rows))
        self.empty.setText("No lumisection is left.")
        self.empty.setVisible(not rows)
        self.refusal.hide()
        self.save.setEnabled(True)

    def _lay_out(self) -> None:
        top = QWidget()
        lines = QVBoxLayout(top)
        lines.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, STEP)
        lines.setSpacing(STEP)
        lines.addLayout(self._parts)
        clip = QHBoxLayout()
        clip.setSpacing(2 * STEP)
        clip.addWidget(self.add)
        clip.addSpacing(4 * STEP)
        for text, line in (("Only runs from", self.first_run), ("to", self.last_run)):
            label = Label(text)
            label.setProperty("role", "muted")
            label.setBuddy(line)
            clip.addWidget(label)
            clip.addWidget(line)
        clip.addStretch(1)
        lines.addLayout(clip)
        result = QHBoxLayout()
        result.setContentsMargins(3 * STEP, STEP, 3 * STEP, STEP)
        result.addWidget(self.summary, 1)
        result.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addLayout(result)
        for label in (self.refusal, self.remarks):
            label.setContentsMargins(3 * STEP, STEP, 3 * STEP, STEP)
            layout.addWidget(label)
        layout.addWidget(self.runs, 1)
        layout.addWidget(self.empty, 1)


def _run_line(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    line.setPlaceholderText("any")
    line.setFixedWidth(_RUN_WIDTH)
    line.setValidator(QIntValidator(0, _LARGEST_RUN_NUMBER, line))
    return line
