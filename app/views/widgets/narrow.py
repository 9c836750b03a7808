"""Parts that go on where there is little width: lines that wrap, panes that turn."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLayout, QLayoutItem, QScrollArea, QSplitter, QWidget

_LOWEST_FORM = 80


class WrappingLine(QLayout):
    """Widgets side by side, in as many lines as the width asks for; what has a share grows.

    `at_top`: what is lower than its line stands at its top, not in its middle. `keeps_lines`: its
    widget never gets lower than its lines, also between panes, which ask for no height by width.
    """

    def __init__(
        self, parent: QWidget | None = None, *, at_top: bool = False, keeps_lines: bool = False
    ) -> None:
        super().__init__(parent)
        self._at_top = at_top
        self._keeps_lines = keeps_lines
        self._parts: list[QLayoutItem] = []
        self._shares: dict[QWidget, int] = {}
        # Qt asks again and again while widgets are dressed or resized; each answer of a part is an
        # errand through Qt.
        self._measured: list[_Part] | None = None
        self._heights: dict[int, int] = {}

    def add(self, widget: QWidget, share: int = 0) -> None:
        """Adds a widget, with its share of the width that the others leave."""
        self._shares[widget] = share
        self.addWidget(widget)

    # Qt

    def addItem(self, item: QLayoutItem, /) -> None:
        self._parts.append(item)
        self._forget()

    def count(self) -> int:
        return len(self._parts)

    def itemAt(self, index: int, /) -> QLayoutItem | None:
        return self._parts[index] if 0 <= index < len(self._parts) else None

    def takeAt(self, index: int, /) -> QLayoutItem | None:
        self._forget()
        return self._parts.pop(index) if 0 <= index < len(self._parts) else None

    def invalidate(self) -> None:
        self._forget()
        super().invalidate()

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int, /) -> int:
        if width not in self._heights:
            self._heights[width] = self._place(QRect(0, 0, width, 0), really=False)
        return self._heights[width]

    def setGeometry(self, rect: QRect, /) -> None:
        super().setGeometry(rect)
        height = self._place(rect, really=True)
        around = self.parentWidget()
        if self._keeps_lines and around is not None and around.minimumHeight() != height:
            around.setMinimumHeight(height)

    def sizeHint(self) -> QSize:
        parts = self._shown()
        return self._around(
            sum(part.asked.width() for part in parts) + self._gaps(parts),
            max((part.asked.height() for part in parts), default=0),
        )

    def minimumSize(self) -> QSize:
        parts = self._shown()
        return self._around(
            max((part.least for part in parts), default=0),
            max((part.asked.height() for part in parts), default=0),
        )

    def width_of_one_line(self) -> int:
        """How wide one line has to be; what has a share is as narrow as it may be."""
        parts = self._shown()
        return self._around(sum(part.least for part in parts) + self._gaps(parts), 0).width()

    def _around(self, width: int, height: int) -> QSize:
        edges = self.contentsMargins()
        return QSize(width + edges.left() + edges.right(), height + edges.top() + edges.bottom())

    def _gaps(self, parts: Sequence["_Part"]) -> int:
        return self.spacing() * max(len(parts) - 1, 0)

    def _forget(self) -> None:
        self._measured = None
        self._heights.clear()

    def _shown(self) -> list["_Part"]:
        """What is seen, as it was measured since the last change."""
        if self._measured is None:
            self._measured = [self._measure(item) for item in self._parts if not item.isEmpty()]
        return self._measured

    def _measure(self, item: QLayoutItem) -> "_Part":
        widget = item.widget()
        share = 0 if widget is None else self._shares.get(widget, 0)
        asked = item.sizeHint()
        # What shares a line may be made narrow, everything else is as wide as it asks for.
        return _Part(item, share, asked, item.minimumSize().width() if share else asked.width())

    def _place(self, rect: QRect, *, really: bool) -> int:
        """Places everything into lines; returns the height they take."""
        edges = self.contentsMargins()
        inside = rect.adjusted(edges.left(), edges.top(), -edges.right(), -edges.bottom())
        top = inside.top()
        for line in self._lines(inside.width()):
            height = max(part.asked.height() for part in line)
            if really:
                self._place_line(line, QRect(inside.left(), top, inside.width(), height))
            top += height + self.spacing()
        return max(top - self.spacing(), inside.top()) - rect.top() + edges.bottom()

    def _lines(self, width: int) -> list[list["_Part"]]:
        lines: list[list[_Part]] = []
        left, spacing = 0, self.spacing()
        for part in self._shown():
            if not lines or left < part.least:
                lines.append([])
                left = width
            lines[-1].append(part)
            left -= part.least + spacing
        return lines

    def _place_line(self, line: list["_Part"], rect: QRect) -> None:
        spare = max(rect.width() - sum(part.least for part in line) - self._gaps(line), 0)
        shares = sum(part.share for part in line)
        left = rect.left()
        for part in line:
            wide = min(part.least + spare * part.share // max(shares, 1), rect.width())
            high = rect.height() if part.share else part.asked.height()
            below = 0 if self._at_top else (rect.height() - high) // 2
            part.item.setGeometry(QRect(left, rect.top() + below, wide, high))
            left += wide + self.spacing()


class _Part(NamedTuple):
    """One of the widgets, its share, the size that it asks for and the least width of it."""

    item: QLayoutItem
    share: int
    asked: QSize
    least: int


class TurningSplitter(QSplitter):
    """Panes side by side as long as each has the width it needs, else above each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setChildrenCollapsible(False)
        self._side_by_side: list[int] = []
        self._shares: list[int] = []
        self._is_moved = False
        self.splitterMoved.connect(self._moved)

    def setSizes(self, sizes: Sequence[int]) -> None:
        # Above each other the panes have the same shares of the height.
        self._shares = list(sizes)
        super().setSizes(sizes)

    def share_height(self, shares: Sequence[int]) -> None:
        """Above each other the panes have these shares instead."""
        self._shares = list(shares)

    def minimumSizeHint(self) -> QSize:
        # Above each other on a low screen the panes share what there is.
        hints = [pane.minimumSizeHint() for pane in self._panes()]
        return QSize(
            max((_least_width(pane) for pane in self._panes()), default=0),
            max((hint.height() for hint in hints), default=0),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        needed = sum(_least_width(pane) for pane in self._panes())
        needed += self.handleWidth() * (self.count() - 1)
        is_wide = event.size().width() >= needed
        if is_wide != (self.orientation() == Qt.Orientation.Horizontal):
            self._turn(is_wide=is_wide)
        super().resizeEvent(event)
        if not is_wide and not self._is_moved:
            shares = self._shares or [1] * self.count()
            room = event.size().height() - self.handleWidth() * (self.count() - 1)
            super().setSizes([room * share // max(sum(shares), 1) for share in shares])

    def _moved(self) -> None:
        self._is_moved = True

    def _panes(self) -> list[QWidget]:
        panes = (self.widget(place) for place in range(self.count()))
        return [pane for pane in panes if pane is not None]

    def _turn(self, *, is_wide: bool) -> None:
        if is_wide:
            self.setOrientation(Qt.Orientation.Horizontal)
            super().setSizes(self._side_by_side)
        else:
            self._side_by_side = self.sizes()
            self.setOrientation(Qt.Orientation.Vertical)
            self._is_moved = False


class ScrolledPane(QScrollArea):
    """A pane that scrolls where it is lower than its form has to be."""

    def __init__(self, form: QWidget) -> None:
        super().__init__(widgetResizable=True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(form)

    def sizeHint(self) -> QSize:
        return self._form.sizeHint()

    def minimumSizeHint(self) -> QSize:
        least = self._form.minimumSizeHint()
        return QSize(least.width(), min(least.height(), _LOWEST_FORM))

    @property
    def _form(self) -> QWidget:
        form = self.widget()
        assert form is not None
        return form


def _least_width(widget: QWidget) -> int:
    return max(widget.minimumWidth(), widget.minimumSizeHint().width())
