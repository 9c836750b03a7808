"""The command palette: every action and every run by what is typed; and the question for a run."""

import json
from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSettings, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.views.actions import Choice
from app.views.focus import give_keys
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, ListItem, said

_BELOW_TOP = 96
_SIZE = QSize(620, 420)
_LARGEST_RUN_NUMBER = 9_999_999
_RUN_WORDS = frozenset({"go", "to", "run"})
_MOST_RECENT = 8
_RECENT = "command_palette/recent"
_CHOICE_ROLE = Qt.ItemDataRole.UserRole
_LONGEST_NAME = 0.75


class CommandPalette(QDialog):
    """A line to type in, and the actions that match; Enter runs the selected one.

    Those that are impossible now come last, with the reason. Those that were chosen here lately
    come first.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        show_run: Callable[[int], object],
        remembered: QSettings,
        themes: Themes,
        parent: QWidget,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._choices = choices
        self._show_run = show_run
        self._remembered = remembered
        self._recent = _recent(remembered)
        frame = QFrame()
        frame.setObjectName("palette")
        self.line = QLineEdit(placeholderText="An action or a run number")
        self.line.setAccessibleName("What do you want to do?")
        self.list = QListWidget()
        self.list.setAccessibleName("Actions")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_ChoiceDelegate(themes.theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.about = Label(wordWrap=True)
        self.about.setProperty("role", "muted")
        self.about.setMinimumHeight(2 * self.about.fontMetrics().lineSpacing())
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(STEP, STEP, STEP, STEP)
        inside.addWidget(self.line)
        inside.addWidget(self.list)
        inside.addWidget(self.about)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)
        resize_to_fit(self, _SIZE.width(), _SIZE.height())
        self.line.textChanged.connect(self.search)
        self.line.returnPressed.connect(self.run_chosen)
        self.list.itemClicked.connect(self.run_chosen)
        self.list.currentItemChanged.connect(self._show_about)
        self.line.installEventFilter(self)
        self.search("")

    def open_over(self, window: QWidget) -> None:
        """Opens in the upper middle of a window."""
        middle = window.mapToGlobal(window.rect().center())
        top = window.mapToGlobal(window.rect().topLeft()).y() + _BELOW_TOP
        self.move(middle.x() - self.width() // 2, top)
        self.open()
        give_keys(self.line)

    def search(self, text: str) -> None:
        """Shows the actions that have every word, in any order; a number is also a run."""
        found = _sorted(self._choices, text, self._recent)
        run_number = _run_number(text)
        if run_number is not None:
            found.insert(0, self._run_choice(run_number))
        self.list.clear()
        for choice in found:
            item = ListItem(choice.text)
            item.setData(_CHOICE_ROLE, choice)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        if not found:
            self.about.setText("No action has all these words.")

    def run_chosen(self) -> None:
        """Closes, then runs the selected action; of an impossible one the reason is told."""
        choice = self._chosen()
        if choice is None:
            return
        if choice.id and not choice.why_not:
            recent = [choice.id, *(id_ for id_ in self._recent if id_ != choice.id)]
            self._remembered.setValue(_RECENT, json.dumps(recent[:_MOST_RECENT]))
        self.accept()
        choice.run()

    def _chosen(self) -> Choice | None:
        item = self.list.currentItem()
        return None if item is None else cast("Choice", item.data(_CHOICE_ROLE))

    def _show_about(self) -> None:
        choice = self._chosen()
        self.about.setText("" if choice is None else said(choice.why_not or choice.tip))

    def _run_choice(self, run_number: int) -> Choice:
        return Choice(
            "",
            f"Go to run {run_number}",
            "",
            "Show the run with its details in a tab",
            "",
            lambda: self._show_run(run_number),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self.line
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            page = max(self.list.viewport().height() // ROW_HEIGHT - 1, 1)
            step = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: page,
                Qt.Key.Key_PageUp: -page,
            }.get(Qt.Key(event.key()))
            if step is not None:
                last = self.list.count() - 1
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), last))
                return True
        return super().eventFilter(watched, event)


class _ChoiceDelegate(QStyledItemDelegate):
    """Paints the name of an action at the left, its key or why it is impossible at the right."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(0, ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        choice: Choice = index.data(_CHOICE_ROLE)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.colour("selection"))
        inside, metrics = option.rect.adjusted(STEP, 0, -STEP, 0), option.fontMetrics
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.colour("muted" if choice.why_not else "text"))
        end, most = Qt.TextElideMode.ElideRight, int(inside.width() * _LONGEST_NAME)
        name = metrics.elidedText(choice.text, end, most)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.setPen(self._theme.colour("muted"))
        left = inside.width() - metrics.horizontalAdvance(name) - 4 * STEP
        beside = metrics.elidedText(choice.why_not or choice.keys, end, left)
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | middle, beside)


def _sorted(choices: Sequence[Choice], text: str, recent: Sequence[str]) -> list[Choice]:
    """Those with all words: possible ones first, of these those named as it is typed, those chosen
    lately, then those with all words in their names."""
    words = text.casefold().split()
    typed = " ".join(words)
    found: list[tuple[bool, bool, int, bool, int]] = []
    for place, choice in enumerate(choices):
        name = choice.text.casefold()
        whole = f"{name} {choice.tip.casefold()}"
        if all(word in whole for word in words):
            since = recent.index(choice.id) if choice.id in recent else len(recent)
            is_in_name = all(word in name for word in words)
            is_named_so = len(words) > 1 and f" {typed}" in f" {name}"
            found.append((bool(choice.why_not), not is_named_so, since, not is_in_name, place))
    return [choices[place] for *_, place in sorted(found)]


def _run_number(text: str) -> int | None:
    """The run that is typed, as in `396372` or `go to run 396372`."""
    numbers = [word for word in text.casefold().split() if word not in _RUN_WORDS]
    if len(numbers) != 1 or not (numbers[0].isascii() and numbers[0].isdecimal()):
        return None
    number = int(numbers[0][:20])
    return number if 1 <= number <= _LARGEST_RUN_NUMBER else None


def _recent(remembered: QSettings) -> list[str]:
    """Names of the actions that were chosen lately, the last one first."""
    try:
        read = json.loads(str(remembered.value(_RECENT, "[]")))
    except (ValueError, RecursionError):
        return []
    return [id_ for id_ in read if isinstance(id_, str)] if isinstance(read, list) else []


def run_number_dialog(parent: QWidget) -> QInputDialog:
    """Asks for a run number."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setInputMode(QInputDialog.InputMode.IntInput)
    dialog.setIntRange(1, _LARGEST_RUN_NUMBER)
    dialog.setWindowTitle("Go to run")
    dialog.setLabelText("Run number")
    return dialog
