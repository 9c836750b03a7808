"""The lumisections of a run: a choice of dataset, the grid, and a line on the focused cell."""

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.domain.lumisections import LumiRange, format_ranges
from app.views import words
from app.views.backend.lumisections import Origin
from app.views.backend.runs import Runs
from app.views.backend.tables import ONLINE
from app.views.background import Background, Job
from app.views.loading_bar import LoadingBar
from app.views.lumisections.grid_view import GridView
from app.views.lumisections.snapshot import LumisectionsSnapshot, RowKind, prepare
from app.views.theme import STEP, Theme, Themes

_ORIGIN_AFTER_MS = 200


class LumisectionsPane(QWidget):
    """Loads and shows one dataset of a run.

    Signals: `edit_wanted(dataset, key, ranges, is_bit)` when a cell is activated;
    `menu_wanted(QPoint)` (global); `shown()` when other lumisections are there.
    """

    edit_wanted = Signal(str, str, object, bool)
    menu_wanted = Signal(object)
    shown = Signal()

    def __init__(
        self,
        runs: Runs,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._runs = runs
        self._background = background
        self._themes = themes
        self._run_number: int | None = None
        self._order: tuple[str, ...] = ()
        self._job: Job[LumisectionsSnapshot] | None = None
        self._again = False
        self._origin_job: Job[Origin | None] | None = None
        self.datasets = QComboBox()
        self.datasets.setAccessibleName("Dataset")
        self.datasets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.grid = GridView(themes.theme)
        self.bar = LoadingBar(themes)
        self.words = QLabel(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.cell = QLabel()
        self.cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cell.setMinimumWidth(1)
        self._zooms = [QToolButton() for _ in range(3)]
        self._origin_timer = QTimer(self, singleShot=True, interval=_ORIGIN_AFTER_MS)
        self._lay_out()
        self._connect()
        self._dress(themes.theme)

    @property
    def dataset(self) -> str:
        return self.datasets.currentText() or ONLINE

    def show_run(
        self, run_number: int, datasets: Sequence[str], dataset: str, order: Sequence[str]
    ) -> None:
        """Shows a dataset of a run; `order` is that of the columns."""
        names = list(datasets)
        if run_number != self._run_number:
            self.grid.show_snapshot(None)
            self.cell.clear()
        same = run_number == self._run_number and dataset == self.dataset
        self._run_number = run_number
        self._order = tuple(order)
        if [self.datasets.itemText(i) for i in range(self.datasets.count())] != names:
            self.datasets.blockSignals(True)  # one load, below
            self.datasets.clear()
            self.datasets.addItems(names)
            self.datasets.blockSignals(False)
        self.datasets.blockSignals(True)
        self.datasets.setCurrentText(dataset)
        self.datasets.blockSignals(False)
        self.load(keep=same)

    def load(self, *, keep: bool = True) -> None:
        """Loads the present state; with `keep` the old one isn't taken back meanwhile."""
        if self._run_number is None:
            return
        if self._job is not None:
            if keep:
                self._again = True
                return
            self._job.cancel()
        self.bar.set_loading(True)
        runs, run_number, dataset, order = self._runs, self._run_number, self.dataset, self._order

        def load() -> LumisectionsSnapshot:
            loaded = runs.lumisections(run_number, dataset)
            return prepare(loaded.state, order=order, by_hand=loaded.by_hand)

        self._job = self._background.read(
            load, self._show, owner=self, refused=self._refuse, finished=self._finish
        )

    def chosen_cells(self) -> tuple[tuple[str, ...], tuple[LumiRange, ...]]:
        """What is selected; without a selection the focused cell's run of equal values."""
        keys, ranges = self.grid.selection()
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if keys or snapshot is None or focus is None:
            return keys, ranges
        around, _ = snapshot.run_at(focus.row, focus.lumisection)
        return (snapshot.rows[focus.row].key,), (around,)

    def _lay_out(self) -> None:
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.datasets)
        line.addWidget(self.cell, 1)
        for button in self._zooms:
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.words, 1)
        self.grid.hide()
        self.words.setText("Choose a run to see its lumisections.")

    def _connect(self) -> None:
        self.datasets.currentTextChanged.connect(lambda: self.load(keep=False))
        self.grid.cell_activated.connect(self._activate)
        self.grid.focus_changed.connect(self._focus_changed)
        self.grid.selection_changed.connect(self._selection_changed)
        self.grid.origin_wanted.connect(self._ask_origin)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu)
        self._themes.changed.connect(self._dress)
        self._origin_timer.timeout.connect(self._ask_origin_of_focus)
        actions = (
            ("Zoom in (+)", lambda: self.grid.zoom(1.5)),
            ("Zoom out (-)", lambda: self.grid.zoom(1 / 1.5)),
            ("Whole run (0)", self.grid.fit),
        )
        for button, (tip, handler) in zip(self._zooms, actions, strict=True):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(handler)

    def _show(self, snapshot: LumisectionsSnapshot) -> None:
        self.grid.show_snapshot(snapshot)
        has_rows = bool(snapshot.rows) and snapshot.length > 0
        self.grid.setVisible(has_rows)
        self.words.setVisible(not has_rows)
        if not has_rows:
            self.words.setText(
                "No lumisections yet: they come with the next pull, and their columns when the"
                " run is significant."
            )
        elif self.grid.focus_cell is not None:
            cell = self.grid.focus_cell
            self._focus_changed(snapshot.rows[cell.row].key, cell.lumisection)
        self.shown.emit()

    def _refuse(self, error: Refused) -> None:
        self.grid.hide()
        self.words.setText(str(error))
        self.words.show()

    def _finish(self) -> None:
        self._job = None
        self.bar.set_loading(False)
        if self._again:
            self._again = False
            self.load()

    def _activate(self, key: str, _lumisection: int) -> None:
        snapshot = self.grid.snapshot
        if snapshot is None:
            return
        keys, ranges = self.chosen_cells()
        kind = snapshot.rows[snapshot.keys.index(key)].kind
        if key not in keys:
            keys = (key,)
        self.edit_wanted.emit(self.dataset, key, ranges, kind is RowKind.BIT)

    def _focus_changed(self, _key: str, _lumisection: int) -> None:
        self._describe("")
        self._origin_timer.start()

    def _selection_changed(self, keys: tuple[str, ...], ranges: tuple[LumiRange, ...]) -> None:
        if keys:
            self._origin_timer.stop()
            what = keys[0] if len(keys) == 1 else f"{len(keys)} rows"
            self.cell.setText(f"{what}, LS {format_ranges(ranges)}")
        else:
            self._describe("")

    def _describe(self, origin: str) -> None:
        cell = self.grid.focus_cell
        if cell is None:
            self.cell.clear()
            return
        text = " · ".join([*self.grid.text_of(cell).split("\n"), *filter(None, [origin])])
        self.cell.setText(text)
        self.cell.setToolTip(text)

    def _ask_origin_of_focus(self) -> None:
        snapshot, cell = self.grid.snapshot, self.grid.focus_cell
        if snapshot is not None and cell is not None:
            self._ask_origin(snapshot.rows[cell.row].key, cell.lumisection)

    def _ask_origin(self, key: str, lumisection: int) -> None:
        if self._run_number is None:
            return
        if self._origin_job is not None:
            self._origin_job.cancel()
        runs, run_number, dataset = self._runs, self._run_number, self.dataset

        def show(origin: Origin | None) -> None:
            text = _origin_text(origin)
            self.grid.show_origin(key, lumisection, text)
            snapshot, cell = self.grid.snapshot, self.grid.focus_cell
            if snapshot is None or cell is None or self.grid.selection()[0]:
                return
            if (snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
                self._describe(text)

        self._origin_job = self._background.read(
            lambda: runs.origin(run_number, dataset, key, lumisection), show, owner=self
        )

    def _menu(self, point: QPoint) -> None:
        self.menu_wanted.emit(self.grid.mapToGlobal(point))

    def _dress(self, theme: Theme) -> None:
        self.grid.set_theme(theme)
        for button, icon in zip(self._zooms, ("zoom-in", "zoom-out", "zoom-fit"), strict=True):
            button.setIcon(theme.icon(icon))


def _origin_text(origin: Origin | None) -> str:
    if origin is None:
        return "no event has set it"
    now = datetime.now(UTC)
    return f"by {origin.by}, {words.time(origin.at)} ({words.ago(origin.at, now)})"
