"""All settings in a searchable list, each with its default, its source, and a line to change it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused, Unavailable
from app.domain.preferences import Origin, Preference, Preferences
from app.views.background import Background, Work
from app.views.focus import give_keys, give_keys_once_shown
from app.views.looks.theme import STEP, Themes, set_property
from app.views.looks.words import failure, number
from app.views.preferences.value_edit import ValueEdit
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label
from app.views.widgets.search_line import SearchLine
from app.views.widgets.tables.lines_model import Line, LinesModel
from app.views.widgets.tables.plain_table import PlainTable

_SIZE = (940, 680)
_TITLES = ("About", "Setting", "Value", "Comes from")
_VALUE = 2
_LINES_OF_TEXT = 6


class PreferencesDialog(QDialog):
    """The settings of the program.

    Signals: `changed(Preference)` when one was set or taken back to its default.
    """

    changed = Signal(object)

    def __init__(
        self,
        preferences: Preferences,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences = preferences
        self._background = background
        self._all: tuple[Preference, ...] = ()
        self._said = ""
        self._reading = Work(background, self)
        self._changing = Work(background, self)
        self.search = SearchLine(placeholderText="Search: words of name, meaning or value")
        self.search.setAccessibleName("Search settings")
        self.count = Label()
        self.count.setProperty("role", "muted")
        self.model: LinesModel[Preference] = LinesModel(_TITLES, themes, self)
        self.table = PlainTable("Settings")
        self.table.setModel(self.model)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_VALUE, QHeaderView.ResizeMode.Stretch)
        self.name = Label()
        self.name.setProperty("role", "title")
        self.about = Label(wordWrap=True)
        self.source = Label(wordWrap=True)
        self.source.setProperty("role", "muted")
        self.edit = ValueEdit()
        self.set_button = self._button("Set", "Write it to the settings (Enter)", self.set_value)
        self.reset_button = self._button(
            "Reset to default", "Take it out of the settings", self.reset_value
        )
        self.says = Label(wordWrap=True)
        self.says.setAccessibleName("What is wrong, or when it takes effect")
        self._lay_out()
        self.search.textChanged.connect(self._fill)
        self.table.entered.connect(lambda _row: self._edit())
        self.table.doubleClicked.connect(lambda _index: self._edit())
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.edit.edited.connect(self._check)
        self.edit.confirmed.connect(self.set_value)
        self.edit.left.connect(self._leave)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(lambda: give_keys(self.search, select=True))
        self.load()
        give_keys_once_shown(self.search)

    @property
    def chosen(self) -> Preference | None:
        """The setting in front."""
        row = self.table.currentIndex().row()
        return self.model.item(row) if 0 <= row < self.model.rowCount() else None

    def load(self) -> None:
        """Reads the settings again."""
        self._reading.start(self._load())

    def show_setting(self, name: str) -> None:
        """Goes to a setting."""
        row = self.model.row_of(name)
        if row is not None:
            self.table.selectRow(row)

    def set_value(self) -> None:
        """Sets what the line holds, if that can be."""
        one = self.chosen
        if one is None or one.fixed or not self._check():
            return
        text, preferences = self.edit.text(), self._preferences
        self._change(one, lambda: preferences.set(one.name, text))

    def reset_value(self) -> None:
        """Takes the setting in front back to its default."""
        one, preferences = self.chosen, self._preferences
        if one is not None and not one.fixed:
            self._change(one, lambda: preferences.unset(one.name))

    def _change(self, one: Preference, change: Callable[[], Preference]) -> None:
        self.edit.setEnabled(False)
        self._changing.start(self._do(one, change))

    async def _do(self, one: Preference, change: Callable[[], Preference]) -> None:
        try:
            changed = await self._background.act(change, reaches_server=False)
        except (Refused, Unavailable) as error:
            self._show(one)
            self._say(failure(error), "refusal")
            give_keys(self.edit)
            return
        self._all = tuple(changed if each.name == one.name else each for each in self._all)
        self._said = "Done. " + (changed.effect if changed.is_pending else "It holds now.")
        self.changed.emit(changed)
        self._fill()
        give_keys(self.table)
        # What depends on it, a secret for example, may be another now.
        self.load()

    async def _load(self) -> None:
        try:
            self._all = await self._background.read(self._preferences.read, reaches_server=False)
        except Refused as error:
            self._all = ()
            self._fill()
            self.table.say(f"{error} Mend it with an editor, and open this again.")
            return
        self._fill()

    def _fill(self) -> None:
        chosen, words = self.chosen, self.search.text()
        lines = [_line(each) for each in self._all if each.matches(words)]
        self.model.show_lines(lines)
        self.count.setText(f"{number(len(lines))} of {number(len(self._all))}")
        nothing = "No setting has these words. Escape in the search shows all."
        self.table.say("" if lines or not self._all else nothing)
        row = self.model.row_of(chosen.name) if chosen is not None else None
        if lines and row is None:
            # What is wrong is in front, to be mended.
            row = next((at for at, line in enumerate(lines) if line.item.fault), 0)
        if lines:
            self.table.selectRow(row or 0)
        self._show(self.chosen)

    def _choose(self, _now: object, _before: object) -> None:
        self._said = ""
        self._show(self.chosen)

    def _show(self, one: Preference | None) -> None:
        for widget in (self.name, self.about, self.source, self.says):
            widget.setVisible(one is not None)
        self.edit.show_setting(one)
        can_change = one is not None and not one.fixed
        self.edit.setEnabled(can_change)
        self.set_button.setEnabled(can_change)
        self.reset_button.setEnabled(
            can_change and one is not None and one.origin in (Origin.FILE, Origin.KEYRING)
        )
        if one is None:
            return
        self.name.setText(f"{one.subject}: {one.name}")
        self.about.setText(one.about)
        of_default = "" if one.is_secret else f"Default: {one.default or 'none'}. "
        running = ""
        if one.is_pending:
            running = f" This window still goes by: {one.in_force or 'none'}."
        self.source.setText(f"{of_default}{_from(one)}{running}")
        if one.fault and not self._said:
            self._say(one.fault, "refusal")
            return
        self._say(self._said or one.fixed or one.effect, "warning" if one.fixed else "muted")

    def _check(self) -> bool:
        """Whether the line holds what can be set; else it says why not."""
        one = self.chosen
        if one is None:
            return False
        fault = self._preferences.fault(one.name, self.edit.text())
        self._say(fault or one.effect, "refusal" if fault else "muted")
        self.edit.show_fault(is_wrong=bool(fault))
        self.set_button.setEnabled(not fault)
        return not fault

    def _say(self, text: str, role: str) -> None:
        self.says.setText(text)
        set_property(self.says, "role", role)

    def _edit(self) -> None:
        if self.chosen is not None and not self.chosen.fixed:
            give_keys(self.edit.home(), select=True)

    def _leave(self) -> None:
        self._show(self.chosen)
        give_keys(self.table)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(self.search, 1)
        above.addWidget(self.count)
        line = QHBoxLayout()
        line.addWidget(self.edit, 1)
        line.addWidget(self.set_button)
        line.addWidget(self.reset_button)
        below = QFrame()
        below.setObjectName("below")
        below.setFixedHeight(_LINES_OF_TEXT * self.fontMetrics().lineSpacing() + 16 * STEP)
        pane = QVBoxLayout(below)
        for widget in (self.name, self.about, self.source):
            pane.addWidget(widget)
        pane.addLayout(line)
        pane.addWidget(self.says)
        pane.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        for button in buttons.buttons():
            assert isinstance(button, QPushButton)
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(self.table, 1)
        layout.addWidget(below)
        layout.addWidget(buttons)
        resize_to_fit(self, *_SIZE)

    def _button(self, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked: act())
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        down = event.key() == Qt.Key.Key_Down
        if down and self.search.hasFocus():
            give_keys(self.table)
        else:
            super().keyPressEvent(event)


def _line(one: Preference) -> Line[Preference]:
    origin = "" if one.origin is Origin.DEFAULT else one.origin.value
    if one.fault:
        origin += ", can't be used"
    texts = (one.subject, one.name, one.shown, origin)
    token = "danger" if one.fault else "muted" if one.fixed else "accent" if origin else ""
    return Line(one.name, one, texts, (one.subject, one.about, one.shown, one.where), token)


def _from(one: Preference) -> str:
    if one.origin is Origin.DEFAULT and not one.is_secret:
        return "It isn't set."
    if one.origin is Origin.FILE:
        return f"It comes from the settings file, {one.where}."
    return f"It comes from: {one.where}." if one.is_given else f"{one.where.capitalize()}."
