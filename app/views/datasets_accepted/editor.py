"""Editor of the accepted datasets: what each of their expressions finds is seen before saving."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import DatasetAccepted
from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.sources.dqm_gui import ExpressionMatches
from app.services.certification import runs
from app.views import words
from app.views.background import Job
from app.views.focus import give_keys
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.theme import STEP, monospaced, set_property
from app.views.widgets.details_table import DetailsTable
from app.views.widgets.lines_model import Line, LinesModel
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

ENTRY_TITLES = ("Class", "Dataset", "Runs", "Enabled", "Expressions")
MATCH_TITLES = ("Expression", "Datasets", "Runs", "Such as")

_PAUSE_MS = 400
_ENTRY_WIDTHS = (120, 280, 130, 64)
_MATCH_WIDTHS = (260, 72, 64)
_REGEXP_HEIGHT = 110
_PARTS = [380, 340]
_LAST_RUN = 999_999
_RUNS_TOLD = 12


class DatasetsAcceptedEditor(QWidget):
    """The list above, the chosen or a new entry below, with what the DQM GUI has of it.

    Signals: `changed()` when something was written.
    """

    changed = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._context = context
        self._backend = context.backend
        self._chosen: int | None = None
        self._wanted: int | None = None
        self._trying: Job[Sequence[ExpressionMatches]] | None = None
        self._showing = False
        themes = context.themes
        self.entries: LinesModel[DatasetAccepted] = LinesModel(ENTRY_TITLES, themes, self)
        self.table = DetailsTable("Accepted datasets")
        self.table.setModel(self.entries)
        self.matches: LinesModel[ExpressionMatches] = LinesModel(
            MATCH_TITLES, themes, self, right=(1, 2)
        )
        self.matches_table = DetailsTable("What the DQM GUI has")
        self.matches_table.setModel(self.matches)
        self.bar = LoadingBar(themes)
        self.name = QLineEdit(placeholderText="/PromptReco/Collisions2025C/DQM")
        self.class_ = QComboBox()
        self.class_.setEditable(True)
        self.run_from = QLineEdit(placeholderText="from the first run on")
        self.run_to = QLineEdit(placeholderText="last run")
        self.enabled = QCheckBox("Enabled")
        self.regexp = QPlainTextEdit()
        self.regexp.setFont(monospaced())
        self.regexp.setFixedHeight(_REGEXP_HEIGHT)
        self.regexp.setTabChangesFocus(True)
        self.regexp.setPlaceholderText("One regular expression a line; a GUI dataset needs one")
        for widget, name in (
            (self.name, "Dataset"),
            (self.class_, "Class"),
            (self.run_from, "First run"),
            (self.run_to, "Last run"),
            (self.regexp, "Regular expressions"),
        ):
            widget.setAccessibleName(name)
        self.new = QPushButton("New")
        self.copy = QPushButton("New from this")
        self.save = QPushButton("Save")
        self.delete = QPushButton("Delete...")
        for button in (self.new, self.copy, self.delete):
            button.setAutoDefault(False)
        self.save.setDefault(True)
        self.said = Label(wordWrap=True)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.setAccessibleName("Why it was refused")
        self.refusal.hide()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._show_entry(None)
        acting = context.acting
        context.background.read_then(lambda: runs.classes(acting), self._offer_classes, owner=self)
        self.refresh()

    # The list

    @property
    def entry(self) -> DatasetAccepted | None:
        """The entry that is edited; None for a new one."""
        row = self.entries.row_of(self._chosen) if self._chosen is not None else None
        return None if row is None else self.entries.item(row)

    def refresh(self) -> None:
        """Shows the list in force; what is being edited stays."""
        backend = self._backend
        self.bar.set_loading(True)
        self._context.background.read_then(
            lambda: tuple(backend.datasets_accepted()),
            self._show_list,
            owner=self,
            finished=lambda: self.bar.set_loading(False),
        )

    def _show_list(self, entries: tuple[DatasetAccepted, ...]) -> None:
        self.entries.show_lines([_entry_line(each) for each in entries])
        wanted, self._wanted = self._wanted, None
        row = self.entries.row_of(wanted if wanted is not None else self._chosen)
        if row is not None:
            self.table.selectRow(row)
        elif entries and self._chosen is None and not self.name.text():
            self.table.selectRow(0)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self._show_entry(self.entries.item(current.row()))

    # The entry

    def begin_new(self) -> None:
        """Begins a new entry from nothing."""
        self.begin_copy()
        self._show_entry(None)

    def begin_copy(self) -> None:
        """Begins a new entry from what the form holds."""
        self._chosen = None
        self.table.clearSelection()
        self.table.setCurrentIndex(QModelIndex())
        self._allow()
        give_keys(self.name, select=True)

    def _show_entry(self, entry: DatasetAccepted | None) -> None:
        self._showing = True
        self._chosen = None if entry is None else entry.id
        self.name.setText("" if entry is None else entry.name)
        self.class_.setCurrentText("" if entry is None else entry.class_)
        first = None if entry is None else entry.run_from
        self.run_from.setText("" if first is None else str(first))
        self.run_to.setText(str(_LAST_RUN if entry is None else entry.run_to))
        self.enabled.setChecked(entry is None or entry.enabled)
        self.regexp.setPlainText("" if entry is None else entry.regexp)
        self._showing = False
        self._refuse("")
        self._allow()
        self.try_now()

    def values(self) -> JsonObject:
        """What the form holds; BadInput names a field that can't be read."""
        return {
            "name": self.name.text().strip(),
            "regexp": self.regexp.toPlainText().strip(),
            "class": self.class_.currentText().strip(),
            "run_from": _run_of(self.run_from),
            "run_to": _run_of(self.run_to) or _LAST_RUN,
            "enabled": self.enabled.isChecked(),
        }

    def write(self) -> None:
        """Saves the entry in the place of the one it was, or a new one."""
        try:
            values = self.values()
        except BadInput as error:
            self._refuse(str(error))
            return
        self._refuse("")
        backend, item_id = self._backend, self._chosen
        self.save.setEnabled(False)
        self._context.background.act_then(
            lambda: backend.save_dataset_accepted(item_id, values),
            lambda id_: self._saved(id_, str(values["name"])),
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            unavailable=self._unavailable,
            finished=lambda: self.save.setEnabled(True),
        )

    def ask_delete(self) -> None:
        """Asks, then takes the entry out of force."""
        entry = self.entry
        if entry is not None:
            ask(
                self.window(),
                "Delete",
                f"Take {entry.name} for class {entry.class_} off the accepted datasets? Datasets"
                " that exist stay as they are.",
                "Delete",
                lambda: self._delete(entry),
            )

    def _delete(self, entry: DatasetAccepted) -> None:
        backend = self._backend
        self._context.background.act_then(
            lambda: backend.delete_dataset_accepted(entry.id),
            lambda _: self._deleted(entry.name),
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            unavailable=self._unavailable,
        )

    def _saved(self, id_: int, name: str) -> None:
        self._context.notices.tell(f"Saved accepted dataset {name}.")
        self._chosen = self._wanted = id_
        self.refresh()
        self.changed.emit()

    def _deleted(self, name: str) -> None:
        self._context.notices.tell(f"Deleted accepted dataset {name}.")
        self._show_entry(None)
        self.refresh()
        self.changed.emit()

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} Nothing was written: try again.")

    # What the DQM GUI has

    def try_soon(self) -> None:
        """The expressions or the runs were changed."""
        if not self._showing:
            self._pause.start()

    def try_now(self) -> None:
        """Finds out what each expression finds in the DQM GUI."""
        self._pause.stop()
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None
        regexp = self.regexp.toPlainText()
        if not regexp.strip():
            self.matches.show_lines(())
            self._say("What each expression finds in the DQM GUI is shown here.", "muted")
            return
        try:
            run_from, run_to = _run_of(self.run_from), _run_of(self.run_to)
        except BadInput as error:
            self._say(str(error), "refusal")
            return
        backend = self._backend
        self._say("Looking what the DQM GUI has ...", "muted")
        self._trying = self._context.background.read_then(
            lambda: backend.try_expressions(regexp, run_from, run_to),
            self._show_matches,
            owner=self,
            refused=self._not_tried,
        )

    def _show_matches(self, found: Sequence[ExpressionMatches]) -> None:
        self._trying = None
        self.matches.show_lines([_match_line(number, each) for number, each in enumerate(found)])
        wrong = sum(bool(each.problem) for each in found)
        runs = {run for each in found for run in each.runs}
        if wrong:
            self._say(f"{words.counted(wrong, 'expression')} can't be read.", "refusal")
        elif not runs:
            self._say("The DQM GUI has nothing of that.", "warning")
        else:
            listed = format_ranges([LumiRange(run, run) for run in sorted(runs)[:_RUNS_TOLD]])
            more = " ..." if len(runs) > _RUNS_TOLD else ""
            self._say(f"Found in {words.counted(len(runs), 'run')}: {listed}{more}", "muted")

    def _not_tried(self, error: Refused) -> None:
        self._trying = None
        self.matches.show_lines(())
        self._say(str(error), "warning")

    # Looks

    def _allow(self) -> None:
        self.delete.setEnabled(self._chosen is not None)
        self.save.setText("Save" if self._chosen is not None else "Add")

    def _offer_classes(self, classes: tuple[str, ...]) -> None:
        typed = self.class_.currentText()
        self.class_.clear()
        self.class_.addItems(list(classes))
        self.class_.setCurrentText(typed)

    def _say(self, text: str, role: str) -> None:
        self.said.setText(text)
        set_property(self.said, "role", role)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _lay_out(self) -> None:
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        for column, width in enumerate(_ENTRY_WIDTHS):
            self.table.setColumnWidth(column, width)
        for column, width in enumerate(_MATCH_WIDTHS):
            self.matches_table.setColumnWidth(column, width)
        above = QWidget()
        top = QVBoxLayout(above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(0)
        top.addWidget(self.bar)
        top.addWidget(self.table, 1)
        runs = QHBoxLayout()
        runs.setSpacing(2 * STEP)
        runs.addWidget(self.run_from)
        runs.addWidget(Label("to"))
        runs.addWidget(self.run_to)
        runs.addWidget(self.enabled)
        form = QFormLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        form.addRow("Class", self.class_)
        form.addRow("Dataset", self.name)
        form.addRow("Runs", runs)
        form.addRow("Expressions", self.regexp)
        buttons = QHBoxLayout()
        for button in (self.new, self.copy, self.delete):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.save)
        left = QVBoxLayout()
        left.setSpacing(2 * STEP)
        left.addLayout(form)
        left.addWidget(self.refusal)
        left.addStretch(1)
        left.addLayout(buttons)
        right = QVBoxLayout()
        right.setSpacing(STEP)
        right.addWidget(self.said)
        right.addWidget(self.matches_table, 1)
        below = QWidget()
        inside = QHBoxLayout(below)
        inside.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        inside.setSpacing(4 * STEP)
        inside.addLayout(left, 1)
        inside.addLayout(right, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(above)
        splitter.addWidget(below)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _connect(self) -> None:
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self._pause.timeout.connect(self.try_now)
        self.regexp.textChanged.connect(self.try_soon)
        self.run_from.textChanged.connect(self.try_soon)
        self.run_to.textChanged.connect(self.try_soon)
        self.new.clicked.connect(self.begin_new)
        self.copy.clicked.connect(self.begin_copy)
        self.save.clicked.connect(self.write)
        self.delete.clicked.connect(self.ask_delete)


def _entry_line(entry: DatasetAccepted) -> Line[DatasetAccepted]:
    texts = (
        entry.class_,
        entry.name,
        f"{entry.run_from or ''}-{entry.run_to}",
        "yes" if entry.enabled else "no",
        "   ".join(entry.expressions),
    )
    tips = (*texts[:-1], "\n".join(entry.expressions))
    return Line(entry.id, entry, texts, tips, "" if entry.enabled else "muted")


def _match_line(number: int, found: ExpressionMatches) -> Line[ExpressionMatches]:
    if found.problem:
        texts = (found.expression, "", "", found.problem)
        return Line(number, found, texts, token="danger")
    texts = (
        found.expression,
        words.number(found.datasets),
        words.number(len(found.runs)),
        "   ".join(found.examples),
    )
    tips = (*texts[:-1], "\n".join(found.examples))
    return Line(number, found, texts, tips, "" if found.datasets else "warning")


def _run_of(edit: QLineEdit) -> int | None:
    text = edit.text().strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f'"{text}" is no run number.')
    return int(text)
