"""Tab of a stored list: how it differs from another list, and the events responsible."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.errors import Refused
from app.domain.lumisections import count, format_ranges
from app.golden.list_luminosity import ListLuminosity
from app.services.golden import compared as golden_compared
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.golden.checks.reproduce import Changes
from app.services.golden.lists import ComparedLists, Source
from app.views.background import Work
from app.views.golden.comparing.events_table import EventsTable
from app.views.golden.lists.list_choice import ListChoice
from app.views.golden.panel import GoldenPanel
from app.views.golden.runs_table import Cell, RunRow, RunsTable, luminosity_text
from app.views.golden.share_done import ShareDone
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import Label

_TITLES = ("Run", "", "Gained LS", "Gained pb⁻¹", "Lost LS", "Lost pb⁻¹", "Gained", "Lost")
_WIDTHS = {"Run": 64, "": 80, **dict.fromkeys(_TITLES[2:6], 84)}
_WHOLE_GAINED, _WHOLE_LOST = "new run", "run is gone"
_CHOOSE = "Choose a list to compare with: a stored list, or a file such as an official mask."


class ComparePanel(GoldenPanel):
    """Compares an old list with the chosen one, which is the new one until they are swapped."""

    tab = "Compare"
    tab_tip = "Runs and lumisections in which two lists differ, and who changed them"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._work = Work(context.background, self)
        self._offering = Work(context.background, self)
        self._compared: ComparedLists | None = None
        self._changes: Changes | None = None
        self.saver = FileSaver(context.background, context.notices, self)
        self.old = ListChoice("Old list")
        self.new = ListChoice("New list")
        self.swap = QToolButton()
        self.swap.setText("⇄")
        self.swap.setToolTip("Swap old and new")
        self.swap.setAccessibleName("Swap old and new")
        self.bar = LoadingBar(context.themes)
        self.summary = Label(wordWrap=True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.remarks = Label(wordWrap=True)
        self.remarks.setProperty("role", "warning")
        self.save_runs = QPushButton("Save runs...")
        self.save_events = QPushButton("Save events...")
        self.runs = RunsTable("Runs that differ")
        self.events = EventsTable("Events responsible")
        self.share = ShareDone(context.background, "Searching for the events responsible")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.empty = Label(_CHOOSE, wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._body = QWidget()
        self._lay_out()
        for choice in (self.old, self.new):
            choice.chosen.connect(self._compare)
        self._work.running_changed.connect(self.bar.set_loading)
        self.swap.clicked.connect(self._swap)
        self.save_runs.clicked.connect(self.ask_where_runs)
        self.save_events.clicked.connect(self.ask_where_events)
        self.runs.run_wanted.connect(self.run_wanted)
        self.events.run_wanted.connect(self.run_wanted)
        self._say(_CHOOSE)

    def show_golden(self, id_: int | None) -> None:
        self.new.name(id_)
        self.renew()
        self._compare()

    def renew(self) -> None:
        self._offering.start(self._offer())

    def ask_where_runs(self) -> QFileDialog | None:
        """Asks for the CSV of the runs that differ."""
        compared = self._compared
        if compared is None:
            return None
        return self.saver.ask_where(
            "Save runs as CSV",
            "golden_json_comparison.csv",
            "CSV (*.csv)",
            lambda file: files.write(file, golden_compared.csv_of_runs(compared)),
        )

    def ask_where_events(self) -> QFileDialog | None:
        """Asks for the CSV of the events."""
        changes = self._changes
        if changes is None:
            return None
        return self.saver.ask_where(
            "Save events as CSV",
            "golden_json_events.csv",
            "CSV (*.csv)",
            lambda file: files.write(file, golden_compared.csv_of_events(changes)),
        )

    def _lay_out(self) -> None:
        top = QWidget()
        lines = QVBoxLayout(top)
        lines.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, STEP)
        lines.setSpacing(STEP)
        line = WrappingLine()
        line.setSpacing(2 * STEP)
        for text, widget in (("From", self.old), ("to", self.new)):
            label = Label(text)
            label.setProperty("role", "muted")
            label.setBuddy(widget)
            line.add(label)
            line.add(widget, 1)
            if widget is self.old:
                line.add(self.swap)
        lines.addLayout(line)
        runs = QWidget()
        inside = QVBoxLayout(runs)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.runs, 1)
        inside.addLayout(_at_the_right(self.save_runs))
        events = QWidget()
        inside = QVBoxLayout(events)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.share)
        inside.addWidget(self.events, 1)
        inside.addLayout(_at_the_right(self.save_events))
        self.tabs.addTab(runs, "Runs")
        self.tabs.addTab(events, "Events")
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(STEP)
        for label in (self.summary, self.remarks):
            label.setContentsMargins(3 * STEP, 0, 3 * STEP, 0)
            body.addWidget(label)
        body.addWidget(self.tabs, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.empty, 1)

    async def _offer(self) -> None:
        entries = await self._background.read(lambda: golden.entries(self._acting))
        for choice in (self.old, self.new):
            choice.offer(entries)

    def _swap(self) -> None:
        old, new = self.old.source, self.new.source
        self.old.name(new)
        self.new.name(old)
        self._compare()

    def _compare(self) -> None:
        self._work.drop()
        self.share.work.drop()
        self._compared = self._changes = None
        old, new = self.old.source, self.new.source
        if old is None or new is None:
            self._say(_CHOOSE)
            return
        self._work.start(self._read(old, new))

    async def _read(self, old: Source, new: Source) -> None:
        acting = self._acting

        def compare() -> ComparedLists:
            lists = [golden_lists.of_source(acting, source) for source in (old, new)]
            return golden_lists.compare(acting, *lists)

        try:
            compared = await self._background.read(compare)
        except Refused as error:
            self._say(str(error))
        else:
            self._show(compared)

    def _say(self, why_nothing: str) -> None:
        self.empty.setText(why_nothing)
        self.empty.setVisible(bool(why_nothing))
        self._body.setVisible(not why_nothing)

    def _show(self, compared: ComparedLists) -> None:
        self._compared = compared
        comparison = compared.comparison
        if comparison.equal:
            self.summary.setText("Both hold the same lumisections.")
        else:
            gained, lost = (
                f"{words.number(sum(map(count, part.values())))} LS in"
                f" {words.counted(len(part), 'run')}, {luminosity_text(sum_)}"
                for part, sum_ in (
                    (comparison.gained, compared.gained_total),
                    (comparison.lost, compared.lost_total),
                )
            )
            self.summary.setText(f"Gained {gained}; lost {lost}.")
        remarks = compared.remarks
        self.remarks.setText("\n".join(remarks[:3]))
        self.remarks.setToolTip("\n".join(remarks))
        self.remarks.setVisible(bool(remarks))
        self.runs.show_rows(_TITLES, _rows(compared), wide=_TITLES[-2:], widths=_WIDTHS)
        self.save_runs.setEnabled(not comparison.equal)
        self._say("")
        self._search_events(compared)

    def _search_events(self, compared: ComparedLists) -> None:
        self.events.show_changes((), "")
        self.save_events.setEnabled(False)
        old, new = compared.old.id, compared.new.id
        if compared.comparison.equal:
            self.events.show_changes((), "Nothing differs.")
        elif old is None or new is None:
            self.events.show_changes(
                (), "It is not known which events a list in a file was made from."
            )
        else:
            self.share.work.start(self._read_events(old, new))

    async def _read_events(self, old: int, new: int) -> None:
        progress = self.share.work.progress
        try:
            changes = await self._background.read(
                lambda: golden_reproduce.changes_between(self._acting, old, new, progress)
            )
        except Refused as error:
            self.events.show_changes((), str(error))
            return
        self._changes = changes
        self.save_events.setEnabled(bool(changes.responsible))
        self.events.show_changes(changes.responsible, "No event explains the difference.")


def _rows(compared: ComparedLists) -> list[RunRow]:
    comparison = compared.comparison
    rows = []
    for run_number in sorted({*comparison.gained, *comparison.lost}):
        whole = ""
        if run_number in comparison.runs_gained:
            whole = _WHOLE_GAINED
        elif run_number in comparison.runs_lost:
            whole = _WHOLE_LOST
        gained, lost = (part.get(run_number, ()) for part in (comparison.gained, comparison.lost))
        cells = (
            run_number,
            whole,
            count(gained),
            _recorded(compared.gained, run_number),
            count(lost),
            _recorded(compared.lost, run_number),
            format_ranges(gained),
            format_ranges(lost),
        )
        rows.append(RunRow(run_number, "", cells))
    return rows


def _recorded(sums: Mapping[int, ListLuminosity] | None, run_number: int) -> Cell:
    """pb^-1 of a run on one side: 0 without lumisections, None where no luminosity is stored."""
    of = None if sums is None else sums.get(run_number)
    if of is None:
        return 0.0
    return of.recorded if of.known else None


def _at_the_right(button: QPushButton) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
    line.addStretch(1)
    line.addWidget(button)
    return line
