"""The grid and what stands beside it: the preview of an edit, and the histograms."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSettings, Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from app.views.evidence.pinning import Pinning
from app.views.evidence.shown import is_wanted
from app.views.focus import follow_in_tab_order, give_keys, give_keys_once_shown
from app.views.grid.grid_view import GridView
from app.views.places import PlaceContext

# Most people never look at histograms.
if TYPE_CHECKING:
    from app.views.evidence.evidence_pane import EvidencePane

_PARTS = [900, 420]


class GridPart(QSplitter):
    """Shares the width out; histograms and pinned rows follow what the grid shows.

    Signals: `attach_wanted(address, name)` of a histogram for the comment.
    """

    attach_wanted = Signal(str, str)

    def __init__(self, context: PlaceContext, grid: GridView, preview: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._context = context
        self._grid = grid
        self._preview = preview
        self._remembered: QSettings = context.remembered
        self.pinning = Pinning(context, grid)
        self._evidence: EvidencePane | None = None
        self.setChildrenCollapsible(False)
        for part in (grid, preview):
            self.addWidget(part)
        self.setSizes(_PARTS)
        self.setStretchFactor(0, 1)

    @property
    def evidence(self) -> "EvidencePane":
        """The histograms, made now if nobody wanted them before."""
        if self._evidence is None:
            from app.views.evidence.evidence_pane import EvidencePane

            evidence = self._evidence = EvidencePane(self._context)
            self.addWidget(evidence)
            follow_in_tab_order(evidence, self._preview)
            evidence.grid_wanted.connect(lambda: give_keys(self._grid))
            evidence.attach_wanted.connect(self.attach_wanted)
            self.splitterMoved.connect(lambda _at, _handle: evidence.remember_width())
            self.follow_with_evidence()
        return self._evidence

    @property
    def has_evidence(self) -> bool:
        """Whether histograms are shown."""
        return self._evidence is not None and self._evidence.isVisibleTo(self)

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
        wanted = is_wanted(self._remembered)
        if wanted != self.has_evidence:
            self.evidence.setVisible(wanted)
            self._make_room()

    def choose_pinned(self) -> None:
        """Asks which rows are pinned under the grid."""
        corner = self._grid.rect().bottomLeft()
        self.pinning.menu(self._grid.mapToGlobal(corner - QPoint(0, self._grid.height() // 2)))

    def follow(self) -> None:
        """The grid shows other lumisections."""
        self.pinning.follow()
        self.follow_with_evidence()

    def follow_with_evidence(self) -> None:
        """The histograms follow the dataset and the column in front."""
        if self._evidence is None:
            return
        snapshot, focus = self._grid.snapshot, self._grid.focus_cell
        key = None if snapshot is None else (snapshot.run_number, snapshot.dataset)
        if snapshot is not None and focus is not None:
            self._evidence.follow_column(snapshot.rows[focus.row].key)
        self._evidence.follow(key)

    def follow_column(self, column: str) -> None:
        """A column has the focus."""
        if self._evidence is not None:
            self._evidence.follow_column(column)

    def panes(self) -> tuple[QWidget, ...]:
        """What is looked at beside the grid."""
        return (self._preview, *(() if self._evidence is None else (self._evidence.list,)))

    def _make_room(self) -> None:
        """Gives the evidence the width that it had, from that of the grid."""
        sizes = self.sizes()
        wide = min(self.evidence.wanted_width, max(sum(sizes) // 2, 1))
        sizes[0], sizes[2] = max(sizes[0] + sizes[2] - wide, 1), wide
        self.setSizes(sizes)
