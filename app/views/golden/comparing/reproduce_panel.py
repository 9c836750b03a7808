"""Tab of a stored list: the list computed again, and what has changed since it was made."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import files
from app.domain.errors import Refused
from app.domain.lumisections import count
from app.golden.compare import Comparison
from app.services.golden import compared as golden_compared
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.golden.checks.reproduce import Changes, Reproduced
from app.views.golden.comparing.events_table import EventsTable
from app.views.golden.panel import GoldenPanel
from app.views.golden.runs_table import RunRow, RunsTable
from app.views.golden.share_done import ShareDone
from app.views.looks.theme import STEP, set_property
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.plain import Label

_RUNS = ("Run", "Only in the new one, LS", "Only in the stored one, LS")


class ReproducePanel(GoldenPanel):
    """Computes only when a button is pressed: both take a while on a whole season."""

    tab = "Reproduce"
    tab_tip = "Make the list again and compare; see what has changed since it was made"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._id: int | None = None
        self._changes: Changes | None = None
        self.saver = FileSaver(context.background, context.notices, self)
        self.again = QPushButton("Make it again")
        self.again.setToolTip(
            "Compute the list from the state it was made from, and compare the two"
        )
        self.since = QPushButton("What changed since?")
        self.since.setToolTip("What the same rule would give now, and the events responsible")
        self.save = QPushButton("Save events...")
        self.share = ShareDone(context.background, "Computing")
        self.verdict = _text_label("")
        self.detail = _text_label("muted")
        self.runs = RunsTable("Runs that differ")
        self.now = _text_label("")
        self.events = EventsTable("Events since")
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self.again.clicked.connect(self.reproduce)
        self.since.clicked.connect(self.look_since)
        self.save.clicked.connect(self.ask_where)
        self.share.stopped.connect(lambda: self._settle("Stopped."))
        for table in (self.runs, self.events):
            table.run_wanted.connect(self.run_wanted)
        self.show_golden(None)

    def show_golden(self, id_: int | None) -> None:
        self.share.work.drop()
        self._id = id_
        self._changes = None
        for widget in (self.verdict, self.detail, self.runs, self.now, self.events, self.save):
            widget.hide()
        for button in (self.again, self.since):
            button.setEnabled(id_ is not None)
        self._settle(
            "Choose a list."
            if id_ is None
            else f"Golden JSON {id_} can be made again from the state it was made from. If it comes"
            " out the same, nothing was lost. You can also see what would be different now, and who"
            " changed it."
        )

    def reproduce(self) -> None:
        """Makes the list again."""
        if self._id is not None:
            self._start()
            self.share.work.start(self._reproduce(self._id))

    async def _reproduce(self, id_: int) -> None:
        progress = self.share.work.progress
        try:
            reproduced = await self._background.read(
                lambda: golden_reproduce.reproduce(self._acting, id_, progress=progress)
            )
        except Refused as error:
            self._settle(str(error))
        else:
            self._show(reproduced)

    def look_since(self) -> None:
        """Searches for what has changed since the list was made."""
        if self._id is not None:
            self._start()
            self.share.work.start(self._read_changes(self._id))

    async def _read_changes(self, id_: int) -> None:
        progress = self.share.work.progress
        try:
            changes = await self._background.read(
                lambda: golden_reproduce.changes_since(self._acting, id_, progress)
            )
        except Refused as error:
            self._settle(str(error))
        else:
            self._show_changes(changes)

    def ask_where(self) -> QFileDialog | None:
        """Asks for the CSV of the events."""
        changes = self._changes
        if changes is None:
            return None
        return self.saver.ask_where(
            "Save events as CSV",
            f"golden_json_{self._id}_events_since.csv",
            "CSV (*.csv)",
            lambda file: files.write(file, golden_compared.csv_of_events(changes)),
        )

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, STEP)
        top.addWidget(self.again)
        top.addWidget(self.since)
        top.addStretch(1)
        top.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addLayout(top)
        layout.addWidget(self.share)
        for label in (self.verdict, self.detail):
            layout.addWidget(label)
        layout.addWidget(self.runs, 1)
        layout.addWidget(self.now)
        layout.addWidget(self.events, 2)
        layout.addWidget(self.empty, 1)

    def _start(self) -> None:
        for widget in (self.verdict, self.detail, self.runs, self.now, self.events, self.save):
            widget.hide()
        self._settle("Computing ...")
        for button in (self.again, self.since):
            button.setEnabled(False)

    def _settle(self, text: str) -> None:
        """Shows a text in place of a result, and enables the buttons again."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        for button in (self.again, self.since):
            button.setEnabled(self._id is not None)

    def _show(self, reproduced: Reproduced) -> None:
        good = reproduced.equal and reproduced.seal.same is not False
        _show_text(self.verdict, reproduced.text, "success" if good else "refusal")
        seal = "" if reproduced.seal.same is None else reproduced.seal.text
        detail = " ".join(filter(None, (reproduced.reason, seal)))
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        rows = _rows(reproduced.comparison)
        self.runs.show_rows(_RUNS, rows)
        self.runs.setVisible(bool(rows))
        self._settle("" if rows else " ")

    def _show_changes(self, changes: Changes) -> None:
        self._changes = changes
        equal = changes.comparison.equal
        _show_text(self.now, changes.text, "success" if equal else "")
        self.events.setVisible(not equal)
        self.events.show_changes(changes.responsible, "No event explains the difference.")
        self.save.setVisible(bool(changes.responsible))
        self._settle(" " if equal else "")


def _rows(comparison: Comparison) -> list[RunRow]:
    return [
        RunRow(
            run_number,
            "",
            (
                run_number,
                count(comparison.gained.get(run_number, ())),
                count(comparison.lost.get(run_number, ())),
            ),
        )
        for run_number in sorted({*comparison.gained, *comparison.lost})
    ]


def _text_label(role: str) -> QLabel:
    label = Label(wordWrap=True)
    label.setProperty("role", role)
    label.setContentsMargins(3 * STEP, 0, 3 * STEP, 0)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _show_text(label: QLabel, text: str, role: str) -> None:
    label.setText(text)
    set_property(label, "role", role)
    label.show()
