"""What people noted on lumisections, marked on the axis of the grid and at the columns it names."""

from PySide6.QtCore import QObject

from app.domain.certification.notes import mentions_of
from app.services import notes
from app.services.acting import Acting
from app.views.background import Background, Work
from app.views.grid.axis_notes import AxisNote
from app.views.grid.grid_view import GridView


class NotesOnAxis(QObject):
    """Reads the notes on the dataset that the grid shows, and has it mark them."""

    def __init__(self, acting: Acting, background: Background, grid: GridView) -> None:
        super().__init__(grid)
        self._acting = acting
        self._background = background
        self._grid = grid
        self._reading = Work(background, self)

    def read(self) -> None:
        """Reads the notes, and marks them where the same dataset is shown still."""
        self._reading.renew(self._read)

    async def _read(self) -> None:
        snapshot, acting = self._grid.snapshot, self._acting
        if snapshot is None:
            return
        shown = snapshot.run_number, snapshot.dataset
        found = await self._background.read(lambda: notes.of_run(acting, shown[0]))
        now = self._grid.snapshot
        if now is not None and (now.run_number, now.dataset) == shown:
            self._grid.show_notes(
                [
                    AxisNote(
                        note.ranges,
                        f"{note.where}: {note.text} ({note.by})",
                        mentions_of(note.text, now.keys),
                    )
                    for note in notes.on_dataset(found, now.dataset)
                ]
            )
