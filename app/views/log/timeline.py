"""A timeline of entries: in their order, a lane for each kind, with days marked."""

from collections.abc import Sequence
from datetime import UTC, date

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.domain.counting import counted
from app.domain.history.log import Kind, LogEntry, Source, Who
from app.views.log.log_model import KIND_WORDS, name_of
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.plain import tip

_LANES = (
    Kind.RUN,
    Kind.DATASET,
    Kind.LUMISECTIONS,
    Kind.BITS,
    Kind.CYCLE,
    Kind.GOLDEN,
    Kind.NOTE,
    Kind.VERIFIED,
)
_LANE_HEIGHT = 16
_AXIS_HEIGHT = 18
_NAMES_WIDTH = 88
_WIDEST_STEP = 26.0
_TOKENS = {Who.PEOPLE: "accent", Who.AUTOMATIC: "muted", Who.AGENTS: "warning"}


class Timeline(QWidget):
    """Entries from the oldest at the left to the newest at the right.

    Signals: `entry_chosen(source, number)` when a mark is clicked.
    """

    entry_chosen = Signal(object, int)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = themes.theme
        self._entries: tuple[LogEntry, ...] = ()
        self._marked: tuple[Source, int] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        themes.changed.connect(self._apply_theme)

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """The entries that are drawn, the oldest first."""
        return self._entries

    def show_entries(self, entries: Sequence[LogEntry]) -> None:
        """Draws other entries, given the newest first."""
        self._entries = tuple(reversed(entries))
        people = sum(entry.who is Who.PEOPLE for entry in entries)
        number = counted(len(entries), "entry", "entries")
        self.setAccessibleDescription(f"{number}, {people} of them by people")
        self.update()

    def mark(self, key: tuple[Source, int] | None) -> None:
        """Marks the entry that is open."""
        self._marked = key
        self.update()

    def entry_at(self, point: QPoint) -> LogEntry | None:
        """The entry whose mark is nearest to a place."""
        if not self._entries or point.x() < _NAMES_WIDTH - STEP:
            return None
        place = round((point.x() - _NAMES_WIDTH) / self._step() - 0.5)
        return self._entries[place] if 0 <= place < len(self._entries) else None

    def sizeHint(self) -> QSize:
        return QSize(400, len(_LANES) * _LANE_HEIGHT + _AXIS_HEIGHT + 2 * STEP)

    def _step(self) -> float:
        room = max(self.width() - _NAMES_WIDTH - 2 * STEP, 1)
        return min(room / max(len(self._entries), 1), _WIDEST_STEP)

    def _apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.setFont(self.font())
        bottom = STEP + len(_LANES) * _LANE_HEIGHT
        for lane, kind in enumerate(_LANES):
            top = STEP + lane * _LANE_HEIGHT
            painter.setPen(theme.colour("muted"))
            name = QRectF(2 * STEP, top, _NAMES_WIDTH - 3 * STEP, _LANE_HEIGHT)
            painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, KIND_WORDS[kind])
            painter.setPen(theme.colour("line"))
            middle = top + _LANE_HEIGHT // 2
            painter.drawLine(_NAMES_WIDTH, middle, self.width() - 2 * STEP, middle)
        self._paint_days(painter, bottom)
        self._paint_marks(painter)

    def _paint_marks(self, painter: QPainter) -> None:
        step, theme = self._step(), self._theme
        width = max(min(step - 1, 7.0), 1.5)
        for place, entry in enumerate(self._entries):
            middle = _NAMES_WIDTH + (place + 0.5) * step
            if entry.key == self._marked:
                whole = QRectF(
                    middle - max(step, 5.0) / 2,
                    STEP,
                    max(step, 5.0),
                    len(_LANES) * _LANE_HEIGHT,
                )
                painter.fillRect(whole, theme.colour("selection"))
            for lane, kind in enumerate(_LANES):
                if kind in entry.kinds:
                    top = STEP + lane * _LANE_HEIGHT + 2
                    mark = QRectF(middle - width / 2, top, width, _LANE_HEIGHT - 6)
                    painter.fillRect(mark, theme.colour(_TOKENS[entry.who]))

    def _paint_days(self, painter: QPainter, bottom: int) -> None:
        """A line where another day begins, named where there is room."""
        step, theme = self._step(), self._theme
        before: date | None = None
        free = float(_NAMES_WIDTH)
        for place, entry in enumerate(self._entries):
            day = entry.at.astimezone(UTC).date()
            if day == before:
                continue
            before = day
            left = _NAMES_WIDTH + place * step
            painter.setPen(theme.colour("line"))
            painter.drawLine(int(left), STEP, int(left), bottom + 3)
            text = f"{day:%Y-%m-%d}"
            room = painter.fontMetrics().horizontalAdvance(text) + 2 * STEP
            if left >= free and left + room <= self.width():
                painter.setPen(theme.colour("muted"))
                painter.drawText(
                    QRectF(left, bottom, room, _AXIS_HEIGHT), Qt.AlignmentFlag.AlignVCenter, text
                )
                free = left + room

    def mousePressEvent(self, event: QMouseEvent) -> None:
        entry = self.entry_at(event.position().toPoint())
        if entry is not None and event.button() == Qt.MouseButton.LeftButton:
            self.entry_chosen.emit(*entry.key)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            entry = self.entry_at(event.pos())
            if entry is None:
                QToolTip.hideText()
            else:
                text = f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {entry.by}"
                QToolTip.showText(
                    event.globalPos(), tip(f"{text}\n{name_of(entry)}: {entry.text}"), self
                )
            return True
        return super().event(event)
