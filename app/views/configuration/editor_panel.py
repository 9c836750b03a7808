"""The editor of one item of the configuration, which saves it as a new version."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.items import UnknownVariables, title_of
from app.domain.configuration.versions import Item, ItemChanged, field_changes, problem_of
from app.domain.errors import Refused, Unavailable
from app.domain.rules.vocabulary import RuleVocabulary
from app.services.acting import Acting
from app.services.classifying.trials import Draft
from app.services.configuration import edits
from app.views.background import Background, Work
from app.views.configuration.item_form import ItemForm, new_values
from app.views.configuration.sections import Section
from app.views.configuration.versions.difference_view import DifferenceView
from app.views.looks import words
from app.views.looks.theme import STEP, Themes
from app.views.notices import ask
from app.views.rights import Rights, offer
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.plain import Label

_SIDES_HEIGHT = 150


class EditorPanel(QWidget):
    """Edits items of one section.

    Signals: `saved(int, int, str)` with the id of the item, 0 when it was removed, the id that is
    new or gone, and a sentence;
    `theirs_wanted(int)` to show the item that somebody else saved instead; `edited()`;
    `refused()` when it says why a change can't be written.
    """

    saved = Signal(int, int, str)
    theirs_wanted = Signal(int)
    edited = Signal()
    refused = Signal()

    def __init__(
        self,
        section: Section,
        acting: Acting,
        background: Background,
        themes: Themes,
        rights: Rights,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.section = section
        self._rights = rights
        self._acting = acting
        self._background = background
        self._writing = Work(background, self)
        self.item: Item | None = None
        self.title = Label()
        self.title.setProperty("role", "title")
        self.made = Label(wordWrap=True)
        self.made.setProperty("role", "muted")
        self.problem = Label(wordWrap=True)
        self.problem.setProperty("role", "warning")
        self.form = ItemForm(section, themes)
        self.refusal = RefusalLine()
        self.sides = DifferenceView(themes, ("What", "Theirs", "Yours"))
        self.sides.setFixedHeight(_SIDES_HEIGHT)
        self.sides.setFrameShape(QFrame.Shape.StyledPanel)
        self.look_at_theirs = QPushButton("Take theirs")
        self.look_at_theirs.setToolTip("Discard your changes and show the item in force")
        self.mine_over_theirs = QPushButton("Keep mine")
        self.mine_over_theirs.setToolTip(
            "Keep your changes in the form; saving then replaces what the other person saved"
        )
        self.insist = QPushButton("Save anyway")
        self.insist.setToolTip("Save although the rule reads unknown variables")
        self.save = QPushButton("Save")
        self.save.setToolTip("Save as a new version, which is in force at once (Ctrl+S)")
        self.revert = QPushButton("Revert")
        self.revert.setToolTip("Discard your changes")
        self.delete = QPushButton("Remove...")
        self.delete.setToolTip("Remove the item; earlier versions keep it")
        self._lay_out()
        self._connect()
        self._clear_messages()

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
        self.problem.setText(f"This rule has no effect: {fault}" if fault else "")
        self.problem.setVisible(bool(fault))
        self._clear_messages()
        self._offer()

    def offer(self, configuration: Configuration) -> None:
        """Offers the choices of the fields."""
        self.form.offer(configuration)

    def set_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """Sets the variables that the rule can read."""
        self.form.set_vocabulary(vocabulary)

    @property
    def is_changed(self) -> bool:
        """Whether there are unsaved changes."""
        return self.form.is_changed

    def draft(self) -> Draft:
        """The unsaved change, to be tried; refused when it can't be read."""
        assert self.section.kind is not None
        return Draft(
            self.section.kind, None if self.item is None else self.item.id, self.form.values()
        )

    def submit(self, *, insist: bool = False) -> None:
        """Saves the changes, unless they are being saved already."""
        if self._writing.is_running or not (self.is_changed or self.item is None):
            return
        self._clear_messages()
        try:
            values = self.form.values()
        except Refused as error:
            self._refuse(error)
            return
        acting, kind, item = self._acting, self.section.kind, self.item
        assert kind is not None
        item_id = None if item is None else item.id

        def saved(saved_id: int) -> None:
            if self.item is item:  # unless another is edited by now
                self.form.show_values(values)  # so that nothing counts as unsaved
            verb = "Added" if item_id is None else "Saved"
            what = f"{self.section.noun} {title_of(kind, values)}"
            self.saved.emit(saved_id, saved_id, f"{verb} {what} ({saved_id}).")

        self._writing.start(
            self._background.attempt(
                lambda: edits.save_item(acting, kind, item_id, values, insist=insist),
                saved,
                self._refuse,
            )
        )

    def _save(self) -> None:
        self.submit()

    def ask_to_delete(self) -> None:
        """Asks whether to remove the item."""
        item = self.item
        if item is None or self._writing.is_running:
            return
        ask(
            self.window(),
            f"Remove {item.title}?",
            f"{item.title} will have no effect any more. Earlier versions keep it, and it can be"
            " restored from them.",
            "Remove",
            self._delete,
        )

    def _delete(self) -> None:
        acting, item = self._acting, self.item
        if item is None or self._writing.is_running:
            return
        self._clear_messages()
        self._writing.start(
            self._background.attempt(
                lambda: edits.delete_item(acting, item.kind, item.id),
                lambda _done: self.saved.emit(0, item.id, f"Removed {item.title}."),
                self._refuse,
            )
        )

    def _refuse(self, error: Refused | Unavailable) -> None:
        self.refusal.tell(error)
        self.refused.emit()
        self.insist.setVisible(isinstance(error, UnknownVariables))
        if isinstance(error, ItemChanged):
            self._show_sides(error)

    def _show_sides(self, error: ItemChanged) -> None:
        """Shows where the other person's item and the changes in the form differ."""
        theirs, mine = error.theirs, error.mine
        self.look_at_theirs.show()
        if theirs is None or mine is None:
            return
        self.item = theirs
        differing = field_changes(theirs.kind, theirs.values, {**theirs.values, **mine})
        self.sides.show_fields(differing)
        self.sides.setVisible(bool(differing))
        self.mine_over_theirs.show()

    def _take_theirs(self) -> None:
        self.theirs_wanted.emit(0 if self.item is None else self.item.id)

    def _keep_mine(self) -> None:
        """Keeps the form as a change of the item that the other person saved."""
        theirs = self.item
        if theirs is None:
            return
        self.title.setText(theirs.title)
        self.made.setText(f"Replaces {theirs.id}, saved {words.time(theirs.created_at)}")
        self.form.compare_with(theirs.values)
        self._clear_messages()
        self._offer()

    def _clear_messages(self) -> None:
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
        if self.look_at_theirs.isHidden():
            self.refusal.hide()  # it was about what stood here before
        self._offer()
        self.edited.emit()

    def _offer(self) -> None:
        changed = self.is_changed
        free, why_not = not self._writing.is_running, self.why_not()
        offer(self.save, why_not, possible=(changed or self.item is None) and free)
        self.save.setText("Save" if self.item is not None else "Add")
        offer(self.insist, why_not)
        self.revert.setEnabled(changed and free)
        offer(self.delete, why_not, possible=self.item is not None and free)

    def why_not(self) -> str:
        """Why the person may not change the list; a JSON configuration is its author's, too."""
        kind = self.section.kind
        if kind is None or kind is Kind.JSON_RULE:
            return self._rights.why_nothing()
        return self._rights.why_not((edits.path_of(kind),))

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
        self._writing.running_changed.connect(lambda _running: self._offer())
        self._rights.changed.connect(self._offer)
        self.save.clicked.connect(self._save)
        self.insist.clicked.connect(lambda: self.submit(insist=True))
        self.revert.clicked.connect(self._revert)
        self.delete.clicked.connect(self.ask_to_delete)
        self.look_at_theirs.clicked.connect(self._take_theirs)
        self.mine_over_theirs.clicked.connect(self._keep_mine)
