"""A line on the focused cell with who set it, or on the selection."""

from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from app.domain.clock import server_now
from app.services.acting import Acting
from app.services.history import look as history
from app.services.history.look import Origin
from app.views.background import Background, Work
from app.views.grid.cell_text import cell_text
from app.views.grid.grid_view import GridView
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.lumisections.selection_words import selection_text
from app.views.widgets.line_label import LineLabel

_ORIGIN_AFTER_MS = 200


class _Known(Struct, frozen=True):
    """Who set what has the focus; None for nobody."""

    of: object
    origin: Origin | None


class CellLine(LineLabel):
    """Describes what has the focus in a grid, or how much is selected.

    `is_now`: whether the present state is shown, of which alone it is known who set a cell.
    """

    def __init__(
        self,
        acting: Acting,
        background: Background,
        grid: GridView,
        is_now: Callable[[], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent=parent)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._acting = acting
        self._background = background
        self._grid = grid
        self._is_now = is_now
        self._known: _Known | None = None
        self._reading = Work(background, self)
        self._pause = QTimer(self, singleShot=True, interval=_ORIGIN_AFTER_MS)
        self._pause.timeout.connect(self._read_of_focus)
        grid.focus_changed.connect(lambda _key, _lumisection: self.follow_focus())
        grid.selection_changed.connect(self._describe)
        grid.origin_wanted.connect(self._read)
        Ages(self, self._describe)

    def follow_focus(self) -> None:
        """Describes the focused cell; who set it follows when the focus stays for a moment."""
        self._describe()
        if not self._several_selected():
            self._pause.start()

    def _read_of_focus(self) -> None:
        snapshot, cell = self._grid.snapshot, self._grid.focus_cell
        if snapshot is not None and cell is not None:
            self._read(snapshot.rows[cell.row].key, cell.lumisection)

    def _read(self, key: str, lumisection: int) -> None:
        snapshot = self._grid.snapshot
        if snapshot is not None and self._is_now():
            self._reading.start(
                self._show_origin(snapshot.run_number, snapshot.dataset, key, lumisection)
            )

    async def _show_origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> None:
        acting = self._acting
        origin = await self._background.read(
            lambda: history.origin(acting, run_number, dataset, key, lumisection)
        )
        self._grid.show_origin(key, lumisection, _origin_text(origin))
        snapshot, cell = self._grid.snapshot, self._grid.focus_cell
        if snapshot is None or cell is None or self._several_selected():
            return
        if (snapshot.run_number, snapshot.dataset) != (run_number, dataset):
            return
        if (snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
            self._known = _Known(self._focused(), origin)
            self._describe()

    def _focused(self) -> object:
        """What has the focus: as long as it is the same, so is who set it.

        How far its value reaches is left out, which changes with each LS of a growing run, and
        what is drafted, which isn't set yet.
        """
        snapshot, cell = self._grid.snapshot, self._grid.focus_cell
        if snapshot is None or cell is None:
            return None
        where = (snapshot.run_number, snapshot.dataset, snapshot.rows[cell.row].key)
        _reach, *value = cell_text(snapshot, None, cell).split("\n")
        return (*where, cell.lumisection, *value)

    def _several_selected(self) -> bool:
        snapshot = self._grid.snapshot
        return snapshot is not None and snapshot.size_of(self._grid.chosen).cells > 1

    def _describe(self) -> None:
        snapshot, cell = self._grid.snapshot, self._grid.focus_cell
        if cell is None or snapshot is None:
            self.setText("")
        elif self._several_selected():
            self._pause.stop()
            line, whole = selection_text(snapshot, self._grid.chosen)
            self.setText(line)
            self.setToolTip(whole)
        else:
            parts = self._grid.text_of(cell).split("\n")
            if self._known is not None and self._known.of == self._focused() and self._is_now():
                parts.append(_origin_text(self._known.origin))
            self.setText(" · ".join(parts))


def _origin_text(origin: Origin | None) -> str:
    if origin is None:
        return "no event has set it"
    action = origin.action
    age = words.ago(action.at, server_now())
    return f"by {action.by}, {words.time(action.at)} ({age})"
