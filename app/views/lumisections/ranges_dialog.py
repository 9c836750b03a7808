"""A dataset's lumisections as ranges in which everything is equal: RR, OMS or both."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.state.equal_ranges import EqualRange, Side, bits_of, equal_ranges
from app.domain.state.grid import DatasetState
from app.domain.triplets import Triplet
from app.views.focus import give_keys_once_shown
from app.views.looks import words
from app.views.looks.theme import Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, shown
from app.views.widgets.tables.copying import copy_rows, copy_selected
from app.views.widgets.tables.plain_table import PlainTable

_SIZE = (1080, 620)
_FIXED = ("From", "To", "LS")
_SIDES = {Side.RR: "RR", Side.OMS: "OMS", Side.BOTH: "Both"}
_TIPS = {
    Side.RR: "Ranges in which no status, comment or cause differs",
    Side.OMS: "Ranges in which no DCS bit differs",
    Side.BOTH: "Ranges in which neither differs",
}
_NOTHING = "This dataset has no such lumisections."

Index = QModelIndex | QPersistentModelIndex


class RangesDialog(QDialog):
    """The lumisections of a dataset as they are in the window, range by range."""

    def __init__(
        self,
        state: DatasetState,
        columns: Sequence[str],
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Ranges of run {state.run_number}, {state.name}")
        self._state = state
        self._columns = tuple(columns)
        self.model = RangesModel(themes, self)
        self.table = PlainTable("Ranges")
        self.table.setModel(self.model)
        self.table.setItemDelegate(_Filled(self.table))
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.count = Label()
        self.count.setProperty("role", "muted")
        self.sides = QButtonGroup(self)
        line = QHBoxLayout()
        for place, (side, text) in enumerate(_SIDES.items()):
            button = QToolButton()
            button.setText(f"&{text}")
            button.setToolTip(_TIPS[side])
            button.setCheckable(True)
            button.setChecked(side is Side.RR)
            self.sides.addButton(button, place)
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.count)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("Copy all", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip("All ranges with their titles, as a spreadsheet takes them")
        buttons.rejected.connect(self.reject)
        for button_below in buttons.buttons():
            assert isinstance(button_below, QPushButton)
            button_below.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        self.sides.idClicked.connect(self._show)
        self.copy_button.clicked.connect(self.copy_all)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(lambda: copy_selected(self.table))
        resize_to_fit(self, *_SIZE)
        self._show(0)
        give_keys_once_shown(self.table)

    def copy_all(self) -> None:
        """Puts all ranges onto the clipboard."""
        copy_rows(self.model.texts())

    def _show(self, place: int) -> None:
        side = list(_SIDES)[place]
        ranges = equal_ranges(self._state, side, self._columns)
        columns = self._columns if side is not Side.OMS else ()
        bits = bits_of(self._state) if side is not Side.RR else ()
        self.model.show_ranges(ranges, columns, bits)
        self.count.setText(words.counted(len(ranges), "range"))
        self.table.say("" if ranges else _NOTHING)
        if ranges:
            self.table.selectRow(0)


class _Filled(QStyledItemDelegate):
    """Paints the colour of a status below its text: the style sheet leaves it out."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        fill = index.data(Qt.ItemDataRole.BackgroundRole)
        if isinstance(fill, QColor):
            painter.fillRect(option.rect.adjusted(0, 0, -1, -1), fill)
        super().paint(painter, option, index)


class RangesModel(QAbstractTableModel):
    """A line per range; a column per column of RR and bit of OMS."""

    def __init__(self, themes: Themes, parent: QObject) -> None:
        super().__init__(parent)
        self._themes = themes
        self._ranges: Sequence[EqualRange] = ()
        self._columns: tuple[str, ...] = ()
        self._bits: tuple[str, ...] = ()

    def show_ranges(
        self, ranges: Sequence[EqualRange], columns: tuple[str, ...], bits: tuple[str, ...]
    ) -> None:
        """Shows others."""
        self.beginResetModel()
        self._ranges, self._columns, self._bits = ranges, columns, bits
        self.endResetModel()

    def texts(self) -> list[list[str]]:
        """Titles and lines."""
        titles = [*_FIXED, *self._columns, *self._bits]
        lines = [[self._text(each, place) for place in range(len(titles))] for each in self._ranges]
        return [titles, *lines]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._ranges)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        titles = len(_FIXED) + len(self._columns) + len(self._bits)
        return 0 if parent.isValid() else titles

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (*_FIXED, *self._columns, *self._bits)[section]

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        each, place = self._ranges[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(each, place)
            case Qt.ItemDataRole.ToolTipRole:
                return self._remark(each, place)
            case Qt.ItemDataRole.BackgroundRole:
                return self._fill(each, place)
            case Qt.ItemDataRole.ForegroundRole:
                return self._ink(each, place)
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if place < len(_FIXED) else None
                return (side or Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
        return None

    def _triplet(self, each: EqualRange, place: int) -> Triplet | None:
        place -= len(_FIXED)
        return each.columns[self._columns[place]] if 0 <= place < len(self._columns) else None

    def _text(self, each: EqualRange, place: int) -> str:
        first, last = each.range
        if place < len(_FIXED):
            return str((first, last, last - first + 1)[place])
        triplet = self._triplet(each, place)
        if triplet is not None:
            return triplet.status
        bit = self._bits[place - len(_FIXED) - len(self._columns)]
        return words.value(each.bits[bit]) if bit in each.bits else ""

    def _remark(self, each: EqualRange, place: int) -> str:
        triplet = self._triplet(each, place)
        if triplet is None:
            return ""
        said = (f"Comment: {triplet.comment}", f"Cause: {triplet.cause}")
        return "\n".join(text for text in said if not text.endswith(": "))

    def _fill(self, each: EqualRange, place: int) -> QColor | None:
        triplet = self._triplet(each, place)
        return None if triplet is None else self._themes.theme.status(triplet.status).fill

    def _ink(self, each: EqualRange, place: int) -> QColor | None:
        triplet = self._triplet(each, place)
        if triplet is not None:
            return self._themes.theme.status(triplet.status).ink
        if place >= len(_FIXED) and self._text(each, place) == "false":
            return self._themes.theme.colour("danger")
        return None
