"""The dialog that generates a golden JSON: datasets, rule, tags; progress with cancel."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain import json_logic
from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.json_value import JsonValue
from app.views import words
from app.views.backend import (
    Golden,
    GoldenConfiguration,
    GoldenRequest,
    MatchingDatasets,
    Progress,
)
from app.views.background import Background, Job
from app.views.theme import monospaced

_PAUSE_MS = 250


class _Relay(QObject):
    """Brings progress from the thread that computes to the GUI thread."""

    progressed = Signal(object)


class GenerateDialog(QDialog):
    """Asks what to generate, and generates.

    Signals: `generated(int)` with the id of the new row.
    """

    generated = Signal(int)

    def __init__(
        self, golden: Golden, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Generate golden JSON")
        self.resize(680, 600)
        self._golden = golden
        self._background = background
        self._matching: Job[MatchingDatasets] | None = None
        self._configurations: tuple[GoldenConfiguration, ...] = ()
        self._cancelled: threading.Event | None = None
        self._relay = _Relay()
        self.pattern = QLineEdit(placeholderText="%/PromptReco/Collisions%")
        self.pattern.setToolTip("% stands for any text, _ for any character, (A|B) for either")
        self.matches = QListWidget()
        self.matches.setAccessibleName("Matching datasets")
        self.matches.setFixedHeight(110)
        self.matched = QLabel("Type the name of datasets, such as %Collisions%.")
        self.matched.setProperty("role", "muted")
        self.configuration = QComboBox()
        self.file = QPushButton("From file...")
        self.rule = QPlainTextEdit()
        self.rule.setAccessibleName("Rule")
        self.rule.setFont(monospaced())
        self.tags = QLineEdit()
        self.official = QCheckBox("Official")
        self.refusal = QLabel(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.progress = QProgressBar()
        self.progress.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = self.buttons.addButton("Generate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setDefault(True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        background.read(golden.golden_configurations, self._offer, owner=self)

    @property
    def is_running(self) -> bool:
        return self._cancelled is not None

    def submit(self) -> None:
        """Generates with what the form holds, unless it does so already."""
        if self.is_running:
            return
        self._refuse("")
        try:
            request = GoldenRequest(
                self._pattern(), self._rule(), self.tags.text().strip(), self.official.isChecked()
            )
        except Refused as error:
            self._refuse(str(error))
            return
        golden, relay = self._golden, self._relay
        cancelled = self._cancelled = threading.Event()
        self._set_running(running=True)
        self._background.act(
            lambda: golden.generate_golden(request, relay.progressed.emit, cancelled.is_set),
            self._done,
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            unavailable=self._unavailable,
            finished=lambda: self._set_running(running=False),
        )

    def cancel(self) -> None:
        """Stops what is being generated; without anything closes the dialog."""
        if self._cancelled is None:
            super().reject()
            return
        self._cancelled.set()
        self.progress.setFormat("Cancelling ...")

    def load_rule(self, file: Path) -> None:
        """Reads a rule from a file."""

        def read() -> str:
            try:
                return file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(f"{file} can't be read.") from error

        def show(text: str) -> None:
            self.configuration.setCurrentIndex(-1)
            self.rule.setPlainText(text)

        self._background.read(
            read, show, owner=self, refused=lambda error: self._refuse(str(error))
        )

    def reject(self) -> None:
        self.cancel()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Datasets", self.pattern)
        form.addRow("", self.matches)
        form.addRow("", self.matched)
        line = QHBoxLayout()
        line.addWidget(self.configuration, 1)
        line.addWidget(self.file)
        form.addRow("Rule", line)
        form.addRow("", self.rule)
        form.addRow("Tags", self.tags)
        form.addRow("", self.official)
        layout = QVBoxLayout(self)
        layout.addLayout(form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.pattern.textChanged.connect(self._match_soon)
        self._pause.timeout.connect(self._match)
        self.configuration.currentIndexChanged.connect(self._show_configuration)
        self.file.clicked.connect(self._ask_file)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.cancel)
        self._relay.progressed.connect(self._show_progress)

    def _pattern(self) -> str:
        pattern = self.pattern.text().strip()
        if not pattern:
            raise BadInput("Say which datasets, such as %/PromptReco/Collisions%.")
        return pattern

    def _rule(self) -> JsonValue:
        try:
            rule: JsonValue = json.loads(self.rule.toPlainText())
        except ValueError as error:
            raise BadInput(f"The rule is no JSON: {error}.") from error
        json_logic.parse(rule)
        return rule

    def _match_soon(self) -> None:
        self._pause.start()

    def _match(self) -> None:
        if self._matching is not None:
            self._matching.cancel()
        pattern, golden = self.pattern.text().strip(), self._golden
        if not pattern:
            self.matches.clear()
            self.matched.clear()
            return
        self._matching = self._background.read(
            lambda: golden.matching_datasets(pattern),
            self._show_matches,
            owner=self,
            refused=lambda error: self.matched.setText(str(error)),
        )

    def _show_matches(self, found: MatchingDatasets) -> None:
        self.matches.clear()
        self.matches.addItems(list(found.names))
        if found.datasets:
            one = len(found.names) == 1
            self.matched.setText(
                f"{words.number(found.datasets)} datasets of"
                f" {words.number(len(found.names))} name{'' if one else 's'}."
            )
        else:
            self.matched.setText("No dataset has such a name.")

    def _offer(self, configurations: Sequence[GoldenConfiguration]) -> None:
        self._configurations = tuple(configurations)
        for each in configurations:
            note = "shipped" if each.shipped else f"by {each.created_by}"
            self.configuration.addItem(f"{each.name}   {note}")

    def _show_configuration(self, place: int) -> None:
        if 0 <= place < len(self._configurations):
            rule = self._configurations[place].rule
            self.rule.setPlainText(json.dumps(rule, indent=2, ensure_ascii=False))

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Rule", "", "JSON (*.json);;All files (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.load_rule(Path(file)))
        dialog.open()

    def _set_running(self, *, running: bool) -> None:
        if not running:
            self._cancelled = None
        self.go.setEnabled(not running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        self.progress.setFormat("")
        for part in (self.pattern, self.configuration, self.file, self.rule, self.tags):
            part.setEnabled(not running)

    def _show_progress(self, progress: Progress) -> None:
        if self._cancelled is None or self._cancelled.is_set():
            return
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        self.progress.setFormat(progress.text)

    def _done(self, id_: int | None) -> None:
        if id_ is None:
            self._refuse("Cancelled; nothing was kept.")
            return
        self.generated.emit(id_)
        self.accept()

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} Nothing was written: try again.")

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
