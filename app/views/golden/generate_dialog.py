"""The dialog that generates a golden JSON: datasets, rule, tags; progress with cancel."""

import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import BadInput, NotPermitted, Refused, Unavailable
from app.domain.rules.text import RuleTextError, pretty
from app.domain.rules.vocabulary import RuleSubject
from app.views import words
from app.views.backend.golden import Golden, GoldenConfiguration, GoldenRequest, MatchingDatasets
from app.views.backend.news import Progress
from app.views.background import Background, Job, Outage
from app.views.rules.rule_editor import RuleEditor
from app.views.theme import STEP, Themes

_PAUSE_MS = 200
_PATTERN, _RULE = "golden/pattern", "golden/rule"
_DEFAULT_RULE = "golden"
_HINT = "% stands for any text, _ for any character, (A|B) for either."
_EDITED, _NO_RULE = "Written here", "Choose a rule"
_MOST_RULE_BYTES = 4_000_000
_RULE_ROW = 4


class _Relay(QObject):
    """Brings progress from the thread that computes to the GUI thread.

    Signals: `progressed(Progress)`.
    """

    progressed = Signal(object)


class _Run:
    """One generation: it stops when the person cancels, or when the program ends."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.job: Job[int | None] | None = None

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        """Asks it to stop; the outcome still arrives."""
        self._stop.set()

    def is_cancelled(self) -> bool:
        """Asked from the thread that computes."""
        return self._stop.is_set() or (self.job is not None and self.job.is_cancelled())


class GenerateDialog(QDialog):
    """Asks what to generate, and generates; `remembered` keeps the last pattern and rule.

    Signals: `generated(int)` with the id of the new row.
    """

    generated = Signal(int)

    def __init__(
        self,
        golden: Golden,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
        *,
        remembered: QSettings | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Generate golden JSON")
        self.resize(760, 680)
        self._golden = golden
        self._background = background
        self._remembered = remembered
        self._matching: Job[MatchingDatasets] | None = None
        self._configurations: tuple[GoldenConfiguration, ...] = ()
        self._from_file = ""
        self._run: _Run | None = None
        self._relay = _Relay()
        self.pattern = QLineEdit(placeholderText="%/PromptReco/Collisions%")
        self.pattern.setToolTip(_HINT)
        self.matches = QListWidget()
        self.matches.setAccessibleName("Matching datasets")
        self.matches.setFixedHeight(96)
        self.matched = QLabel(_HINT, wordWrap=True)
        self.matched.setProperty("role", "muted")
        self.configuration = QComboBox()
        self.configuration.setPlaceholderText(_NO_RULE)
        self.file = QPushButton("From file...")
        self.file.setAutoDefault(False)
        self.file.setAutoDefault(False)
        self.rule = RuleEditor(themes)
        self.tags = QLineEdit(placeholderText="Words to find it by")
        self.official = QCheckBox("Official")
        self.refusal = QLabel(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.not_permitted = QLabel(wordWrap=True)
        self.not_permitted.setProperty("role", "refusal")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.step = QLabel()
        self.step.setProperty("role", "muted")
        self.step.hide()
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton("Generate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._recall()
        background.read(golden.golden_configurations, self._offer, owner=self)
        background.read(
            lambda: golden.rule_vocabulary(RuleSubject.GOLDEN), self.rule.set_vocabulary, owner=self
        )

    @property
    def is_running(self) -> bool:
        return self._run is not None

    def submit(self) -> None:
        """Generates with what the form holds, unless it does so already."""
        if self.is_running:
            return
        self._refuse("")
        try:
            request = GoldenRequest(
                self._pattern(),
                self.rule.read().source,
                self.tags.text().strip(),
                self.official.isChecked(),
            )
        except RuleTextError:  # the editor says it
            self.rule.setFocus()
            return
        except BadInput as error:
            self._refuse(str(error))
            self.pattern.setFocus()
            return
        self._remember()
        golden, relay, run = self._golden, self._relay, _Run()
        self._run = run
        self._set_running(running=True)
        run.job = self._background.act(
            lambda: golden.generate_golden(request, relay.progressed.emit, run.is_cancelled),
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

    def load_rule(self, file: Path) -> None:
        """Reads a rule from a file; what is wrong inside is shown in the text."""

        def show(text: str) -> None:
            self._refuse("")
            self._from_file = file.name
            self.rule.show_text(text)

        self._background.read(
            lambda: _text_of(file),
            show,
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            reaches_server=False,
        )

    def reject(self) -> None:
        self.cancel()

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.setSpacing(2 * STEP)
        choice.addWidget(self.configuration, 1)
        choice.addWidget(self.file)
        official = QHBoxLayout()
        official.addWidget(self.official)
        official.addWidget(self.not_permitted, 1)
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        for row, part in (
            (0, self.pattern),
            (1, self.matched),
            (2, self.matches),
            (_RULE_ROW, self.rule),
            (5, self.tags),
        ):
            form.addWidget(part, row, 1)
        form.addLayout(choice, 3, 1)
        form.addLayout(official, 6, 1)
        for row, text, buddy in (
            (0, "&Datasets", self.pattern),
            (3, "&Rule", self.configuration),
            (5, "&Tags", self.tags),
        ):
            label = QLabel(text)
            label.setBuddy(buddy)
            form.addWidget(label, row, 0)
        form.setColumnStretch(1, 1)
        form.setRowStretch(_RULE_ROW, 1)
        self.pattern.setAccessibleName("Datasets")
        self.configuration.setAccessibleName("Rule")
        self.tags.setAccessibleName("Tags")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.step)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.pattern.textChanged.connect(self._match_soon)
        self._pause.timeout.connect(self._match)
        self.configuration.currentIndexChanged.connect(self._show_configuration)
        self.rule.edited.connect(self._rule_edited)
        self.official.toggled.connect(self.not_permitted.clear)
        self.file.clicked.connect(self._ask_file)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.cancel)
        self._relay.progressed.connect(self._show_progress)
        self._background.outage.connect(self._show_outage)

    def _pattern(self) -> str:
        pattern = self.pattern.text().strip()
        if not pattern:
            raise BadInput("Say which datasets, such as %/PromptReco/Collisions%.")
        return pattern

    # What was used last

    def _recall(self) -> None:
        if self._remembered is None:
            return
        self.rule.show_text(str(self._remembered.value(_RULE, "")))
        self.pattern.setText(str(self._remembered.value(_PATTERN, "")))

    def _remember(self) -> None:
        if self._remembered is not None:
            self._remembered.setValue(_PATTERN, self.pattern.text().strip())
            self._remembered.setValue(_RULE, self.rule.toPlainText())

    # Datasets

    def _match_soon(self) -> None:
        # What is shown belongs to another pattern from now on.
        self.matches.setEnabled(False)
        self._say_matched("Looking ..." if self.pattern.text().strip() else _HINT)
        self._pause.start()

    def _match(self) -> None:
        if self._matching is not None:
            self._matching.cancel()
            self._matching = None
        pattern, golden = self.pattern.text().strip(), self._golden
        if not pattern:
            self._show_names(())
            return
        self._matching = self._background.read(
            lambda: golden.matching_datasets(pattern),
            self._show_matches,
            owner=self,
            refused=self._refuse_pattern,
            finished=self._matching_finished,
        )

    def _matching_finished(self) -> None:
        self._matching = None

    def _refuse_pattern(self, error: Refused) -> None:
        self._show_names(())
        self._say_matched(str(error), "refusal")

    def _show_matches(self, found: MatchingDatasets) -> None:
        self._show_names(found.names)
        if found.datasets:
            datasets = words.counted(found.datasets, "dataset")
            self._say_matched(f"{datasets} of {words.counted(len(found.names), 'name')}.")
        else:
            self._say_matched("No dataset has such a name.", "warning")

    def _show_outage(self, outage: Outage) -> None:
        if self._matching is not None:
            self._say_matched(
                f"The names can't be looked up now; next try in {outage.next_try_s} s.", "warning"
            )

    def _show_names(self, names: Sequence[str]) -> None:
        self.matches.clear()
        self.matches.addItems(list(names))
        self.matches.setEnabled(True)

    def _say_matched(self, text: str, role: str = "muted") -> None:
        self.matched.setText(text)
        self.matched.setProperty("role", role)
        self.matched.style().unpolish(self.matched)
        self.matched.style().polish(self.matched)

    # Rule

    def _offer(self, configurations: Sequence[GoldenConfiguration]) -> None:
        self._configurations = tuple(configurations)
        names = [each.name for each in configurations]
        written = bool(self.rule.toPlainText().strip())
        self.configuration.blockSignals(True)  # the text that was recalled or written stays
        for each in configurations:
            note = "shipped" if each.shipped else f"by {each.created_by}"
            self.configuration.addItem(f"{each.name}   {note}")
        self.configuration.setCurrentIndex(-1)
        self.configuration.blockSignals(False)
        if written:
            self._rule_edited()
        elif names:
            place = names.index(_DEFAULT_RULE) if _DEFAULT_RULE in names else 0
            self.configuration.setCurrentIndex(place)

    def _show_configuration(self, place: int) -> None:
        if 0 <= place < len(self._configurations):
            self._from_file = ""
            self.rule.show_rule(self._configurations[place].rule)

    def _rule_edited(self) -> None:
        """Says where the text comes from: a configuration, a file, or this dialog."""
        text = self.rule.toPlainText()
        same = next(
            (n for n, each in enumerate(self._configurations) if _is_text_of(each, text)), -1
        )
        written = f"From {self._from_file}" if self._from_file else _EDITED
        self.configuration.setPlaceholderText(written if text.strip() else _NO_RULE)
        if same != self.configuration.currentIndex():
            self.configuration.blockSignals(True)  # the text is there already
            self.configuration.setCurrentIndex(same)
            self.configuration.blockSignals(False)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Rule", "", "JSON (*.json);;All files (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.load_rule(Path(file)))
        dialog.open()

    # Running

    def _set_running(self, *, running: bool) -> None:
        if not running:
            self._run = None
        self.go.setEnabled(not running)
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.step.setVisible(running)
        self.progress.setRange(0, 0)
        self.step.setText("Beginning ...")
        for part in (
            self.pattern,
            self.configuration,
            self.file,
            self.rule,
            self.tags,
            self.official,
        ):
            part.setEnabled(not running)

    def _show_progress(self, progress: Progress) -> None:
        if self._run is None or self._run.stopping:
            return
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        self.step.setText(progress.text)

    def _done(self, id_: int | None) -> None:
        if id_ is None:
            self._refuse("Cancelled; nothing was kept.")
            return
        self.generated.emit(id_)
        self.accept()

    def _refused(self, error: Refused) -> None:
        if isinstance(error, NotPermitted) and self.official.isChecked():
            self.not_permitted.setText(str(error))
            self.official.setFocus()
        else:
            self._refuse(str(error))

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} Nothing was written: try again.")

    def _refuse(self, text: str) -> None:
        self.not_permitted.clear()
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))


def _is_text_of(configuration: GoldenConfiguration, text: str) -> bool:
    return pretty(configuration.rule) == text


def _text_of(file: Path) -> str:
    """Text of a file with a rule; BadInput when it can't be one."""
    try:
        if file.stat().st_size > _MOST_RULE_BYTES:
            raise BadInput(f"{file} is too large for a rule.")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} can't be read: it is no text.") from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
