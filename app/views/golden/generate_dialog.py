"""The dialog that generates golden JSONs: one or several rules from one pass over the datasets."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.items import UnknownVariables
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.domain.json_value import JsonValue, js_stringify
from app.services.golden.bench import Narrowing
from app.views.backend.golden import Golden, GoldenConfiguration, GoldenRequest
from app.views.backend.news import Step
from app.views.background import Background
from app.views.stoppable import Attempt
from app.views.theme import STEP
from app.views.widgets.plain import Label, ListItem
from app.views.widgets.search_line import SearchLine

_WRITTEN = "This rule"
_CONFIGURATION = Qt.ItemDataRole.UserRole


class GenerateDialog(QDialog):
    """Asks which rules, and generates a list of each; the datasets are read once.

    `written` is the rule of the workbench, the one that is ticked at first. Signals:
    `generated(tuple)` with the ids of the new rows.
    """

    generated = Signal(object)

    def __init__(
        self,
        golden: Golden,
        background: Background,
        pattern: str,
        narrowing: Narrowing,
        written: JsonValue,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Generate golden JSON")
        self.resize(560, 480)
        self._golden = golden
        self._background = background
        self._pattern = pattern
        self._narrowing = narrowing
        self._written = written
        self._run: Attempt | None = None
        self.datasets = Label(_datasets_words(pattern, narrowing), wordWrap=True)
        self.datasets.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.search = SearchLine()
        self.search.setPlaceholderText("Find a saved rule")
        self.search.setAccessibleName("Find a saved rule")
        self.rules = QListWidget()
        self.rules.setAccessibleName("Rules")
        self.rules.setToolTip("Space ticks; a list is made of each that is ticked")
        self.tags = QLineEdit(placeholderText="Words to find it by")
        self.tags.setAccessibleName("Tags")
        self.official = QCheckBox("Official")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.not_permitted = Label(wordWrap=True)
        self.not_permitted.setProperty("role", "refusal")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.step = Label()
        self.step.setProperty("role", "muted")
        self.step.hide()
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton("Generate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self.go.setText("Generate 99")
        self.go.setMinimumWidth(self.go.sizeHint().width())
        self.insist = self.buttons.addButton(
            "Generate all the same", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.insist.setToolTip("Although nothing has what the rule reads")
        self.insist.hide()
        self._lay_out()
        self._add(_WRITTEN, "written in the workbench", written, ticked=written is not None)
        self._connect()
        self._look()
        background.read_then(golden.golden_configurations, self._offer, owner=self)

    @property
    def is_running(self) -> bool:
        return self._run is not None

    @property
    def ticked(self) -> tuple[tuple[str, JsonValue], ...]:
        """Names and rules that are ticked."""
        items = (self.rules.item(row) for row in range(self.rules.count()))
        return tuple(
            item.data(_CONFIGURATION)
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        )

    def submit(self, *, insist: bool = False) -> None:
        """Generates what is ticked, unless it does so already."""
        ticked = self.ticked
        if self.is_running or not ticked:
            return
        self._refuse("")
        request = GoldenRequest(
            self._pattern,
            tuple((_tag(name), rule) for name, rule in ticked),
            self.tags.text().strip(),
            self.official.isChecked(),
            self._narrowing,
            insist,
        )
        golden, run = self._golden, Attempt(self)
        self._run = run
        run.progressed.connect(self._show_progress)
        self._set_running(running=True)
        run.job = self._background.act_then(
            lambda: golden.generate_golden(request, run.tell, run.is_cancelled),
            self._done,
            owner=self,
            refused=self._refused,
            unavailable=self._unavailable,
            finished=lambda: self._set_running(running=False),
        )

    def cancel(self) -> None:
        """Stops what is being generated; without anything closes the dialog."""
        if self._run is None:
            super().reject()
            return
        self._run.cancel()
        self.stop.setEnabled(False)
        self.progress.setRange(0, 0)
        self.step.setText("Cancelling ...")

    def reject(self) -> None:
        self.cancel()

    def _add(self, name: str, note: str, rule: JsonValue, *, ticked: bool) -> None:
        item = ListItem(f"{name}   {note}")
        item.setData(_CONFIGURATION, (name, rule))
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if rule is not None:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        else:
            item.setText(f"{name}   has a fault")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.rules.addItem(item)

    def _offer(self, configurations: Sequence[GoldenConfiguration]) -> None:
        same = None if self._written is None else js_stringify(self._written)
        for each in configurations:
            if js_stringify(each.rule) == same:
                # What is written is a saved rule: it has its name.
                first = self.rules.item(0)
                first.setText(f"{each.name}   written in the workbench")
                first.setData(_CONFIGURATION, (each.name, each.rule))
                same = None
                continue
            saved = f"by {each.created_by}" if each.created_by else "saved"
            note = "shipped" if each.shipped else saved
            self._add(each.name, note, each.rule, ticked=False)
        self._find(self.search.text())

    def _find(self, text: str) -> None:
        wanted = text.casefold().split()
        for row in range(self.rules.count()):
            item = self.rules.item(row)
            shown = all(word in item.text().casefold() for word in wanted)
            item.setHidden(not shown and item.checkState() is not Qt.CheckState.Checked)

    def _look(self) -> None:
        count = len(self.ticked)
        self.go.setText("Generate" if count < 2 else f"Generate {count}")
        self.go.setEnabled(bool(count) and not self.is_running)

    # Running

    def _set_running(self, *, running: bool) -> None:
        if not running:
            self._run = None
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.step.setVisible(running)
        self.progress.setRange(0, 0)
        self.step.setText("Beginning ...")
        for part in (self.search, self.rules, self.tags, self.official):
            part.setEnabled(not running)
        self._look()

    def _show_progress(self, progress: Step) -> None:
        if self._run is None or self._run.stopping:
            return
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        self.step.setText(progress.text)

    def _done(self, ids: tuple[int, ...] | None) -> None:
        if ids is None:
            self._refuse("Cancelled; nothing was kept.")
            return
        self.generated.emit(ids)
        self.accept()

    def _refused(self, error: Refused) -> None:
        if isinstance(error, NotPermitted) and self.official.isChecked():
            self.not_permitted.setText(str(error))
        else:
            self._refuse(str(error))
            self.insist.setVisible(isinstance(error, UnknownVariables))

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} Nothing was written: try again.")

    def _refuse(self, text: str) -> None:
        self.not_permitted.clear()
        self.insist.hide()
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    # Making

    def _lay_out(self) -> None:
        official = QHBoxLayout()
        official.addWidget(self.official)
        official.addWidget(self.not_permitted, 1)
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        for row, part in enumerate((self.datasets, self.search, self.rules, self.tags)):
            form.addWidget(part, row, 1)
        form.addLayout(official, 4, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, text, buddy in (
            (0, "Datasets", None),
            (1, "&Rules", self.search),
            (3, "&Tags", self.tags),
        ):
            label = Label(text)
            if buddy is not None:
                label.setBuddy(buddy)
            form.addWidget(label, row, 0, top)
        form.setColumnStretch(1, 1)
        form.setRowStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.step)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self.rules.itemChanged.connect(self._look)
        self.official.toggled.connect(self.not_permitted.clear)
        self.buttons.accepted.connect(self.submit)
        self.insist.clicked.connect(lambda: self.submit(insist=True))
        # Another rule is another question.
        self.rules.itemChanged.connect(self.insist.hide)
        self.buttons.rejected.connect(self.cancel)


def _tag(name: str) -> str:
    """A rule's name as one word among the tags."""
    return "-".join(name.split()).lower() if name == _WRITTEN else "-".join(name.split())


def _datasets_words(pattern: str, narrowing: Narrowing) -> str:
    parts = [pattern]
    if narrowing.first_run is not None or narrowing.last_run is not None:
        first, last = narrowing.first_run or "the first", narrowing.last_run or "the last"
        parts.append(f"runs {first} to {last}")
    if narrowing.era:
        parts.append(f"era {narrowing.era}")
    if narrowing.narrows:
        parts.append("which becomes part of the rule")
    return ", ".join(parts)
