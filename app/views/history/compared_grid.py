"""A grid that shows two moments: the newer one, with the older value above where they differ."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from app.domain.lumisections import Mask, mask_of_ranges
from app.views.changes.history_axis import LanePainter, value_words
from app.views.changes.lines import Piece
from app.views.grid.grid_layout import AXIS_HEIGHT, Cell
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import LumisectionsSnapshot

_VEIL_ALPHA = 190
_LEAST_WIDTH = 2.0


class ComparedGrid(GridView):
    """Read-only; cells that are the same at both moments are pale."""

    _pieces: Sequence[Piece] = ()

    def show_comparison(
        self, snapshot: LumisectionsSnapshot | None, pieces: Sequence[Piece]
    ) -> None:
        """Shows the newer moment, and where it differs from the older one."""
        self._pieces = pieces
        self.show_snapshot(snapshot)

    def text_of(self, cell: Cell) -> str:
        text = super().text_of(cell)
        snapshot = self.snapshot
        if snapshot is None:
            return text
        key, number = snapshot.rows[cell.row].key, cell.lumisection
        for piece in self._pieces:
            if piece.key == key and any(first <= number <= last for first, last in piece.ranges):
                return f"{text}\nwas: {value_words(piece.before, oms=piece.oms)}"
        return f"{text}\nthe same at both moments"

    def paint_over(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        layout, lanes = self._layout, LanePainter(self._theme, snapshot.length)
        veil = QColor(self._theme.colour("surface"))
        veil.setAlpha(_VEIL_ALPHA)
        by_key: dict[str, list[tuple[Piece, Mask]]] = {}
        for piece in self._pieces:
            mask = mask_of_ranges(piece.ranges, snapshot.length)
            by_key.setdefault(piece.key, []).append((piece, mask))
        for row in layout.rows_in_sight():
            top = layout.tops[row] - layout.top + AXIS_HEIGHT
            height = layout.height_of(row)
            differing = by_key.get(snapshot.rows[row].key, [])
            same = ~mask_of_ranges((), snapshot.length)
            for _, mask in differing:
                same &= ~mask
            for left, right in layout.spans(same):
                painter.fillRect(QRectF(left, top, right - left, height), veil)
            for piece, mask in differing:
                for left, right in layout.spans(mask):
                    width = max(right - left, _LEAST_WIDTH)
                    # Both without letters, of which the older value would leave half.
                    old = QRectF(left, top + 1, width, (height - 2) * 0.4)
                    new = QRectF(left, old.bottom(), width, height - 1 - old.height())
                    for box, value in ((old, piece.before), (new, piece.after)):
                        painter.fillRect(box, self._theme.colour("surface"))
                        lanes.paint_swatch(painter, box, value, oms=piece.oms)
                    painter.setPen(QPen(self._theme.colour("text"), 1))
                    painter.setBrush(QBrush(Qt.BrushStyle.NoBrush))
                    painter.drawRect(QRectF(left + 0.5, top + 0.5, width - 1, height - 1))


def only_rows(snapshot: LumisectionsSnapshot, keys: set[str]) -> LumisectionsSnapshot:
    """The snapshot with some of its rows."""
    places = [place for place, row in enumerate(snapshot.rows) if row.key in keys]
    rows = tuple(snapshot.rows[place] for place in places)
    return replace(snapshot, rows=rows, ranks=snapshot.ranks[places])
