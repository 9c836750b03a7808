"""One item of the configuration: its values, saved as a new version, and what stands against it."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration
from app.domain.configuration.items import UnknownVariables
from app.domain.configuration.versions import Item, ItemChanged, field_changes
from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.rules.vocabulary import RuleVocabulary
from app.services.classifying.trials import Draft
from app.views import words
from app.views.backend.configuration import ConfigurationParts
from app.views.background import Background
from app.views.configuration.difference_view import DifferenceView
from app.views.configuration.item_form import ItemForm, new_values
from app.views.configuration.sections import Section, problem_of
from app.views.notices import ask
from app.views.theme import STEP, Themes
from app.views.widgets.plain import Label

_SIDES_HEIGHT = 150


class EditorPanel(QWidget):
    """Edits items of one section.

    Signals: `saved(int, str)` with the id of the item and what was done, the id is 0 when it went;
    `theirs_wanted(int)` to look at the item that somebody else has put in the place; `edited()`.
    """

    saved = Signal(int, str)
    theirs_wanted = Signal(int)
    edited = Signal()

    def __init__(
        self,
        section: Section,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.section = section
        self._parts = parts
        self._background = background
        self._busy = False
        self.item: Item | None = None
        self.title = Label()
        self.title.setProperty("role", "title")
        self.made = Label(wordWrap=True)
        self.made.setProperty("role", "muted")
        self.problem = Label(wordWrap=True)
        self.problem.setProperty("role", "warning")
        self.form = ItemForm(section, themes)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.setAccessibleName("Why it was refused")
        self.sides = DifferenceView(themes, ("What", "Theirs", "Yours"))
        self.sides.setFixedHeight(_SIDES_HEIGHT)
        self.sides.setFrameShape(QFrame.Shape.StyledPanel)
        self.look_at_theirs = QPushButton("Take theirs")
        self.look_at_theirs.setToolTip("Drop what you wrote and look at what is in force")
        self.mine_over_theirs = QPushButton("Keep mine")
        self.mine_over_theirs.setToolTip(
            "What you wrote stays in the form; saving then changes what the other has saved"
        )
        self.insist = QPushButton("Save all the same")
        self.insist.setToolTip("Although nothing has what the rule reads")
        self.save = QPushButton("Save")
        self.save.setToolTip("Put it in force, as a new version (Ctrl+S)")
        self.revert = QPushButton("Revert")
        self.revert.setToolTip("Drop what you wrote")
        self.delete = QPushButton("Take out...")
        self.delete.setToolTip("Take it out of force; the versions that had it keep it")
        self._lay_out()
        self._connect()
        self._say_nothing()

    def show_item(self, item: Item | None) -> None:
        """Shows an item, or the form of a new one."""
        self.item = item
        if item is None:
            self.title.setText(f"New {self.section.noun}")
            self.made.setText(self.section.about)
            self.form.show_values(new_values())
        else:
            self.title.setText(item.title)
            by = item.updated_by or item.created_by
            self.made.setText(
                f"{item.id}, saved {words.time(item.created_at)}{f' by {by}' if by else ''}"
            )
            self.form.show_values(item.values)
        fault = "" if item is None else problem_of(item)
        self.problem.setText(f"It decides nothing: {fault}" if fault else "")
        self.problem.setVisible(bool(fault))
        self._say_nothing()
        self._offer()

    def offer(self, configuration: Configuration) -> None:
        """What can be chosen."""
        self.form.offer(configuration)

    def set_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """What the rule can read."""
        self.form.set_vocabulary(vocabulary)

    @property
    def is_changed(self) -> bool:
        """Whether something is written that isn't saved."""
        return self.form.is_changed

    def draft(self) -> Draft:
        """What is written, to be tried; refused when it can't be read."""
        assert self.section.kind is not None
        return Draft(
            self.section.kind, None if self.item is None else self.item.id, self.form.values()
        )

    def submit(self, *, insist: bool = False) -> None:
        """Saves what is written, unless it is being saved."""
        if self._busy or not (self.is_changed or self.item is None):
            return
        self._say_nothing()
        try:
            values = self.form.values()
        except Refused as error:
            self._refuse(error)
            return
        parts, kind, item = self._parts, self.section.kind, self.item
        assert kind is not None
        item_id = None if item is None else item.id
        self._act(
            lambda: parts.save_item(kind, item_id, values, insist=insist),
            lambda made: self._saved(made, values),
        )

    def _save(self) -> None:
        self.submit()

    def ask_to_delete(self) -> None:
        """Asks whether the item is to go."""
        item = self.item
        if item is None or self._busy:
            return
        ask(
            self.window(),
            f"Take out {item.title}?",
            f"{item.title} decides nothing any more. The versions that had it keep it, and it can"
            " be restored from them.",
            "Take out",
            self._delete,
        )

    def _delete(self) -> None:
        item, parts, kind = self.item, self._parts, self.section.kind
        if item is None or kind is None:
            return
        self._say_nothing()

        def delete() -> int:
            parts.delete_item(kind, item.id)
            return 0

        self._act(delete, lambda _none: self.saved.emit(0, f"Took out {item.title}."))

    def _act(self, work: Callable[[], int], then: Callable[[int], None]) -> None:
        self._busy = True
        self._offer()
        self._background.act_then(
            work,
            then,
            owner=self,
            refused=self._refuse,
            unavailable=self._unavailable,
            finished=self._finished,
        )

    def _finished(self) -> None:
        self._busy = False
        self._offer()

    def _saved(self, made: int, values: JsonObject) -> None:
        self.form.show_values(values)  # nothing is left to save
        what = "Added" if self.item is None else "Saved"
        self.saved.emit(made, f"{what} {self.section.noun} {made}.")

    def _refuse(self, error: Refused) -> None:
        self.refusal.setText(str(error))
        self.refusal.show()
        self.insist.setVisible(isinstance(error, UnknownVariables))
        if isinstance(error, ItemChanged):
            self._show_sides(error)

    def _show_sides(self, error: ItemChanged) -> None:
        """What the other has saved beside what the person wrote, where they differ."""
        theirs, mine = error.theirs, error.mine
        self.look_at_theirs.show()
        if theirs is None or mine is None:
            return
        self.item = theirs
        differing = field_changes(theirs.kind, theirs.values, {**theirs.values, **mine})
        self.sides.show_fields(differing)
        self.sides.setVisible(bool(differing))
        self.mine_over_theirs.show()

    def _unavailable(self, error: Unavailable) -> None:
        self.refusal.setText(f"{error} Nothing was written: try again.")
        self.refusal.show()

    def _take_theirs(self) -> None:
        self.theirs_wanted.emit(0 if self.item is None else self.item.id)

    def _keep_mine(self) -> None:
        """The form stays; it now stands for a change of what the other saved."""
        theirs = self.item
        if theirs is None:
            return
        self.title.setText(theirs.title)
        self.made.setText(f"Over {theirs.id}, saved {words.time(theirs.created_at)}")
        self.form.compare_with(theirs.values)
        self._say_nothing()
        self._offer()

    def _say_nothing(self) -> None:
        for widget in (
            self.refusal,
            self.sides,
            self.look_at_theirs,
            self.mine_over_theirs,
            self.insist,
        ):
            widget.hide()

    def _revert(self) -> None:
        self.show_item(self.item)

    def _edited(self) -> None:
        self.insist.hide()
        self._offer()
        self.edited.emit()

    def _offer(self) -> None:
        changed = self.is_changed
        self.save.setEnabled((changed or self.item is None) and not self._busy)
        self.save.setText("Save" if self.item is not None else "Add")
        self.revert.setEnabled(changed and not self._busy)
        self.delete.setEnabled(self.item is not None and not self._busy)

    def _lay_out(self) -> None:
        answers = QHBoxLayout()
        answers.setSpacing(2 * STEP)
        for button in (self.look_at_theirs, self.mine_over_theirs, self.insist):
            answers.addWidget(button)
        answers.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * STEP)
        buttons.addWidget(self.delete)
        buttons.addStretch(1)
        buttons.addWidget(self.revert)
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        layout.setSpacing(STEP + 2)
        for label in (self.title, self.made, self.problem):
            layout.addWidget(label)
        layout.addWidget(self.form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.sides)
        layout.addLayout(answers)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.form.edited.connect(self._edited)
        self.save.clicked.connect(self._save)
        self.insist.clicked.connect(lambda: self.submit(insist=True))
        self.revert.clicked.connect(self._revert)
        self.delete.clicked.connect(self.ask_to_delete)
        self.look_at_theirs.clicked.connect(self._take_theirs)
        self.mine_over_theirs.clicked.connect(self._keep_mine)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self)
        shortcut.activated.connect(self._save)
