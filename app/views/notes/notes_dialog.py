"""The dialog with the notes on a run: read, written, answered, corrected, taken back."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC
from functools import partial

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.notes import Note, links_of, mentions_of
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import Refused, Unavailable
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.text.plain_text import harmless
from app.services import notes
from app.services.acting import Acting
from app.services.notes import Noted
from app.views.background import Background, Work
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.rights import Rights, nothing_here
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.plain import ChoiceBox, Label, TreeItem

_NOTE = Qt.ItemDataRole.UserRole
_CHOOSE = "Choose a note first."
_TALL = 84
_WIDEST = 160
"""Pixels of a column beside the text; the chosen note says it whole."""
_CORRECT_AGAIN = "Change the text, then Correct again."


class NotesDialog(QDialog):
    """Shows all notes on a run; a new one goes where `On` says: the selected lumisections of a
    dataset, the dataset, or the run."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        rights: Rights,
        run_number: int,
        dataset: str,
        ranges: Sequence[LumiRange],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Notes on run {run_number}")
        resize_to_fit(self, 800, 600)
        self._acting = acting
        self._background = background
        self._run_number = run_number
        self._reading = Work(background, self)
        self._work = Work(background, self)
        self._written: int | None = None
        self.notes = _list_of_notes()
        self.whole = QPlainTextEdit(readOnly=True)
        self.whole.setAccessibleName("The chosen note")
        self.whole.setTabChangesFocus(True)
        self.whole.setMinimumHeight(_TALL)
        self.whole.setPlaceholderText("The chosen note in full")
        self.about = Label(wordWrap=True)
        self.about.setProperty("role", "muted")
        self.empty = Label("Nothing was noted on this run yet.", wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.on = _choice_of_places(run_number, dataset, ranges)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Text")
        self.text.setPlaceholderText(
            "What others should know; addresses of the elog and names of columns as you like"
        )
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(_TALL)
        self.refusal = RefusalLine(self)
        self.note = self._button("Note", self.write, "Write a new note (Ctrl+Enter)")
        self.note.setDefault(True)
        self.right = RightLine(rights, self.note, self._why_not, self)
        self.answer = self._button("Answer", self.reply)
        self.correct = self._button("Correct", self.correct_chosen)
        self.take_back = self._button("Take back", self.take_chosen_back)
        self.link = self._button("Open link", self.open_link)
        self.close_ = self._button("Close", self.reject)
        self._lay_out()
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self.write)
        self.notes.currentItemChanged.connect(self._look)
        self._work.running_changed.connect(self._look)
        rights.changed.connect(self._look)
        self._look()
        self.refresh()

    @property
    def chosen(self) -> Note | None:
        """The note that is chosen in the list."""
        item = self.notes.currentItem()
        found = None if item is None else item.data(0, _NOTE)
        return found if isinstance(found, Note) else None

    def refresh(self) -> None:
        """Reads the notes again."""
        self._reading.renew(self._read)

    def write(self) -> None:
        """Writes a new note."""
        dataset, ranges = self.on.currentData()
        acting, run, text = self._acting, self._run_number, self.text.toPlainText()
        self._act(lambda: notes.add(acting, run, dataset, ranges, text))

    def reply(self) -> None:
        """Answers the chosen note with the text."""
        self._about_chosen(notes.reply)

    def correct_chosen(self) -> None:
        """Takes the text of the chosen note to be changed, or writes it."""
        if self.chosen is not None and not self.text.toPlainText().strip():
            self.text.setPlainText(self.chosen.text)
            self.refusal.say(_CORRECT_AGAIN)
            return
        self._about_chosen(notes.correct)

    def take_chosen_back(self) -> None:
        """Takes the chosen note back; the text says why."""
        if not self.text.toPlainText().strip():
            self.refusal.say("Write why you take it back first.")
            return
        self._about_chosen(notes.take_back)

    def open_link(self) -> None:
        """Opens the address in the chosen note; one of several is chosen from a menu."""
        links = links_of(self.chosen.text) if self.chosen is not None else ()
        if len(links) == 1:
            QDesktopServices.openUrl(QUrl(links[0].address))
        elif links:
            menu = QMenu(self)
            menu.aboutToHide.connect(menu.deleteLater)
            for link in links:
                action = menu.addAction(link.label)
                action.triggered.connect(partial(QDesktopServices.openUrl, QUrl(link.address)))
            menu.popup(self.link.mapToGlobal(self.link.rect().bottomLeft()))

    def _about_chosen(self, action: Callable[[Acting, int, str], Noted]) -> None:
        chosen = self.chosen
        if chosen is not None:
            acting, number, text = self._acting, chosen.number, self.text.toPlainText()
            self._act(lambda: action(acting, number, text))

    def _act(self, action: Callable[[], Noted]) -> None:
        if not self._work.is_running and not self.right.text():
            self.refusal.say("")
            self._work.start(self._do(action))

    async def _do(self, action: Callable[[], Noted]) -> None:
        try:
            noted = await self._background.act(action)
        except (Refused, Unavailable) as error:
            self.refusal.tell(error)
        else:
            self._written = noted.number
            self.text.clear()
            self.refresh()

    async def _read(self) -> None:
        acting, run = self._acting, self._run_number
        found = await self._background.read(lambda: notes.of_run(acting, run))
        columns = await self._background.read(lambda: notes.columns(acting))
        before, written = self.chosen, self._written
        self._written = None
        self.notes.clear()
        for note in found:
            item = _item(note, note.where.partition(", ")[2] or "run", columns)
            self.notes.addTopLevelItem(item)
            answers = [_item(answer, "", columns) for answer in note.replies]
            item.addChildren(answers)
            for each in (item, *answers):
                shown = each.data(0, _NOTE)
                was_chosen = before is not None and shown.number == before.number
                # A note that was just written comes last; who answers stays at the note.
                if was_chosen or (each is item and shown.number == written):
                    self.notes.setCurrentItem(each)
        self.notes.expandAll()
        header = self.notes.header()
        for place in range(1, self.notes.columnCount()):
            needed = max(self.notes.sizeHintForColumn(place), header.sectionSizeHint(place))
            header.resizeSection(place, min(needed, _WIDEST))
        for part in (self.notes, self.about, self.whole):
            part.setVisible(bool(found))
        self.empty.setVisible(not found)
        self._look()

    def _look(self) -> None:
        note, person = self.chosen, self._acting.actor
        self.whole.setPlainText(harmless(_whole(note)))
        self.about.setText(
            "" if note is None else f"{note.by}, {words.time(note.at)}, on {note.where}"
        )
        self.right.offer(possible=not self._work.is_running)
        why = self.right.text() or (
            _CHOOSE if note is None else "It was taken back." if note.taken_back else ""
        )
        is_own = note is not None and note.by == person.email
        by = "" if note is None else note.by
        for button, what, refusal in (
            (self.answer, "Answer the chosen note with the text", ""),
            (self.correct, "Give it another text", "" if is_own else f"Only {by} may correct it."),
            (
                self.take_back,
                "Take it back; the text says why",
                "" if is_own or EXPERTS in person.egroups else f"Only {by} and {EXPERTS} may.",
            ),
        ):
            reason = why or refusal
            button.setEnabled(not reason and not self._work.is_running)
            button.setToolTip(reason or what)
        has_link = note is not None and bool(links_of(note.text))
        self.link.setEnabled(has_link)
        self.link.setToolTip("" if has_link else "The chosen note has no address.")

    def _why_not(self) -> Refused | None:
        why_nothing = nothing_here(self._acting)
        return Refused(why_nothing) if why_nothing else notes.refusal(self._acting)

    def _button(self, text: str, handler: Callable[[], object], tip: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.clicked.connect(handler)
        return button

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(3 * STEP)
        form.addRow("&On", self.on)
        form.addRow("&Text", self.text)
        buttons = QHBoxLayout()
        buttons.addWidget(self.note)
        buttons.addWidget(self.answer)
        buttons.addWidget(self.correct)
        buttons.addWidget(self.take_back)
        buttons.addWidget(self.link)
        buttons.addStretch(1)
        buttons.addWidget(self.close_)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addWidget(self.notes, 3)
        layout.addWidget(self.about)
        layout.addWidget(self.whole, 2)
        layout.addWidget(self.empty, 1)
        layout.addLayout(form)
        layout.addWidget(self.right)
        layout.addWidget(self.refusal)
        layout.addLayout(buttons)
        give_keys(self.text)


def _item(note: Note, on: str, columns: Collection[str]) -> TreeItem:
    gone = note.taken_back
    said = note.text if gone is None else f"taken back by {gone.by}: {gone.text}"
    when = f"{note.at.astimezone(UTC):%Y-%m-%d %H:%M}"
    item = TreeItem(
        [" ".join(said.split()), on, ", ".join(mentions_of(note.text, columns)), note.by, when]
    )
    item.setData(0, _NOTE, note)
    return item


def _whole(note: Note | None) -> str:
    """All of a note: its text, and what was done to it."""
    if note is None:
        return ""
    said = [note.text]
    if note.corrected is not None:
        said.append(f"Corrected {words.time(note.corrected)}.")
    if note.taken_back is not None:
        said.append(f"Taken back by {note.taken_back.by}: {note.taken_back.text}")
    return "\n".join(said)


def _list_of_notes() -> QTreeWidget:
    notes = QTreeWidget()
    notes.setAccessibleName("Notes")
    notes.setHeaderLabels(["Note", "On", "Columns", "By", "When (UTC)"])
    notes.setUniformRowHeights(True)
    header = notes.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return notes


def _choice_of_places(run_number: int, dataset: str, ranges: Sequence[LumiRange]) -> ChoiceBox:
    """What a new note may be on: of each the dataset and the lumisections."""
    places = ChoiceBox()
    places.setAccessibleName("On")
    if ranges:
        places.addItem(f"LS {format_ranges(ranges)} of {dataset}", (dataset, tuple(ranges)))
    places.addItem(dataset, (dataset, ()))
    places.addItem(f"run {run_number}", ("", ()))
    return places
