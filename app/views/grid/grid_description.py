"""What a screen reader says of the lumisection grid."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent

from app.views.grid.pinned_rows import PinnedRows

if TYPE_CHECKING:
    from app.views.grid.grid_view import GridView

_NOTHING = "No lumisections are shown."


class GridDescription:
    """Describes the focused cell, its pinned rows and how much is selected; says it when it
    changes."""

    def __init__(self, grid: "GridView", pinned: PinnedRows) -> None:
        self._grid = grid
        self._pinned = pinned
        grid.setAccessibleName("Lumisections")
        grid.setAccessibleDescription(_NOTHING)

    def renew(self) -> None:
        """Describes what is in focus now."""
        grid, snapshot, focus = self._grid, self._grid.snapshot, self._grid.focus_cell
        if snapshot is None or focus is None:
            grid.setAccessibleDescription(_NOTHING)
            return
        grid.setAccessibleName(f"Lumisections of run {snapshot.run_number}, {snapshot.dataset}")
        text = grid.text_of(focus).replace("\n", "; ")
        for row in self._pinned.rows:
            text += f"; {row.label} {row.text_at(focus.lumisection) or 'unknown'}"
        size = snapshot.size_of(grid.chosen)
        if size.cells > 1:
            text += f"; {size.cells} cells are selected"
        if text == grid.accessibleDescription():
            return
        grid.setAccessibleDescription(text)
        QAccessible.updateAccessibility(
            QAccessibleEvent(grid, QAccessible.Event.DescriptionChanged)
        )
        if grid.hasFocus():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(grid, text))
