"""A list of histograms: each with its name, and its picture or what keeps it away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import ClassVar

from PySide6.QtCore import (
    QAbstractListModel,
    QBuffer,
    QByteArray,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QImage,
    QImageReader,
    QKeyEvent,
    QPainter,
    QPalette,
    QPixmap,
    QResizeEvent,
    QTextOption,
)
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.errors import BadInput
from app.domain.sources.histograms import Histogram, PictureSize
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets import plain
from app.views.widgets.tables.copying import copy_rows

ASKED_FOR = PictureSize(640, 400)

_LEAST_WIDTH = 160
_GAP = 2 * STEP
_WAITING = "Asking the DQM GUI ..."
Index = QModelIndex | QPersistentModelIndex


class _State(IntEnum):
    WAITING = 0
    SHOWN = 1
    FAILED = 2


@dataclass(frozen=True)
class _Entry:
    """A histogram and what is known of its picture; `words` while there is none."""

    histogram: Histogram
    state: _State = _State.WAITING
    words: str = _WAITING
    image: QImage = field(default_factory=QImage)


def decoded(content: bytes) -> QImage:
    """The picture in a PNG; takes time, so not in the GUI thread. Raises BadInput."""
    data = QByteArray(content)
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png"))
    image = reader.read()
    if image.isNull():
        raise BadInput(f"The picture of the DQM GUI is damaged: {reader.errorString()}.")
    return image.convertToFormat(QImage.Format.Format_RGB32)


class HistogramModel(QAbstractListModel):
    """Histograms in the order of their layout."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[_Entry] = []
        self._scaled: dict[tuple[int, int, int], QPixmap] = {}

    def show(self, histograms: Sequence[Histogram]) -> None:
        """Goes over to other histograms, whose pictures are on their way."""
        self.beginResetModel()
        self._entries = [_Entry(each) for each in histograms]
        self._scaled.clear()
        self.endResetModel()

    def histogram(self, row: int) -> Histogram | None:
        """The histogram of a row."""
        return self._entries[row].histogram if 0 <= row < len(self._entries) else None

    def entry(self, row: int) -> _Entry:
        """All that is known of a row."""
        return self._entries[row]

    @property
    def failures(self) -> Sequence[str]:
        """Why there are pictures missing, each reason once."""
        failed = (each.words for each in self._entries if each.state is _State.FAILED)
        return tuple(dict.fromkeys(failed))

    @property
    def waiting(self) -> Sequence[Histogram]:
        """Those whose pictures are on their way."""
        return [each.histogram for each in self._entries if each.state is _State.WAITING]

    @property
    def shown(self) -> int:
        """How many pictures are there."""
        return sum(each.state is _State.SHOWN for each in self._entries)

    def put(self, histogram: Histogram, image: QImage) -> None:
        """The picture of a histogram is there."""
        self._change(histogram, lambda old: replace(old, state=_State.SHOWN, words="", image=image))

    def fail(self, histogram: Histogram, reason: str) -> None:
        """There is none, and why."""
        self._change(histogram, lambda old: replace(old, state=_State.FAILED, words=reason))

    def wait(self, histogram: Histogram) -> None:
        """It is asked for again."""
        self._change(histogram, lambda old: _Entry(old.histogram))

    def scaled(self, row: int, size: QSize, ratio: float) -> QPixmap:
        """The picture as large as it is painted."""
        key = row, size.width(), round(ratio * 100)
        if key not in self._scaled:
            dots = QSize(round(size.width() * ratio), round(size.height() * ratio))
            image = self._entries[row].image.scaled(
                dots,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            pixmap = QPixmap.fromImage(image)
            pixmap.setDevicePixelRatio(ratio)
            self._scaled[key] = pixmap
        return self._scaled[key]

    def forget_sizes(self) -> None:
        """The list has another width."""
        self._scaled.clear()

    def _change(self, histogram: Histogram, change: Callable[[_Entry], _Entry]) -> None:
        for row, entry in enumerate(self._entries):
            if entry.histogram == histogram:
                self._entries[row] = change(entry)
                self._scaled = {key: found for key, found in self._scaled.items() if key[0] != row}
                index = self.index(row)
                self.dataChanged.emit(index, index)

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @plain.shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.histogram.path
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{entry.histogram.path}\n{entry.words}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.histogram.path}. {entry.words or 'The picture is shown.'}"
        return None


