"""Cells that somebody else changed meanwhile: both values side by side, the person chooses."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.lumisections import format_ranges
from app.services.editing.bulk import CellsInConflict
from app.views.changes.value_words import short_ranges, value_text
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.plain import Label, TreeItem

_CELLS, _THEIRS, _MINE = range(3)
_MOST_HEIGHT = 180
_ROW = 22


class _List(QTreeWidget):
    """Left chooses their value, Right the person's own.

    Signals: `chosen(bool)` for the current line, true for the person's own value.
    """

    chosen = Signal(bool)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.chosen.emit(event.key() == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)


class ConflictsView(QWidget):
    """Lists the cells for which two people have different values, range by range.

    Signals: `changed()` when something was chosen.
    """

    changed = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._conflicts: tuple[CellsInConflict, ...] = ()
        self._mine: list[bool | None] = []
        self.title = Label(wordWrap=True)
        self.title.setProperty("role", "warning")
        self.list = _List()
        self.list.setAccessibleName("Cells that somebody else changed meanwhile")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setHeaderLabels(["Cells", "Theirs, now", "Yours"])
        header = self.list.header()
        for column in (_CELLS, _THEIRS, _MINE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.all_theirs = QPushButton("All theirs")
        self.all_mine = QPushButton("All mine")
        self.all_theirs.setToolTip("Keep what the others wrote (Left arrow: for one line)")
        self.all_mine.setToolTip("Write what you drafted (Right arrow: for one line)")
        buttons = QHBoxLayout()
        buttons.addWidget(self.all_theirs)
        buttons.addWidget(self.all_mine)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.title)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        self.list.itemClicked.connect(self._clicked)
        self.list.chosen.connect(self._choose_current)
        self.all_theirs.clicked.connect(lambda: self._choose_all(mine=False))
        self.all_mine.clicked.connect(lambda: self._choose_all(mine=True))
        themes.changed.connect(self._apply_theme)
        self.hide()

    @property
    def open_ones(self) -> int:
        """How many conflicts are undecided."""
        return self._mine.count(None)

    @property
    def conflicts(self) -> tuple[CellsInConflict, ...]:
        """What is shown."""
        return self._conflicts

    @property
    def keep_theirs(self) -> list[bool]:
        """For every conflict whether the other's value stays."""
        return [mine is not True for mine in self._mine]

    def show_conflicts(self, conflicts: Sequence[CellsInConflict]) -> None:
        """Shows conflicts; a choice stays for a conflict that was shown before."""
        known = dict(zip(self._conflicts, self._mine, strict=True)) if self._conflicts else {}
        self._conflicts = tuple(conflicts)
        self._mine = [known.get(conflict) for conflict in self._conflicts]
        self.list.clear()
        for conflict in self._conflicts:
            item = TreeItem()
            where = f"{conflict.key}, LS {format_ranges(conflict.ranges)}"
            item.setText(_CELLS, f"{conflict.key}, LS {short_ranges(conflict.ranges)}")
            item.setToolTip(_CELLS, f"{where}\nYou saw: {value_text(conflict.seen)}")
            item.setToolTip(_THEIRS, f"{value_text(conflict.now)}, by {conflict.by}")
            item.setToolTip(_MINE, value_text(conflict.new))
            self.list.addTopLevelItem(item)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
        tall = self.list.header().sizeHint().height() + _ROW * len(self._conflicts) + 8
        self.list.setFixedHeight(min(tall, _MOST_HEIGHT))
        self.setVisible(bool(self._conflicts))
        self._apply_theme(self._themes.theme)

    def choose(self, line: int, *, mine: bool) -> None:
        """Decides one line."""
        self._mine[line] = mine
        self._apply_theme(self._themes.theme)
        self.changed.emit()

    def handle(self, event: QKeyEvent) -> bool:
        """Does what an arrow means here while another pane has the keyboard; returns whether it
        means anything."""
        if not self._conflicts or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        current = self.list.currentItem()
        line = 0 if current is None else max(self.list.indexOfTopLevelItem(current), 0)
        match Qt.Key(event.key()):
            case Qt.Key.Key_Left:
                self.choose(line, mine=False)
            case Qt.Key.Key_Right:
                self.choose(line, mine=True)
            case Qt.Key.Key_Up:
                self._go_to(line - 1)
            case Qt.Key.Key_Down:
                self._go_to(line + 1)
            case _:
                return False
        return True

    def _go_to(self, line: int) -> None:
        item = self.list.topLevelItem(min(max(line, 0), len(self._conflicts) - 1))
        if item is not None:
            self.list.setCurrentItem(item)

    def _choose_all(self, *, mine: bool) -> None:
        self._mine = [mine] * len(self._mine)
        self._apply_theme(self._themes.theme)
        self.changed.emit()

    def _choose_current(self, mine: bool) -> None:
        current = self.list.currentItem()
        if current is not None:
            self.choose(self.list.indexOfTopLevelItem(current), mine=mine)

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column != _CELLS:
            self.choose(self.list.indexOfTopLevelItem(item), mine=column == _MINE)

    def _apply_theme(self, theme: Theme) -> None:
        left = self.open_ones
        conflicts = words.counted(len(self._conflicts), "conflict")
        self.title.setText(
            f"{conflicts} with changes made while you drafted. Choose the value to keep"
            + (f": {left} to decide." if left else ": all are decided.")
        )
        for line, (conflict, mine) in enumerate(zip(self._conflicts, self._mine, strict=True)):
            item = self.list.topLevelItem(line)
            if item is None:
                continue
            texts = {
                _THEIRS: f"{value_text(conflict.now)} · {conflict.by}",
                _MINE: value_text(conflict.new),
            }
            for column, text in texts.items():
                held = mine is not None and mine == (column == _MINE)
                font = item.font(column)
                font.setStrikeOut(mine is not None and not held)
                item.setFont(column, font)
                item.setIcon(column, theme.icon("done", "success") if held else QIcon())
                item.setText(column, text)
                item.setForeground(
                    column, theme.colour("text" if mine is None or held else "muted")
                )
