"""What changes, line by line, with the lumisections drawn: of a version, an undo, a comparison."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.lumisections import count, format_ranges
from app.views.changes.history_axis import (
    LANE_ROLE,
    AxisHeader,
    LaneDelegate,
    LanePainter,
    last_lumisection,
    value_words,
)
from app.views.changes.lines import ChangeLine
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.chips import Chips
from app.views.widgets.plain import shown
from app.views.widgets.tables.plain_table import PlainTable
from app.views.widgets.tables.titled_model import TitledModel

Index = QModelIndex | QPersistentModelIndex

GROUP, WHERE, KEY, LANE, RANGES, BEFORE, AFTER, NOTE = range(8)
_TITLES = ("", "Where", "What", "", "LS", "From", "To", "Remark")
_WIDEST = {GROUP: 200, WHERE: 260, KEY: 170, RANGES: 170, BEFORE: 220, AFTER: 260, NOTE: 320}
_NARROWEST = 110
_LEAST_LANE = 170
_MEASURED = 300
_SWATCH = 10
_OVERRULED = "an earlier value set by hand stays in force"
_VALUE_ROLE = Qt.ItemDataRole.UserRole + 21


class ChangesModel(TitledModel):
    """Shows lines as they are, all or those of one group."""

    titles = _TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[ChangeLine, ...] = ()
        self._lines: tuple[ChangeLine, ...] = ()
        self._group: str | None = None

    @property
    def lines(self) -> tuple[ChangeLine, ...]:
        """What is shown."""
        return self._lines

    def show_lines(self, lines: Sequence[ChangeLine], group: str | None = None) -> None:
        """Shows others."""
        self._all = tuple(lines)
        self.show_group(group)

    def show_group(self, group: str | None) -> None:
        """Shows the lines of one group, all of them for None."""
        self.beginResetModel()
        self._group = group
        self._lines = tuple(line for line in self._all if group is None or line.group == group)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._lines)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(line, column)
        if role == LANE_ROLE and column == LANE:
            return (line.piece,) if line.piece.ranges else ()
        if role == _VALUE_ROLE and column in (BEFORE, AFTER) and line.piece.kinds == 1:
            if not line.valued or not line.piece.ranges:
                return None
            return (line.piece.before if column == BEFORE else line.piece.after, line.piece.oms)
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            return _tip(line, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == LANE:
            return f"LS {format_ranges(line.piece.ranges)}" if line.piece.ranges else ""
        return None


class ValueDelegate(QStyledItemDelegate):
    """Paints a value with a box in its colours before it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._painter = LanePainter(theme, 1)

    def set_theme(self, theme: Theme) -> None:
        """Paints in other colours."""
        self._painter = LanePainter(theme, 1)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        known = index.data(_VALUE_ROLE)
        if known is None:
            super().paint(painter, option, index)
            return
        shifted = QStyleOptionViewItem(option)
        rect = option.rect
        style = option.widget.style()
        style.drawPrimitive(
            style.PrimitiveElement.PE_PanelItemViewItem,
            option,
            painter,
            option.widget,
        )
        shifted.rect = rect.adjusted(_SWATCH + STEP, 0, 0, 0)
        super().paint(painter, shifted, index)
        top = rect.top() + (rect.height() - _SWATCH) / 2
        value, oms = known
        box = QRectF(rect.left() + STEP, top, _SWATCH, _SWATCH)
        self._painter.paint_swatch(painter, box, value, oms=oms)


