"""Tab of a stored list: made again from what it was made from, and what has changed since."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import files
from app.domain.errors import Refused
from app.domain.lumisections import count
from app.golden.compare import Comparison
from app.services.golden import compared as golden_compared
from app.services.golden.reproduce import Changes, Reproduced
from app.views import words
from app.views.golden.events_table import EventsTable
from app.views.golden.panel import GoldenPanel
from app.views.golden.runs_table import RunRow, RunsTable
from app.views.golden.share_done import ShareDone
from app.views.places import PlaceContext
from app.views.theme import STEP, set_property
from app.views.widgets.plain import Label
from app.views.widgets.save_file import FileSaver

_RUNS = ("Run", "Only in the new one, LS", "Only in the stored one, LS")
_COLUMNS = {
    "generated_json": "the list",
    "generated_json_with_dataset_names": "the list with dataset names",
    "generated_anti_json": "the anti-JSON",
    "generated_anti_json_with_dataset_names": "the anti-JSON with dataset names",
}


class ReproducePanel(GoldenPanel):
    """Does nothing until a button is pressed: both take a while on a whole season."""

    tab = "Reproduce"
    tab_tip = "Make the list again and compare; what changed since it was made"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._backend = context.backend
        self._id: int | None = None
        self._changes: Changes | None = None
        self.saver = FileSaver(context.background, context.notices, self)
        self.again = QPushButton("Make it again")
        self.again.setToolTip("Compute the list from what it was made from, and compare the two")
        self.since = QPushButton("What changed since?")
        self.since.setToolTip("What the same rule would give now, and the events that did it")
        self.save = QPushButton("Save events...")
        self.share = ShareDone(context.background, "Computing")
        self.verdict = _told("")
        self.detail = _told("muted")
        self.runs = RunsTable("Runs that differ")
        self.now = _told("")
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
        self.share.stop()
        self._id = id_
        self._changes = None
        for widget in (self.verdict, self.detail, self.runs, self.now, self.events, self.save):
            widget.hide()
        for button in (self.again, self.since):
            button.setEnabled(id_ is not None)
        self._settle(
            "Choose a list."
            if id_ is None
            else f"Golden JSON {id_} can be made again from the state it was made from: the same"
            " list proves that nothing got lost. Or see what would be different now, and whose"
            " doing that is."
        )

    def reproduce(self) -> None:
        """Makes the list again."""
        if self._id is not None:
            self._start()
            self.share.start(
                partial(self._backend.reproduce_golden, self._id), self._show, self._refuse
            )

    def look_since(self) -> None:
        """Looks for what has changed."""
        if self._id is not None:
            self._start()
            self.share.start(
                partial(self._backend.golden_changes, self._id, None),
                self._show_since,
                self._refuse,
            )

    def ask_where(self) -> QFileDialog | None:
        """Asks for the CSV of the events."""
        found = self._changes
        if found is None:
            return None
        return self.saver.ask_where(
            "Save events as CSV",
            f"golden_json_{self._id}_events_since.csv",
            "CSV (*.csv)",
            lambda file: files.write(file, golden_compared.csv_of_events(found)),
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
        """Says a text where nothing is shown; the buttons work again."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        for button in (self.again, self.since):
            button.setEnabled(self._id is not None)

    def _refuse(self, error: Refused) -> None:
        self._settle(str(error))

    def _show(self, found: Reproduced) -> None:
        how = "from the events it was made from" if found.exact else "as of its version"
        name = f"Golden JSON {found.stored.entry.id}"
        if found.equal:
            _tell(self.verdict, f"{name} comes out the same {how}: nothing differs.", "success")
        else:
            differing = ", ".join(_COLUMNS.get(each, each) for each in found.differing)
            _tell(self.verdict, f"{name} does not come out the same {how}: {differing}.", "refusal")
        self.detail.setText(found.reason)
        self.detail.setVisible(bool(found.reason))
        rows = _rows(found.comparison)
        self.runs.show_rows(_RUNS, rows)
        self.runs.setVisible(bool(rows))
        self._settle("" if rows else " ")

    def _show_since(self, found: Changes) -> None:
        self._changes = found
        gained, lost = (
            sum(map(count, part.values()))
            for part in (found.comparison.gained, found.comparison.lost)
        )
        if found.comparison.equal:
            _tell(self.now, "Made now it would hold the same lumisections.", "success")
        else:
            _tell(
                self.now,
                f"Made now it would gain {words.number(gained)} LS and lose {words.number(lost)}"
                " LS:",
                "",
            )
        self.events.setVisible(not found.comparison.equal)
        self.events.show_changes(found.responsible, "No event was found that explains it.")
        self.save.setVisible(bool(found.responsible))
        self._settle(" " if found.comparison.equal else "")


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


def _told(role: str) -> QLabel:
    label = Label(wordWrap=True)
    label.setProperty("role", role)
    label.setContentsMargins(3 * STEP, 0, 3 * STEP, 0)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _tell(label: QLabel, text: str, role: str) -> None:
    label.setText(text)
    set_property(label, "role", role)
    label.show()