class _Delegate(QStyledItemDelegate):
    """Paints the name, and below it the picture or words in its place."""

    def __init__(self, model: HistogramModel, themes: Themes) -> None:
        super().__init__()
        self._model = model
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        view = option.widget
        assert isinstance(view, QListView)
        width = max(view.viewport().width(), _LEAST_WIDTH)
        picture = _picture_size(width)
        return QSize(width, picture.height() + option.fontMetrics.height() + 3 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._themes.theme
        place: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(place, option.palette.color(QPalette.ColorRole.Highlight))
        metrics = option.fontMetrics
        inside = place.adjusted(_GAP, _GAP, -_GAP, -_GAP)
        painter.setPen(theme.colour("text"))
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignTop), name)
        below = inside.adjusted(0, metrics.height() + STEP, 0, 0)
        self._paint_picture(painter, index.row(), below, theme)
        painter.restore()

    def _paint_picture(self, painter: QPainter, row: int, place: QRect, theme: Theme) -> None:
        entry = self._model.entry(row)
        if entry.state is _State.SHOWN:
            ratio = painter.device().devicePixelRatioF()
            picture = self._model.scaled(row, place.size(), ratio)
            painter.drawPixmap(place.topLeft(), picture)
            return
        painter.setPen(theme.colour("line"))
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        failed = entry.state is _State.FAILED
        painter.setPen(theme.colour("danger" if failed else "muted"))
        words = f"{entry.words}\nR asks again." if failed else entry.words
        # An address has no blanks, and may be longer than the picture is wide.
        option = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        painter.drawText(QRectF(place.adjusted(_GAP, _GAP, -_GAP, -_GAP)), words, option)


class HistogramList(QListView):
    """The histograms of a layout, below each other.

    Signals: `page_wanted(Histogram)` by Enter or a double click; `attach_wanted(Histogram)` by A;
    `again_wanted(Histogram)` by R; `grid_wanted()` by Escape or E.
    """

    page_wanted = Signal(object)
    attach_wanted = Signal(object)
    again_wanted = Signal(object)
    grid_wanted = Signal()

    _KEYS: ClassVar[Mapping[Qt.Key, str]] = {
        Qt.Key.Key_Return: "page_wanted",
        Qt.Key.Key_Enter: "page_wanted",
        Qt.Key.Key_A: "attach_wanted",
        Qt.Key.Key_R: "again_wanted",
    }

    def __init__(self, themes: Themes) -> None:
        super().__init__()
        self.histograms = HistogramModel()
        self.setModel(self.histograms)
        # Kept: a view doesn't own its delegate.
        self._delegate = _Delegate(self.histograms, themes)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Histograms")
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A bar that came with a picture would make all of them narrower, and go again.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().setSingleStep(24)
        self.doubleClicked.connect(lambda _index: self._emit("page_wanted"))
        themes.changed.connect(self._dress)

    @property
    def chosen(self) -> Histogram | None:
        """The histogram that keys and buttons act on."""
        return self.histograms.histogram(self.currentIndex().row())

    def show_histograms(self, histograms: Sequence[Histogram]) -> None:
        """Goes over to other histograms, to the first of them."""
        row = max(self.currentIndex().row(), 0)
        same = [each.path for each in histograms] == [
            self.histograms.entry(place).histogram.path
            for place in range(self.histograms.rowCount())
        ]
        self.histograms.show(histograms)
        if histograms:
            # The same histogram of the next run is what is compared.
            self.setCurrentIndex(self.histograms.index(row if same else 0))

    def copy_selected(self) -> None:
        """Puts the path of the histogram onto the clipboard."""
        if self.chosen is not None:
            copy_rows([[self.chosen.path]])

    def _dress(self) -> None:
        self.viewport().update()

    def _emit(self, name: str) -> None:
        if self.chosen is not None:
            getattr(self, name).emit(self.chosen)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = Qt.Key(event.key())
        if plain and key in self._KEYS:
            self._emit(self._KEYS[key])
        elif plain and key in (Qt.Key.Key_Escape, Qt.Key.Key_E):
            self.grid_wanted.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.histograms.forget_sizes()
            self.scheduleDelayedItemsLayout()


def _picture_size(width: int) -> QSize:
    inside = width - 2 * _GAP
    return QSize(inside, inside * ASKED_FOR.height // ASKED_FOR.width)