class ChangesTable(QWidget):
    """Lines of changes with their lumisections drawn on one axis.

    Signals: `line_entered(ChangeLine)` by Enter or double click.
    """

    line_entered = Signal(object)

    def __init__(
        self, themes: Themes, name: str = "Changes", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.model = ChangesModel(self)
        self.chips = Chips()
        self.chips.hide()
        self.table = PlainTable(name)
        self.table.setModel(self.model)
        self._lanes = LaneDelegate(themes.theme, self.table)
        self._values = ValueDelegate(themes.theme, self.table)
        self.table.setHorizontalHeader(AxisHeader(LANE, self._lanes, self.table))
        self.table.setItemDelegateForColumn(LANE, self._lanes)
        for column in (BEFORE, AFTER):
            self.table.setItemDelegateForColumn(column, self._values)
        self.table.horizontalHeader().setMinimumSectionSize(40)
        self._wanted: dict[int, int] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.chips)
        layout.addWidget(self.table, 1)
        self.chips.chosen.connect(self.model.show_group)
        self.table.entered.connect(self._enter)
        self.table.resized.connect(self._share_width)
        self.table.doubleClicked.connect(lambda index: self._enter(index.row()))
        themes.changed.connect(self._apply_theme)

    def show_lines(
        self,
        lines: Sequence[ChangeLine],
        *,
        length: int | None = None,
        groups: Sequence[str] = (),
        nothing: str = "Nothing changed.",
    ) -> None:
        """Shows lines on an axis from LS 1 to `length`, or to the last that changes.

        `groups` are the names of groups in the order in which they are offered.
        """
        lanes = [(line.piece,) for line in lines]
        self._lanes.set_length(max(length or 1, last_lumisection(lanes)))
        present = list(dict.fromkeys([*groups, *(line.group for line in lines)]))
        counts = dict.fromkeys(present, 0)
        for line in lines:
            counts[line.group] += 1
        self.chips.show_groups(list(counts.items()))
        self.model.show_lines(lines, self.chips.group)
        self._arrange(lines)
        self.table.say("" if lines else nothing)
        self.table.horizontalHeader().viewport().update()

    def _arrange(self, lines: Sequence[ChangeLine]) -> None:
        """Hides the columns that would say the same or nothing in every line."""
        hidden = {
            GROUP: len({line.group for line in lines}) < 2,
            WHERE: len({line.where for line in lines}) < 2,
            LANE: not any(line.piece.ranges for line in lines),
            RANGES: not any(line.piece.ranges for line in lines),
            BEFORE: not any(line.valued for line in lines),
            AFTER: not any(line.valued for line in lines),
            NOTE: not any(_text(line, NOTE) for line in lines),
        }
        metrics = self.table.fontMetrics()
        self._wanted = {}
        for column, hide in hidden.items():
            self.table.setColumnHidden(column, hide)
        for column, widest in _WIDEST.items():
            if self.table.isColumnHidden(column):
                continue
            texts = {_TITLES[column], *(_text(line, column) for line in lines[:_MEASURED])}
            swatch = _SWATCH + STEP if column in (BEFORE, AFTER) else 0
            room = max(map(metrics.horizontalAdvance, texts)) + 5 * STEP + swatch
            self._wanted[column] = min(room, widest)
        self._share_width()

    def _share_width(self) -> None:
        """The lanes get what is left; what is long gives way first, down to a readable rest."""
        header = self.table.horizontalHeader()
        has_lanes = not self.table.isColumnHidden(LANE)
        spare = self.table.viewport().width() - (_LEAST_LANE if has_lanes else 0)
        widths = dict(self._wanted)
        over = sum(widths.values()) - spare
        for column in (RANGES, NOTE, BEFORE, AFTER, WHERE):
            if over > 0 and column in widths:
                given = min(over, max(widths[column] - _NARROWEST, 0))
                widths[column] -= given
                over -= given
        for column, width in widths.items():
            header.resizeSection(column, width)
        if has_lanes:
            header.resizeSection(LANE, _LEAST_LANE + max(spare - sum(widths.values()), 0))
        # Without lanes something else has to fill the line.
        header.setStretchLastSection(not has_lanes)

    def _enter(self, row: int) -> None:
        if 0 <= row < len(self.model.lines):
            self.line_entered.emit(self.model.lines[row])

    def _apply_theme(self, theme: Theme) -> None:
        self._lanes.set_theme(theme)
        self._values.set_theme(theme)
        self.table.viewport().update()
        self.table.horizontalHeader().viewport().update()


def _text(line: ChangeLine, column: int) -> str:
    piece = line.piece
    if column == GROUP:
        return line.group
    if column == WHERE:
        return line.where
    if column == KEY:
        return piece.key
    if column == RANGES:
        return format_ranges(piece.ranges)
    if column == NOTE:
        return line.note or (_OVERRULED if piece.overruled else "")
    if column == LANE or not line.valued:
        return ""
    if piece.kinds > 1:
        return "" if column == BEFORE else f"{words.number(piece.kinds)} different changes"
    return value_words(piece.before if column == BEFORE else piece.after, oms=piece.oms)


def _tip(line: ChangeLine, column: int) -> str:
    if column == RANGES and line.piece.ranges:
        number = count(line.piece.ranges)
        return f"{words.number(number)} LS: {format_ranges(line.piece.ranges)}"
    return _text(line, column)
