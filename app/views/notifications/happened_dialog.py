"""The list *What happened*: what waits for the person, and what others did lately."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.links import Link
from app.domain.notifications import Notification
from app.views.focus import give_keys_once_shown
from app.views.looks.ages import Ages
from app.views.looks.theme import ROW_HEIGHT, STEP, Themes
from app.views.looks.words import ago, time
from app.views.notifications.entries import TITLE, Entry, State
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label
from app.views.widgets.tables.lines_model import Line, LinesModel
from app.views.widgets.tables.plain_table import PlainTable

_SIZE = (860, 520)
_NOTHING = (
    "Nothing has happened yet. Flags, deadlines, conflicts with your edits, mentions, proposals,"
    " official golden JSONs, marks that were taken away and frozen cycles come here; Preferences"
    " says which."
)
_FRAME = 4
_LINES_OF_WHOLE = 2


class HappenedDialog(QDialog):
    """Both lists; Enter or a double click opens the thing.

    Signals: `link_wanted(Link)`; `quiet_wanted(bool)`; `preferences_wanted()`.
    """

    link_wanted = Signal(object)
    quiet_wanted = Signal(bool)
    preferences_wanted = Signal()

    def __init__(self, state: State, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(TITLE)
        resize_to_fit(self, *_SIZE)
        self._entries: LinesModel[Entry] = LinesModel(("Waiting for you",), themes, self)
        self._happened: LinesModel[Notification] = LinesModel(("When", "Kind", TITLE), themes, self)
        self.waiting = PlainTable("Waiting for you")
        self.waiting.setModel(self._entries)
        self.list = PlainTable(TITLE)
        self.list.setModel(self._happened)
        for table in (self.waiting, self.list):
            table.horizontalHeader().setStretchLastSection(True)
            table.horizontalHeader().setDefaultAlignment(
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            )
        for column in (0, 1):
            self.list.horizontalHeader().setSectionResizeMode(
                column, QHeaderView.ResizeMode.ResizeToContents
            )
        self.whole = Label(wordWrap=True)
        self.whole.setAccessibleName("The chosen line as a whole")
        self.whole.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.whole.setFixedHeight(_LINES_OF_WHOLE * self.fontMetrics().lineSpacing())
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._show_whole())
        self.quiet = QCheckBox("Do not disturb: show nothing on the desktop")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        preferences = buttons.addButton("Preferences...", QDialogButtonBox.ButtonRole.ActionRole)
        for button in buttons.buttons():
            button.setAutoDefault(False)  # type: ignore[attr-defined]
        about = Label("Enter opens a line.")
        about.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.waiting)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.whole)
        layout.addWidget(about)
        layout.addWidget(self.quiet)
        layout.addWidget(buttons)
        self._state = State()
        self.show_state(state)
        self.quiet.toggled.connect(self.quiet_wanted)
        preferences.clicked.connect(self.preferences_wanted)
        buttons.rejected.connect(self.reject)
        self.waiting.entered.connect(self._open_entry)
        self.waiting.doubleClicked.connect(lambda index: self._open_entry(index.row()))
        self.list.entered.connect(self._open)
        self.list.doubleClicked.connect(lambda index: self._open(index.row()))
        Ages(self.list, self._show_ages)
        give_keys_once_shown(self.list if state.happened.notifications else self.waiting)

    def show_state(self, state: State) -> None:
        """Shows another state; what came since the person looked stands out."""
        self._state = state
        self._entries.show_lines([Line(each.name, each, (each.text,)) for each in state.entries])
        self.waiting.say("" if state.entries else "Nothing waits for you.")
        # What stands there without any needs room, too.
        rows = (len(state.entries) or 3) + 1
        self.waiting.setFixedHeight(rows * (ROW_HEIGHT + 1) + _FRAME)
        self._show_ages()
        self.list.say("" if state.happened.notifications else _NOTHING)
        self.quiet.setChecked(state.quiet)
        for table in (self.waiting, self.list):
            if not table.currentIndex().isValid() and table.model().rowCount():
                table.selectRow(0)

    def _show_ages(self) -> None:
        now, read = server_now(), self._state.happened.read
        self._happened.show_lines(
            [
                Line(
                    each.key,
                    each,
                    (ago(each.at, now), each.kind.noun, each.text),
                    copied=(time(each.at), each.kind.noun, each.text),
                    token="accent" if read is None or each.at > read else "",
                )
                for each in self._state.happened.notifications
            ]
        )
        self._show_whole()

    def _show_whole(self) -> None:
        """A line may be longer than the list is wide."""
        row = self.list.currentIndex().row()
        is_there = 0 <= row < self._happened.rowCount()
        self.whole.setText(self._happened.item(row).text if is_there else "")

    def _open_entry(self, row: int) -> None:
        entry = self._entries.item(row)
        self.accept()
        entry.open()

    def _open(self, row: int) -> None:
        link: Link = self._happened.item(row).link
        self.accept()
        self.link_wanted.emit(link)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
