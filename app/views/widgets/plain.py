"""What others wrote is text: never markup, never longer than what it stands in, never turned round.

The style sheet makes all labels, boxes and tooltips show plain text; here is the rest: letters that
are not seen but act are shown, and lengths are bounded. The whole of a longer comment
is what the command line and the export of the log give.
"""

import textwrap
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QTreeWidgetItem,
    QWidget,
)

from app.domain.text.plain_text import harmless, one_line

LONGEST_CELL = 1000
LONGEST_LABEL = 1000
LONGEST_TIP = 2000
MOST_LINES = 30
_MOST_SAID = 12
LONGEST_LINE = 120
_NARROWEST = 320
_WIDEST_BOX = 480

_LONG_ROLES = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)

Data = TypeVar("Data", bound=Callable[..., Any])


def cell(text: str) -> str:
    """A text as one line of a table or list."""
    return one_line(_at_most(text, LONGEST_CELL))


def tip(text: str) -> str:
    """A text for a tooltip: long lines are broken, and there are not more than fit on a screen."""
    if len(text) <= LONGEST_LINE and text.isprintable():
        return text
    lines: list[str] = []
    for line in harmless(_at_most(text, LONGEST_TIP)).split("\n"):
        lines += textwrap.wrap(line, LONGEST_LINE, replace_whitespace=False) or [""]
    return _lines(lines)


def said(text: str) -> str:
    """A text for a label, with its line breaks."""
    if len(text) <= LONGEST_LINE and text.isprintable():
        return text
    return _lines(harmless(_at_most(text, LONGEST_LABEL)).split("\n"), _MOST_SAID)


def of_role(value: object, role: int) -> object:
    """What a model gives for a role, its texts as text."""
    if not isinstance(value, str):
        return value
    if role == Qt.ItemDataRole.DisplayRole:
        return cell(value)
    return tip(value) if role in _LONG_ROLES else value


def shown(data: Data) -> Data:
    """Goes before `data` of a model: its texts are shown as text."""

    @wraps(data)
    def as_text(model: object, index: object, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return of_role(data(model, index, role), role)

    as_text.shows_text = True  # type: ignore[attr-defined]
    return as_text  # type: ignore[return-value]


def _at_most(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 2]} …"


def _lines(lines: list[str], most: int = MOST_LINES) -> str:
    return "\n".join(lines if len(lines) <= most else [*lines[: most - 1], "…"])


def _narrowed(size: QSize, widest: int) -> QSize:
    return QSize(min(size.width(), widest), size.height())


class Label(QLabel):
    """A label that shows plain text, and that no word is too long for."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        wordWrap: bool = False,  # noqa: N803 - Qt's name, as for any label
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wordWrap)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(said(text))

    def setToolTip(self, text: str) -> None:
        super().setToolTip(tip(text))

    def minimumSizeHint(self) -> QSize:
        return _narrowed(super().minimumSizeHint(), _NARROWEST)


class MarkedUp(QLabel):
    """A label for a few words of the program itself with markup; nothing of others goes in."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)


class TreeItem(QTreeWidgetItem):
    """A line of a tree whose cells and tooltips show text."""

    def __init__(self, texts: list[str] | None = None) -> None:
        super().__init__([cell(each) for each in texts or ()])

    def setText(self, column: int, text: str) -> None:
        super().setText(column, cell(text))

    def setToolTip(self, column: int, text: str) -> None:
        super().setToolTip(column, tip(text))


class ListItem(QListWidgetItem):
    """A line of a list that shows text."""

    def __init__(self, text: str = "") -> None:
        super().__init__(cell(text))

    def setText(self, text: str) -> None:
        super().setText(cell(text))

    def setToolTip(self, text: str) -> None:
        super().setToolTip(tip(text))


class _LineDelegate(QStyledItemDelegate):
    """Draws the lines of an opened box as text."""

    def displayText(self, value: object, locale: QLocale | QLocale.Language) -> str:
        return cell(value if isinstance(value, str) else super().displayText(value, locale))


class ChoiceBox(QComboBox):
    """A box whose lines are drawn as text; what is chosen stays what somebody wrote, so that it
    names the same thing as before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_LineDelegate(self))

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        super().initStyleOption(option)
        option.currentText = cell(option.currentText)

    def sizeHint(self) -> QSize:
        return _narrowed(super().sizeHint(), _WIDEST_BOX)

    def minimumSizeHint(self) -> QSize:
        return _narrowed(super().minimumSizeHint(), _WIDEST_BOX)

    def setToolTip(self, text: str) -> None:
        super().setToolTip(tip(text))
