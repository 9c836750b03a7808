"""Qt model of lines of text that stand for something: one class for all the small tables."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.views.looks.theme import Themes
from app.views.widgets.plain import shown
from app.views.widgets.tables.copying import COPY_ROLE

ITEM_ROLE = Qt.ItemDataRole.UserRole

Item = TypeVar("Item")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Line(Generic[Item]):
    """What a row says, column by column; `token` names its colour.

    `tips` stand in for texts, and so does what is `copied`, where a text holds only for now. Lines
    with the same `key` are the same one at another time.
    """

    key: object
    item: Item
    texts: tuple[str, ...]
    tips: tuple[str, ...] = ()
    token: str = ""
    copied: tuple[str, ...] = ()


class LinesModel(QAbstractTableModel, Generic[Item]):
    """Shows lines; as long as they stay the same ones, so do selection and scroll."""

    def __init__(
        self,
        titles: Sequence[str],
        themes: Themes,
        parent: QObject | None = None,
        *,
        right: Collection[int] = (),
    ) -> None:
        super().__init__(parent)
        self._titles = tuple(titles)
        self._themes = themes
        self._right = frozenset(right)
        self._lines: tuple[Line[Item], ...] = ()

    @property
    def lines(self) -> tuple[Line[Item], ...]:
        return self._lines

    def show_lines(self, lines: Sequence[Line[Item]]) -> None:
        """Shows others."""
        before, after = self._lines, tuple(lines)
        if [each.key for each in before] != [each.key for each in after]:
            self.beginResetModel()
            self._lines = after
            self.endResetModel()
        elif before != after:
            self._lines = after
            last = self.index(len(after) - 1, len(self._titles) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def item(self, row: int) -> Item:
        """What a row stands for."""
        return self._lines[row].item

    def row_of(self, key: object) -> int | None:
        """Row of a line."""
        return next((row for row, each in enumerate(self._lines) if each.key == key), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._titles)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self._lines[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return line.texts[column]
            case Qt.ItemDataRole.ToolTipRole:
                return (line.tips or line.texts)[column]
            case Qt.ItemDataRole.ForegroundRole:
                return self._themes.theme.colour(line.token) if line.token else None
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column in self._right else None
                return (side or Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
        if role == COPY_ROLE:
            return (line.copied or line.texts)[column]
        return line.item if role == ITEM_ROLE else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in self._right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None
