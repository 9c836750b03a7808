"""The painted grid, kept until it changes: what is stored, and over it what is drafted."""

import math
from collections.abc import Callable, Iterator

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPixmap

from app.domain.editing.draft_cells import DraftCells
from app.views.grid.draft_painter import DraftPainter
from app.views.grid.grid_layout import GridLayout
from app.views.grid.grid_painter import GridPainter
from app.views.grid.pinned_rows import PinnedRows
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks.theme import Theme


class GridPicture:
    """Two layers: a key that drafts something paints only the upper one again."""

    def __init__(
        self,
        layout: GridLayout,
        theme: Theme,
        font: QFont,
        over: Callable[[QPainter, LumisectionsSnapshot], None],
        pinned: PinnedRows,
    ) -> None:
        self._layout = layout
        self._pinned = pinned
        self._over = over
        self._stored: QPixmap | None = None
        self._whole: QPixmap | None = None
        self.apply_theme(theme, font)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Paints in other colours or letters."""
        self._theme = theme
        self._metrics = QFontMetrics(font)
        self._painter = GridPainter(self._layout, theme, font)
        self._drafts = DraftPainter(self._layout, theme, QFontMetrics(font))
        self.forget()

    def forget(self) -> None:
        """Something that is stored, its place or its size is another."""
        self._stored = self._whole = None

    def forget_draft(self) -> None:
        """Something else is drafted."""
        self._whole = None

    @property
    def plates(self) -> Iterator[QRectF]:
        """Where the letters are, stored and drafted."""
        yield from self._painter.plates
        yield from self._drafts.plates

    def get(
        self,
        size: QSize,
        ratio: float,
        snapshot: LumisectionsSnapshot | None,
        draft: DraftCells | None,
    ) -> QPixmap:
        """The picture for a viewport of this size; `ratio` is in dots per pixel."""
        if self._stored is None:
            self._stored = self._paint(size, ratio, snapshot)
        if self._whole is None:
            self._whole = self._stored
            self._drafts.plates = []
            if draft is not None and snapshot is not None and snapshot.rows and snapshot.length:
                self._whole = self._stored.copy()
                painter = QPainter(self._whole)
                self._drafts.paint(painter, snapshot, draft)
                painter.end()
        return self._whole

    def _paint(self, size: QSize, ratio: float, snapshot: LumisectionsSnapshot | None) -> QPixmap:
        picture = QPixmap(QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colour("surface"))
        if snapshot is not None:
            painter = QPainter(picture)
            self._painter.paint(painter, snapshot)
            if snapshot.rows and snapshot.length:
                self._pinned.paint(painter, self._theme, self._metrics)
                painter.setClipRect(self._layout.area())
                self._over(painter, snapshot)
            painter.end()
        return picture
