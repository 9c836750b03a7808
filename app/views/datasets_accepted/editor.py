"""The editor of the accepted datasets, which shows the matches of expressions before saving."""

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import DatasetAccepted, Kind
from app.domain.configuration.permissions import datasets_accepted_path
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject
from app.services.certification import runs
from app.services.configuration import edits, in_force
from app.views.background import Work
from app.views.datasets_accepted.matches_view import MatchesView
from app.views.focus import give_keys
from app.views.looks.theme import STEP, monospaced
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.take_back import item_undo
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import ChoiceBox, Label
from app.views.widgets.tables.details_table import DetailsTable
from app.views.widgets.tables.lines_model import Line, LinesModel

ENTRY_TITLES = ("Class", "Dataset", "Runs", "Enabled", "Expressions")

_PAUSE_MS = 400
_ENTRY_WIDTHS = (120, 280, 130, 64)
_REGEXP_HEIGHT = 110
_PARTS = [380, 340]
_LAST_RUN = 999_999


class DatasetsAcceptedEditor(QWidget):
    """The list above; the selected or a new entry below, with its matches in the DQM GUI.

    Signals: `changed()` when something was written.
    """

    changed = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._rights = context.rights
        self._reading = Work(context.background, self)
        self._writing = Work(context.background, self)
        self._chosen: int | None = None
        self._to_choose: int | None = None
        self._showing = False
        themes = context.themes
        self.entries: LinesModel[DatasetAccepted] = LinesModel(ENTRY_TITLES, themes, self)
        self.table = DetailsTable("Accepted datasets")
        self.table.setModel(self.entries)
        self.matches = MatchesView(context)
        self.bar = LoadingBar(themes)
        self.name = QLineEdit(placeholderText="/PromptReco/Collisions2025C/DQM")
        self.class_ = ChoiceBox()
        self.class_.setEditable(True)
        self.run_from = QLineEdit(placeholderText="first run")
        self.run_to = QLineEdit(placeholderText="last run")
        self.enabled = QCheckBox("Enabled")
        self.regexp = QPlainTextEdit()
        self.regexp.setFont(monospaced())
        self.regexp.setFixedHeight(_REGEXP_HEIGHT)
        self.regexp.setTabChangesFocus(True)
        self.regexp.setPlaceholderText("Regular expressions, one per line; one match is enough")
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
        self.refusal = RefusalLine()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._show_entry(None)
        context.background.run(self._offer_classes(), self)
        self.refresh()

    # The list

    @property
    def entry(self) -> DatasetAccepted | None:
        """The entry being edited; None for a new one."""
        row = self.entries.row_of(self._chosen) if self._chosen is not None else None
        return None if row is None else self.entries.item(row)

    def refresh(self) -> None:
        """Shows the list in force; the edited entry stays."""
        self._reading.renew(self._read)

    async def _read(self) -> None:
        acting = self._acting
        self._show_list(await self._background.read(lambda: in_force.accepted_datasets(acting)))

    def _show_list(self, entries: tuple[DatasetAccepted, ...]) -> None:
        self.entries.show_lines([_entry_line(entry) for entry in entries])
        chosen, self._to_choose = self._to_choose, None
        row = self.entries.row_of(chosen if chosen is not None else self._chosen)
        if row is not None:
            self.table.selectRow(row)
        elif entries and self._chosen is None and not self.name.text():
            self.table.selectRow(0)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self._show_entry(self.entries.item(current.row()))

    # The entry

    def begin_new(self) -> None:
        """Starts a new, empty entry."""
        self.begin_copy()
        self._show_entry(None)

    def begin_copy(self) -> None:
        """Starts a new entry with the values in the form."""
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
        self.refusal.say("")
        self._allow()
        self._match()

    def values(self) -> JsonObject:
        """The values in the form; BadInput names a field that can't be read."""
        return {
            "name": self.name.text().strip(),
            "regexp": self.regexp.toPlainText().strip(),
            "class": self.class_.currentText().strip(),
            "run_from": _run_of(self.run_from),
            "run_to": _run_of(self.run_to) or _LAST_RUN,
            "enabled": self.enabled.isChecked(),
        }

    def write(self) -> None:
        """Saves the entry, or adds a new one."""
        try:
            values = self.values()
        except BadInput as error:
            self.refusal.say(str(error))
            return
        self.refusal.say("")
        if not self._writing.is_running:
            acting, item_id = self._acting, self._chosen
            self._writing.start(
                self._background.attempt(
                    lambda: edits.save_item(acting, Kind.DATASETS_ACCEPTED, item_id, values),
                    lambda saved_id: self._saved(saved_id, str(values["name"])),
                    self.refusal.tell,
                )
            )

    def _saved(self, item_id: int, name: str) -> None:
        self._tell(f"Saved accepted dataset {name}.", item_id, name)
        self._chosen = self._to_choose = item_id
        self.refresh()
        self.changed.emit()

    def ask_delete(self) -> None:
        """Asks, then removes the entry."""
        entry = self.entry
        if entry is not None:
            ask(
                self.window(),
                "Delete",
                f"Remove {entry.name} for class {entry.class_} from the accepted datasets? Existing"
                " datasets stay as they are.",
                "Delete",
                lambda: self.delete_entry(entry),
            )

    def delete_entry(self, entry: DatasetAccepted) -> None:
        """Removes an entry."""
        if not self._writing.is_running:
            acting = self._acting
            self._writing.start(
                self._background.attempt(
                    lambda: edits.delete_item(acting, Kind.DATASETS_ACCEPTED, entry.id),
                    lambda _done: self._deleted(entry),
                    self.refusal.tell,
                )
            )

    def _deleted(self, entry: DatasetAccepted) -> None:
        self._tell(f"Deleted accepted dataset {entry.name}.", entry.id, entry.name)
        self._show_entry(None)
        self.refresh()
        self.changed.emit()

    def _tell(self, text: str, item_id: int, name: str) -> None:
        """With an Undo that outlives this window."""
        window = self.window().parentWidget() or self.window()
        undo = item_undo(
            self._acting,
            self._background,
            self._notices,
            window,
            Kind.DATASETS_ACCEPTED,
            item_id,
            f"accepted dataset {name}",
        )
        self._notices.tell(text, take_back=undo)

    # Matches

    def _match_soon(self) -> None:
        if not self._showing:
            self._pause.start()

    def _match(self) -> None:
        self._pause.stop()
        try:
            run_from, run_to = _run_of(self.run_from), _run_of(self.run_to)
        except BadInput as error:
            self.matches.say(str(error), "refusal")
            return
        self.matches.show_expressions(self.regexp.toPlainText(), run_from, run_to)

    # Layout

    def _allow(self) -> None:
        why_not = self._rights.why_not((datasets_accepted_path(),))
        free = not self._writing.is_running
        offer(self.delete, why_not, possible=self._chosen is not None and free)
        offer(self.save, why_not, possible=free)
        self.save.setText("Save" if self._chosen is not None else "Add")

    async def _offer_classes(self) -> None:
        acting = self._acting
        classes = await self._background.read(lambda: runs.classes(acting))
        typed = self.class_.currentText()
        self.class_.clear()
        self.class_.addItems(list(classes))
        self.class_.setCurrentText(typed)

    def _lay_out(self) -> None:
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        for column, width in enumerate(_ENTRY_WIDTHS):
            self.table.setColumnWidth(column, width)
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
        below = QWidget()
        inside = QHBoxLayout(below)
        inside.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        inside.setSpacing(4 * STEP)
        inside.addLayout(left, 1)
        inside.addWidget(self.matches, 1)
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
        self._reading.running_changed.connect(self.bar.set_loading)
        self._writing.running_changed.connect(lambda _running: self._allow())
        self._rights.changed.connect(self._allow)
        self._pause.timeout.connect(self._match)
        self.regexp.textChanged.connect(self._match_soon)
        self.run_from.textChanged.connect(self._match_soon)
        self.run_to.textChanged.connect(self._match_soon)
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


def _run_of(edit: QLineEdit) -> int | None:
    text = edit.text().strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f'"{text}" is not a run number.')
    return int(text)
