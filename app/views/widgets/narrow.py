"""Parts that go on where there is little width: lines that wrap, panes that turn."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLayout, QLayoutItem, QSplitter, QWidget


class WrappingLine(QLayout):
    """Widgets side by side, in as many lines as the width asks for; what has a share grows.

    `at_top`: what is lower than its line stands at its top, not in its middle.
    """

    def __init__(self, parent: QWidget | None = None, *, at_top: bool = False) -> None:
        super().__init__(parent)
        self._at_top = at_top
        self._parts: list[QLayoutItem] = []
        self._shares: dict[QWidget, int] = {}

    def add(self, widget: QWidget, share: int = 0) -> None:
        """Adds a widget, with its share of the width that the others leave."""
        self._shares[widget] = share
        self.addWidget(widget)

    # Qt

    def addItem(self, item: QLayoutItem, /) -> None:
        self._parts.append(item)

    def count(self) -> int:
        return len(self._parts)

    def itemAt(self, index: int, /) -> QLayoutItem | None:
        return self._parts[index] if 0 <= index < len(self._parts) else None

    def takeAt(self, index: int, /) -> QLayoutItem | None:
        return self._parts.pop(index) if 0 <= index < len(self._parts) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int, /) -> int:
        return self._place(QRect(0, 0, width, 0), really=False)

    def setGeometry(self, rect: QRect, /) -> None:
        super().setGeometry(rect)
        self._place(rect, really=True)

    def sizeHint(self) -> QSize:
        parts = self._shown()
        return self._around(
            sum(part.sizeHint().width() for part in parts)
            + self.spacing() * max(len(parts) - 1, 0),
            max((part.sizeHint().height() for part in parts), default=0),
        )

    def minimumSize(self) -> QSize:
        parts = self._shown()
        return self._around(
            max((self._least(part) for part in parts), default=0),
            max((part.sizeHint().height() for part in parts), default=0),
        )

    def width_of_one_line(self) -> int:
        """How wide one line has to be; what has a share is as narrow as it may be."""
        parts = self._shown()
        gaps = self.spacing() * max(len(parts) - 1, 0)
        return self._around(sum(self._least(part) for part in parts) + gaps, 0).width()

    def _around(self, width: int, height: int) -> QSize:
        edges = self.contentsMargins()
        return QSize(width + edges.left() + edges.right(), height + edges.top() + edges.bottom())

    def _shown(self) -> list[QLayoutItem]:
        return [part for part in self._parts if not part.isEmpty()]

    def _share(self, part: QLayoutItem) -> int:
        widget = part.widget()
        return 0 if widget is None else self._shares.get(widget, 0)

    def _least(self, part: QLayoutItem) -> int:
        """What shares a line may be made narrow, everything else is as wide as it asks for."""
        return part.minimumSize().width() if self._share(part) else part.sizeHint().width()

    def _place(self, rect: QRect, *, really: bool) -> int:
        """Places everything into lines; returns the height they take."""
        edges = self.contentsMargins()
        inside = rect.adjusted(edges.left(), edges.top(), -edges.right(), -edges.bottom())
        top = inside.top()
        for line in self._lines(inside.width()):
            height = max(part.sizeHint().height() for part in line)
            if really:
                self._place_line(line, QRect(inside.left(), top, inside.width(), height))
            top += height + self.spacing()
        return max(top - self.spacing(), inside.top()) - rect.top() + edges.bottom()

    def _lines(self, width: int) -> list[list[QLayoutItem]]:
        lines: list[list[QLayoutItem]] = []
        left = 0
        for part in self._shown():
            least = self._least(part)
            if not lines or left < least:
                lines.append([])
                left = width
            lines[-1].append(part)
            left -= least + self.spacing()
        return lines

    def _place_line(self, line: list[QLayoutItem], rect: QRect) -> None:
        least = [self._least(part) for part in line]
        spare = max(rect.width() - sum(least) - self.spacing() * (len(line) - 1), 0)
        shares = [self._share(part) for part in line]
        left = rect.left()
        for part, width, share in zip(line, least, shares, strict=True):
            wide = min(width + spare * share // max(sum(shares), 1), rect.width())
            high = rect.height() if share else part.sizeHint().height()
            below = 0 if self._at_top else (rect.height() - high) // 2
            part.setGeometry(QRect(left, rect.top() + below, wide, high))
            left += wide + self.spacing()


class TurningSplitter(QSplitter):
    """Panes side by side as long as each has the width it needs, else above each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setChildrenCollapsible(False)
        self._side_by_side: list[int] = []

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

    def _panes(self) -> list[QWidget]:
        panes = (self.widget(place) for place in range(self.count()))
        return [pane for pane in panes if pane is not None]

    def _turn(self, *, is_wide: bool) -> None:
        if is_wide:
            self.setOrientation(Qt.Orientation.Horizontal)
            self.setSizes(self._side_by_side)
        else:
            self._side_by_side = self.sizes()
            self.setOrientation(Qt.Orientation.Vertical)
            self.setSizes([1] * self.count())


def _least_width(widget: QWidget) -> int:
    return max(widget.minimumWidth(), widget.minimumSizeHint().width())
