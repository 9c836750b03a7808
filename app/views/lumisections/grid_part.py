"""The grid and what stands beside it: the preview of an edit, and the histograms."""

from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QSplitter, QWidget

from app.views.evidence.evidence_pane import EvidencePane
from app.views.evidence.pinning import Pinning
from app.views.focus import give_keys, give_keys_once_shown
from app.views.grid.grid_view import GridView
from app.views.places import PlaceContext

_PARTS = [900, 420]


class GridPart(QSplitter):
    """Shares the width out; histograms and pinned rows follow what the grid shows."""

    def __init__(self, context: PlaceContext, grid: GridView, preview: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._grid = grid
        self._remembered: QSettings = context.remembered
        self.pinning = Pinning(context, grid)
        self.evidence = EvidencePane(context)
        self.setChildrenCollapsible(False)
        for part in (grid, preview, self.evidence):
            self.addWidget(part)
        self.setSizes([*_PARTS, self.evidence.wanted_width])
        self.setStretchFactor(0, 1)
        self.evidence.grid_wanted.connect(lambda: give_keys(grid))
        self.splitterMoved.connect(lambda _at, _handle: self.evidence.remember_width())

    def show_evidence(self, *, shown: bool) -> None:
        """Shows or hides the histograms; shown ones get the keyboard."""
        self.evidence.set_shown(shown=shown)
        if shown:
            self._make_room()
            give_keys_once_shown(self.evidence.list)

    def go_into_evidence(self) -> None:
        """The keyboard goes to the histograms, which are shown for it."""
        self.show_evidence(shown=True)

    def restore_evidence(self) -> None:
        """Shows the histograms, or hides them, as the person had them last."""
        wanted = EvidencePane.is_wanted(self._remembered)
        if wanted != self.evidence.isVisibleTo(self):
            self.evidence.setVisible(wanted)
            self._make_room()

    def choose_pinned(self) -> None:
        """Asks which rows are pinned under the grid."""
        corner = self._grid.rect().bottomLeft()
        self.pinning.menu(self._grid.mapToGlobal(corner - QPoint(0, self._grid.height() // 2)))

    def follow(self) -> None:
        """The grid shows other lumisections."""
        self.pinning.follow()
        snapshot, focus = self._grid.snapshot, self._grid.focus_cell
        key = None if snapshot is None else (snapshot.run_number, snapshot.dataset)
        if snapshot is not None and focus is not None:
            self.evidence.follow_column(snapshot.rows[focus.row].key)
        self.evidence.follow(key)

    def _make_room(self) -> None:
        """Gives the evidence the width that it had, from that of the grid."""
        sizes = self.sizes()
        wide = min(self.evidence.wanted_width, max(sum(sizes) // 2, 1))
        sizes[0], sizes[2] = max(sizes[0] + sizes[2] - wide, 1), wide
        self.setSizes(sizes)
