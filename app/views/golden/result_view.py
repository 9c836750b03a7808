"""A generated JSON: its figures, its texts, and the files it can be saved as."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.rules.text import pretty
from app.views import words
from app.views.backend.golden import Golden, GoldenResult
from app.views.background import Job
from app.views.golden.forms import FORMS, Form, RunLines, file_name, run_lines
from app.views.golden.panel import GoldenPanel
from app.views.golden.run_text import FindLine, RunText
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.theme import STEP, monospaced, set_property
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_CHOOSE = "Choose a golden JSON from the list, or generate one."
_DIM_AFTER_MS = 200
_FACTS = ("Datasets", "In it", "Recorded", "Delivered", "Made", "By", "Tags")


@dataclass(frozen=True, slots=True)
class Readable:
    """A result as it is read on screen."""

    result: GoldenResult
    lines: tuple[RunLines, ...]
    rule: str


def readable(result: GoldenResult) -> Readable:
    """Breaks the texts into lines; for a season that takes a while."""
    return Readable(
        result,
        tuple(run_lines(form.text_of(result)) for form in FORMS),
        pretty(json.loads(result.rule)),
    )


class GoldenResultView(GoldenPanel):
    """Shows one result; says what to do until one is chosen.

    Signals: `export_wanted()` for every form.
    """

    export_wanted = Signal()

    tab = "JSON"
    tab_tip = "What is in it, its texts and its rule"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        golden: Golden = context.backend
        background, notices, themes = context.background, context.notices, context.themes
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._golden = golden
        self._background = background
        self._notices = notices
        self._job: Job[Readable] | None = None
        self._folder = Path()
        self._found: tuple[int, ...] = ()
        self._at = 0
        self.result: GoldenResult | None = None
        self.bar = LoadingBar(themes)
        self.title = Label()
        self.title.setProperty("role", "title")
        self.empty = Label(_CHOOSE, wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the text that is shown, as it would be saved")
        self.save = QPushButton("Save as")
        menu = QMenu(self.save)
        for form in FORMS:
            menu.addAction(f"{form.title}...").triggered.connect(partial(self.ask_where, form))
        menu.addSeparator()
        menu.addAction("Other forms, several at once...").triggered.connect(self.export_wanted)
        self.save.setMenu(menu)
        self.facts = {name: _fact() for name in _FACTS}
        self.texts = QTabWidget()
        self.texts.setDocumentMode(True)
        self.editors = [RunText(form.title) for form in FORMS]
        self.rule = QPlainTextEdit(readOnly=True)
        self.rule.setFont(monospaced())
        self.rule.setAccessibleName("Rule")
        self.rule.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.find_run = FindLine()
        self.found = Label()
        self.found.setProperty("role", "muted")
        self._body = QWidget()
        self._dim = QTimer(self, singleShot=True, interval=_DIM_AFTER_MS)
        self._lay_out()
        self._dim.timeout.connect(partial(self._body.setEnabled, False))
        self.copy.clicked.connect(self.copy_text)
        self.find_run.textChanged.connect(self._search)
        self.find_run.next_wanted.connect(self._go_on)
        self.texts.currentChanged.connect(self._turned)

    def show_golden(self, id_: int | None) -> None:
        if id_ is not None:
            self.load(id_)

    def load(self, id_: int) -> None:
        """Brings a result; what is shown stays until it is there."""
        if self._job is not None:
            self._job.cancel()
        golden = self._golden
        self.bar.set_loading(True)
        self._dim.start()
        self._job = self._background.read_then(
            lambda: readable(golden.golden_row(id_)),
            self.show_result,
            owner=self,
            refused=lambda error: self._show_nothing(str(error)),
            finished=self._finish,
        )

    def show_result(self, shown: Readable) -> None:
        """Shows another result."""
        self.result = result = shown.result
        self._refuse("")
        self.title.setText(
            f"Golden JSON {result.entry.id}{', official' if result.entry.official else ''}"
        )
        for editor, lines in zip(self.editors, shown.lines, strict=True):
            editor.show_lines(lines)
        self.rule.setPlainText(shown.rule)
        self._state_facts(result)
        self.set_now(datetime.now(UTC))
        self.empty.hide()
        self._body.show()
        self._search()

    def set_now(self, now: datetime) -> None:
        """Says anew how long ago it was made."""
        if self.result is not None:
            at = self.result.entry.created_at
            self.facts["Made"].setText(f"{words.time(at)}, {words.ago(at, now)}")

    def copy_text(self) -> None:
        """Puts the text of the tab onto the clipboard, byte for byte as it is saved."""
        if self.result is None:
            return
        form = self._form()
        text = self.rule.toPlainText() if form is None else form.text_of(self.result)
        QGuiApplication.clipboard().setText(text)
        what = "Rule" if form is None else form.title
        self._notices.tell(f"Copied: {what} of golden JSON {self.result.entry.id}.")

    def ask_where(self, form: Form, _checked: bool = False) -> QFileDialog | None:
        """Asks for the file that a form is saved as."""
        if self.result is None:
            return None
        name = file_name(self.result.stem, form)
        dialog = QFileDialog(self.window(), f"Save {form.title}", str(self._folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["JSON (*.json)", "All files (*)"])
        dialog.setDefaultSuffix("json")
        # Its own question would start a second event loop inside this one.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(name)
        text = form.text_of(self.result)
        dialog.fileSelected.connect(lambda file: self.save_text(text, Path(file)))
        dialog.open()
        return dialog

    def save_text(self, text: str, file: Path) -> None:
        """Writes a text whole or not at all; asks before it replaces a file."""
        self._folder = file.parent

        def look(there: bool) -> None:
            if there:
                question = f"{file.name} is there already."
                ask(self.window(), "Replace", question, "Replace", partial(self._write, text, file))
            else:
                self._write(text, file)

        self._background.read_then(file.exists, look, owner=self, reaches_server=False)

    def _write(self, text: str, file: Path) -> None:
        self._background.act_then(
            lambda: files.write(file, text),
            lambda _none: self._notices.tell(f"Saved {file}."),
            owner=self,
            refused=lambda error: self._refuse(str(error)),
        )

    def _show_nothing(self, why: str) -> None:
        self.result = None
        self.empty.setText(why)
        self.empty.show()
        self._refuse("")
        self._body.hide()

    def _finish(self) -> None:
        self._job = None
        self._dim.stop()
        self._body.setEnabled(True)
        self.bar.set_loading(False)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _state_facts(self, result: GoldenResult) -> None:
        entry = result.entry
        first_last = self.editors[0].lines.runs
        span = f", {first_last[0]} to {first_last[-1]}" if first_last else ""
        for name, text, tip in (
            ("Datasets", entry.pattern, "Pattern that the names of the datasets match"),
            (
                "In it",
                f"{words.counted(entry.runs, 'run')}{span}; {words.number(entry.lumisections)} LS",
                "",
            ),
            (
                "Recorded",
                *_share(entry.recorded_luminosity, result.total_recorded_luminosity),
            ),
            (
                "Delivered",
                *_share(result.delivered_luminosity, result.total_delivered_luminosity),
            ),
            (
                "By",
                f"{entry.created_by}, at version {words.number(result.version)}",
                "The last change of the database that this JSON knows",
            ),
            ("Tags", entry.tags or "none", ""),
        ):
            self.facts[name].setText(text)
            self.facts[name].setToolTip(tip)

    def _form(self) -> Form | None:
        """Form of the tab that is shown; None for the rule."""
        place = self.texts.currentIndex()
        return FORMS[place] if place < len(FORMS) else None

    # Search

    def _turned(self, _tab: int) -> None:
        for part in (self.find_run, self.found):
            part.setVisible(self._form() is not None)
        self._search()

    def _search(self) -> None:
        self._at = 0
        for editor in self.editors:
            editor.show_key(None)
        if self._form() is None:
            return
        self._found = self.editors[self.texts.currentIndex()].lines.find(self.find_run.text())
        self._show_found()

    def _go_on(self, step: int) -> None:
        if self._found and self._form() is not None:
            self._at = (self._at + step) % len(self._found)
            self._show_found()

    def _show_found(self) -> None:
        wanted = self.find_run.text().strip()
        set_property(self.find_run, "wrong", bool(wanted and not self._found))
        if self._found:
            self.editors[self.texts.currentIndex()].show_key(self._found[self._at])
            self.found.setText(f"{self._at + 1} of {len(self._found)}")
        else:
            self.found.setText(self._where_else(wanted) if wanted else "")

    def _where_else(self, wanted: str) -> str:
        for form, editor in zip(FORMS, self.editors, strict=True):
            if editor.lines.find(wanted):
                return f"only in {form.title}"
        return "not in it"

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.copy)
        top.addWidget(self.save)
        facts = QFormLayout()
        facts.setHorizontalSpacing(4 * STEP)
        facts.setVerticalSpacing(STEP)
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in self.facts.items():
            label = Label(name)
            label.setProperty("role", "muted")
            facts.addRow(label, value)
        for form, editor in zip(FORMS, self.editors, strict=True):
            self.texts.addTab(editor, form.short)
        self.texts.addTab(self.rule, "Rule")
        search = QHBoxLayout()
        search.addWidget(self.find_run)
        search.addWidget(self.found)
        search.addStretch(1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2 * STEP)
        body.addLayout(top)
        body.addLayout(facts)
        body.addLayout(search)
        body.addWidget(self.texts, 1)
        inside = QVBoxLayout()
        inside.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        inside.addWidget(self.refusal)
        inside.addWidget(self._body, 1)
        inside.addWidget(self.empty, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addLayout(inside, 1)
        self._body.hide()


def _fact() -> QLabel:
    label = Label(wordWrap=True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _share(part: float, whole: float) -> tuple[str, str]:
    """How much of a luminosity is in the JSON, and the same in full."""
    if part < 0 or whole < 0:
        return "unknown", "The luminosity isn't computed"
    share = f", {100 * part / whole:.1f} %" if whole else ""
    return (
        f"{words.luminosity(part)} of {words.luminosity(whole)} pb⁻¹{share}",
        f"{part!r} of {whole!r} pb⁻¹ in the lumisections that took part",
    )
