"""The strip above the grid: a palette of statuses, comment, cause, what is drafted."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from app.domain.triplets import BAD, EXCLUDED, GOOD, NOTSET, STANDBY, Triplet
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes, set_property
from app.views.lumisections.editing.remark_edit import RemarkEdit
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import Label

STATUS_KEYS = {"G": GOOD, "B": BAD, "S": STANDBY, "X": EXCLUDED, "N": NOTSET}

_SWATCH = 10
_ROOM_FOR_DRAFT = "99999 cells drafted"


class EditStrip(QWidget):
    """Buttons and lines for what a person sets, and how much is drafted.

    Where there is little width the statuses are called by their keys, so that it stays one line.
    Messages appear in `below`, which has its place under the grid, so that no cell moves away from
    under the mouse.
    Signals: `status_wanted(str)`, `bit_wanted(bool)`, `comment_entered(str)`,
    `cause_entered(str)`, `preview_wanted()`, `drop_wanted()`, `back_wanted()` to bring a
    dropped draft back, `left()` when the keyboard goes back to the grid.
    """

    status_wanted = Signal(str)
    bit_wanted = Signal(bool)
    comment_entered = Signal(str)
    cause_entered = Signal(str)
    preview_wanted = Signal()
    drop_wanted = Signal()
    back_wanted = Signal()
    left = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.statuses = {status: QToolButton() for status in STATUS_KEYS.values()}
        self.bits = {value: QToolButton() for value in (True, False)}
        self.comment = RemarkEdit("Comment", "Comment (C)")
        self.cause = RemarkEdit("Cause", "Cause (U)")
        self.drafted = Label()
        self.drafted.setProperty("role", "warning")
        self.preview = QPushButton("Preview")
        self.drop = QToolButton()
        self.bring_back = QPushButton("Bring back")
        self.below = QWidget()
        self.below.setObjectName("below")
        self.message = Label(wordWrap=True)
        self.message.setAccessibleName("Message")
        self._lay_out()
        self._connect()
        self._apply_theme(themes.theme)
        self.show_draft(0, 0, can_bring_back=False)
        self.say("", "")

    def show_selected(
        self, triplets: set[Triplet], *, columns: bool, bits: bool, bit_comment: str
    ) -> None:
        """Shows what the selected cells have, and offers what fits columns and DCS bits."""
        for button in self.statuses.values():
            button.setEnabled(columns)
        for button in self.bits.values():
            button.setVisible(bits)
        self._name_statuses()
        comments = {triplet.comment for triplet in triplets}
        self.comment.show_texts(comments if columns else {bit_comment})
        self.cause.setEnabled(columns)
        self.cause.show_texts({triplet.cause for triplet in triplets})

    def offer(self, comments: Sequence[str], causes: Sequence[str]) -> None:
        """Comments and causes to choose from."""
        self.comment.offer(comments)
        self.cause.offer(causes)

    def show_draft(self, cells: int, rows: int, *, can_bring_back: bool) -> None:
        """Shows how much is drafted and not written."""
        text = f"{words.counted(cells, 'cell')} drafted" if cells else ""
        self.drafted.setText(text)
        self.drafted.setToolTip(
            f"{text} in {words.counted(rows, 'row')}: stored, not written yet" if cells else ""
        )
        self.preview.setEnabled(cells > 0)
        self.drop.setEnabled(cells > 0)
        self.bring_back.setVisible(can_bring_back)
        self._show_below()

    def say(self, text: str, role: str) -> None:
        """Shows a message beside the grid; nothing when it is empty."""
        self.message.setText(text)
        self.message.setVisible(bool(text))
        set_property(self.message, "role", role)
        self._show_below()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._name_statuses()
        super().resizeEvent(event)

    def _name_statuses(self) -> None:
        """Whole names where all stands in one line with them, else the keys."""
        letters = self.fontMetrics().horizontalAdvance
        needed = self._line.width_of_one_line()
        # As if something were drafted: a draft that begins moves no button under the mouse.
        needed += max(letters(_ROOM_FOR_DRAFT) - self.drafted.sizeHint().width(), 0)
        for status, button in self.statuses.items():
            needed += letters(status) - letters(button.text())
        is_wide = needed <= self.width()
        for key, status in STATUS_KEYS.items():
            self.statuses[status].setText(status if is_wide else key)

    def _show_below(self) -> None:
        self.below.setVisible(bool(self.message.text()) or not self.bring_back.isHidden())

    def ask_comment(self) -> None:
        """The keyboard goes to the comment."""
        give_keys(self.comment, select=True)

    def ask_cause(self) -> None:
        """The keyboard goes to the cause."""
        give_keys(self.cause, select=True)

    def _lay_out(self) -> None:
        self._line = line = WrappingLine(self)
        line.setContentsMargins(2 * STEP, 0, STEP, STEP)
        line.setSpacing(STEP)
        for button in (*self.statuses.values(), *self.bits.values()):
            line.add(button)
        self.comment.setMinimumWidth(120)
        self.cause.setMinimumWidth(72)
        line.add(self.comment, 3)
        line.add(self.cause, 1)
        for widget in (self.drafted, self.preview, self.drop):
            line.add(widget)
        below = QHBoxLayout(self.below)
        below.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        below.setSpacing(2 * STEP)
        below.addWidget(self.message, 1)
        below.addWidget(self.bring_back)
        self.below.hide()

    def _connect(self) -> None:
        for key, status in STATUS_KEYS.items():
            button = self.statuses[status]
            button.setText(status)
            tip = f"Set {status} in the selected columns ({key})"
            if status == BAD:
                tip += "; it needs a comment"
            button.setToolTip(tip)
            button.setAccessibleName(f"Set {status}")
            button.clicked.connect(
                lambda _checked=False, status=status: self.status_wanted.emit(status)
            )
        for value, button in self.bits.items():
            text = str(value).lower()
            key = "G" if value else "B"
            button.setText(text)
            button.setToolTip(
                f"Make the selected DCS bits {text} ({key}, if no column is selected)"
            )
            button.setAccessibleName(f"Make DCS bits {text}")
            button.clicked.connect(lambda _checked=False, value=value: self.bit_wanted.emit(value))
        self.comment.setToolTip(
            "Comment of the selected cells (C); the Down key offers recent ones"
        )
        self.cause.setToolTip("Cause of the selected cells (U); the Down key offers recent ones")
        self.preview.setToolTip("Show what changes, then write it (Enter)")
        self.drop.setToolTip("Drop the draft (Esc)")
        self.drop.setAccessibleName("Drop the draft")
        self.comment.entered.connect(self.comment_entered)
        self.cause.entered.connect(self.cause_entered)
        for edit in (self.comment, self.cause):
            edit.done.connect(self.preview_wanted)
            edit.left.connect(self.left)
        self.preview.clicked.connect(self.preview_wanted)
        self.drop.clicked.connect(self.drop_wanted)
        self.bring_back.clicked.connect(self.back_wanted)
        self._themes.changed.connect(self._apply_theme)

    def _apply_theme(self, theme: Theme) -> None:
        self.drop.setIcon(theme.icon("cross"))
        for status, button in self.statuses.items():
            fill = theme.status(status).fill.name()
            edge = theme.colour("muted").name()
            button.setStyleSheet(
                f"QToolButton {{ border-left: {_SWATCH}px solid {fill};"
                f" border-top: 1px solid {edge}; border-bottom: 1px solid {edge};"
                f" border-right: 1px solid {edge}; padding: 1px 6px; }}"
            )
