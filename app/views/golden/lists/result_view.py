"""A golden JSON: its figures, its texts, and the files it can be saved as."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

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
from app.domain.clock import server_now
from app.domain.errors import Refused
from app.domain.rules.text import pretty
from app.services.acting import Acting
from app.services.golden import exports as golden_exports
from app.services.golden import files as golden_files
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.files import Form
from app.services.golden.generation import JsonRow, Texts
from app.services.golden.official import making as making_official
from app.services.golden.official import publications
from app.services.golden.official.making import Proof, Standing
from app.views.background import Work
from app.views.golden.forms import FORMS, RunLines, run_lines, title_of
from app.views.golden.lists.run_text import FindLine, RunText
from app.views.golden.panel import GoldenPanel
from app.views.looks import words
from app.views.looks.theme import STEP, monospaced, set_property
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_CHOOSE = "Choose a golden JSON from the list, or generate one."
_DIM_AFTER_MS = 200
_CHECKED = "Checked"
_PUBLISHED = "Published"
_FACTS = (
    *("Datasets", "In it", "Recorded", "Delivered", "Made", "By", _CHECKED, _PUBLISHED),
    "Tags",
)


@dataclass(frozen=True, slots=True)
class Result:
    """A stored list as it is shown: `texts` as they are saved, `lines` as they are read.

    `stem` is what the names of its files begin with.
    """

    stored: JsonRow
    texts: Texts
    lines: tuple[RunLines, ...]
    rule: str
    stem: str
    standing: Standing | None = None
    """What a puller found, where pullers make lists again."""
    published: str = ""
    """As what it was published, in sentences."""

    @property
    def id(self) -> int:
        """Number of the list."""
        return self.stored.entry.id

    def text_of(self, form: Form) -> str:
        """A text as it is saved, byte for byte."""
        return golden_files.text_of(self.texts, form)


def read_result(acting: Acting, id_: int) -> Result:
    """Reads a stored list and breaks its texts into lines; for a season that takes a while."""
    standing = making_official.standings(acting, [id_]).get(id_)
    return result_of(golden.row(acting, id_), standing, _published(acting, id_))


def _published(acting: Acting, id_: int) -> str:
    made = publications.of_list(acting, id_)
    return "" if made is None else publications.text_of(made)


def result_of(stored: JsonRow, standing: Standing | None = None, published: str = "") -> Result:
    """A stored list with its texts."""
    texts = golden.texts(stored)
    return Result(
        stored,
        texts,
        tuple(run_lines(golden_files.text_of(texts, form)) for form in FORMS),
        pretty(stored.json_logic),
        golden_exports.stem_of(golden_lists.of_row(stored)),
        standing,
        published,
    )


class GoldenResultView(GoldenPanel):
    """Shows one list; says what to do until one is chosen.

    Signals: `export_wanted()` to export several forms.
    """

    export_wanted = Signal()

    tab = "JSON"
    tab_tip = "What is in it, its texts and its rule"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._work = Work(context.background, self)
        self._standing = Work(context.background, self)
        self._found: tuple[int, ...] = ()
        self._at = 0
        self.result: Result | None = None
        self.saver = FileSaver(context.background, context.notices, self, self._refuse)
        self.bar = LoadingBar(context.themes)
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
            menu.addAction(f"{title_of(form)}...").triggered.connect(partial(self.ask_where, form))
        menu.addSeparator()
        menu.addAction("Other forms, several at once...").triggered.connect(self.export_wanted)
        self.save.setMenu(menu)
        self.facts = {name: _fact() for name in _FACTS}
        self._facts = QFormLayout()
        self.texts = QTabWidget()
        self.texts.setDocumentMode(True)
        self.editors = [RunText(title_of(form)) for form in FORMS]
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
        self._work.running_changed.connect(self._show_loading)
        self._dim.timeout.connect(partial(self._body.setEnabled, False))
        self.copy.clicked.connect(self.copy_text)
        self.find_run.textChanged.connect(self._search)
        self.find_run.next_wanted.connect(self._go_on)
        self.texts.currentChanged.connect(self._turned)

    def show_golden(self, id_: int | None) -> None:
        if id_ is not None:
            self.load(id_)

    def load(self, id_: int) -> None:
        """Reads a list; the one that is shown stays until it is there."""
        self._work.start(self._load(id_))

    def renew(self) -> None:
        """Shows what a puller has found meanwhile; the texts of a list never change."""
        if self.result is not None and not self._work.is_running:
            self._standing.renew(self._renew)

    async def _renew(self) -> None:
        shown = self.result
        if shown is None:
            return
        try:
            (is_official, standing), published = await self._background.read(
                lambda: (
                    making_official.standing_of(self._acting, shown.id),
                    _published(self._acting, shown.id),
                )
            )
        except Refused:
            return  # Deleted by somebody: what is shown was there.
        if self.result is shown:
            self._state_standing(standing, is_official=is_official)
            self._state_published(published)

    async def _load(self, id_: int) -> None:
        try:
            result = await self._background.read(lambda: read_result(self._acting, id_))
        except Refused as error:
            self._show_nothing(str(error))
        else:
            self.show_result(result)

    def show_result(self, result: Result) -> None:
        """Shows another list."""
        self.result = result
        self.refusal.hide()
        self._state_standing(result.standing, is_official=result.stored.entry.official)
        self._state_published(result.published)
        for editor, lines in zip(self.editors, result.lines, strict=True):
            editor.show_lines(lines)
        self.rule.setPlainText(result.rule)
        self._state_facts(result)
        self.set_now(server_now())
        self.empty.hide()
        self._body.show()
        self._search()

    def set_now(self, now: datetime) -> None:
        """Shows how long ago it was made."""
        if self.result is not None:
            at = self.result.stored.entry.created_at
            self.facts["Made"].setText(f"{words.time(at)}, {words.ago(at, now)}")

    def form(self) -> Form | None:
        """Form of the tab that is shown; None for the rule."""
        place = self.texts.currentIndex()
        return list(FORMS)[place] if place < len(FORMS) else None

    def show_form(self, form: Form) -> None:
        """Brings a form to the front."""
        self.texts.setCurrentIndex(list(FORMS).index(form))

    def copy_text(self) -> None:
        """Copies the text of the tab, byte for byte as it is saved."""
        if self.result is None:
            return
        form = self.form()
        text = self.rule.toPlainText() if form is None else self.result.text_of(form)
        QGuiApplication.clipboard().setText(text)
        what = "Rule" if form is None else title_of(form)
        self._notices.tell(f"Copied: {what} of golden JSON {self.result.id}.")

    def ask_where(self, form: Form, _checked: bool = False) -> QFileDialog | None:
        """Asks for the file that a form is saved as."""
        if self.result is None:
            return None
        result = self.result
        return self.saver.ask_where(
            f"Save {title_of(form)}",
            f"{result.stem}{form.ending}.json",
            "JSON (*.json)",
            lambda file: files.write(file, result.text_of(form)),
        )

    def _show_nothing(self, why: str) -> None:
        self.result = None
        self.empty.setText(why)
        self.empty.show()
        self.refusal.hide()
        self._body.hide()

    def _refuse(self, error: Refused) -> None:
        self.refusal.setText(str(error))
        self.refusal.show()

    def _show_loading(self, loading: bool) -> None:
        self.bar.set_loading(loading)
        if loading:
            self._dim.start()
        else:
            self._dim.stop()
            self._body.setEnabled(True)

    def _state_facts(self, result: Result) -> None:
        entry, luminosity = result.stored.entry, result.stored.luminosity
        first_last = self.editors[0].lines.runs
        span = f", {first_last[0]} to {first_last[-1]}" if first_last else ""
        for name, text, tip in (
            ("Datasets", entry.dataset_name_filter, "Pattern that the names of the datasets match"),
            (
                "In it",
                f"{words.counted(entry.runs, 'run')}{span}; {words.number(entry.lumisections)} LS",
                "",
            ),
            (
                "Recorded",
                *_share(entry.recorded_in_json, luminosity["total_recorded_luminosity"]),
            ),
            (
                "Delivered",
                *_share(
                    luminosity["delivered_luminosity_in_json"],
                    luminosity["total_delivered_luminosity"],
                ),
            ),
            (
                "By",
                f"{entry.created_by}, at version {words.number(entry.version)}",
                "The last version of the database that this JSON takes into account",
            ),
            ("Tags", entry.tags or "none", ""),
        ):
            self.facts[name].setText(text)
            self.facts[name].setToolTip(tip)

    def _state_standing(self, standing: Standing | None, *, is_official: bool) -> None:
        if self.result is not None:
            self.title.setText(f"Golden JSON {self.result.id}{', official' if is_official else ''}")
        checked = self.facts[_CHECKED]
        self._facts.setRowVisible(checked, standing is not None)
        if standing is not None:
            checked.setText(standing.text)
            differs = standing.proof is Proof.DIFFERS
            set_property(checked, "role", "refusal" if differs else "")

    def _state_published(self, text: str) -> None:
        self._facts.setRowVisible(self.facts[_PUBLISHED], bool(text))
        self.facts[_PUBLISHED].setText(text)

    # Search

    def _turned(self, _tab: int) -> None:
        for part in (self.find_run, self.found):
            part.setVisible(self.form() is not None)
        self._search()

    def _search(self) -> None:
        self._at = 0
        for editor in self.editors:
            editor.show_key(None)
        if self.form() is None:
            return
        self._found = self.editors[self.texts.currentIndex()].lines.find(self.find_run.text())
        self._show_found()

    def _go_on(self, step: int) -> None:
        if self._found and self.form() is not None:
            self._at = (self._at + step) % len(self._found)
            self._show_found()

    def _show_found(self) -> None:
        text = self.find_run.text().strip()
        set_property(self.find_run, "wrong", bool(text and not self._found))
        if self._found:
            self.editors[self.texts.currentIndex()].show_key(self._found[self._at])
            self.found.setText(f"{self._at + 1} of {len(self._found)}")
        else:
            self.found.setText(self._where_else(text) if text else "")

    def _where_else(self, text: str) -> str:
        for form, editor in zip(FORMS, self.editors, strict=True):
            if editor.lines.find(text):
                return f"only in {title_of(form)}"
        return "not in it"

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.copy)
        top.addWidget(self.save)
        facts = self._facts
        facts.setHorizontalSpacing(4 * STEP)
        facts.setVerticalSpacing(STEP)
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in self.facts.items():
            label = Label(name)
            label.setProperty("role", "muted")
            facts.addRow(label, value)
        for name, editor in zip(FORMS.values(), self.editors, strict=True):
            self.texts.addTab(editor, name)
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
        return "unknown", "The luminosity was not computed"
    share = f", {words.percent(part / whole)}" if whole else ""
    return (
        f"{words.luminosity(part)} of {words.luminosity(whole)} pb⁻¹{share}",
        f"{part!r} of {whole!r} pb⁻¹ in the lumisections that took part",
    )
