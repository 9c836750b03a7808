"""The lumisections of a run: a choice of dataset, the grid, and a line on the focused cell."""

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.domain.lumisections import LumiRange
from app.domain.selection import Selection
from app.views import words
from app.views.backend.lumisections import DatasetLumisections, Origin
from app.views.backend.runs import Runs
from app.views.backend.tables import ONLINE
from app.views.background import Background, Job
from app.views.loading_bar import LoadingBar
from app.views.lumisections.grid_view import GridView
from app.views.lumisections.moment_line import MomentLine
from app.views.lumisections.selection_words import selection_text
from app.views.lumisections.snapshot import LumisectionsSnapshot, RowKind, prepare
from app.views.theme import STEP, Theme, Themes

_ORIGIN_AFTER_MS = 200


class LumisectionsPane(QWidget):
    """Loads and shows one dataset of a run.

    Signals: `edit_wanted(dataset, key, ranges, is_bit)` when a cell is activated;
    `menu_wanted(QPoint)` (global); `shown()` when other lumisections are there;
    `selection_changed()`; `history_wanted()` and `moment_wanted()` by the keys H and T;
    `moment_changed()` when it goes over to another moment, or back to now.
    """

    edit_wanted = Signal(str, str, object, bool)
    menu_wanted = Signal(object)
    shown = Signal()
    selection_changed = Signal()
    history_wanted = Signal()
    moment_wanted = Signal()
    moment_changed = Signal()

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
        self.moment_line = MomentLine(themes)
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
        if (run_number, dataset) != (self._run_number, self.dataset):
            self.moment_line.show_now()
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
        if self._run_number is None or (keep and self.moment):
            return  # what was then doesn't change
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

    @property
    def run_number(self) -> int | None:
        return self._run_number

    @property
    def moment(self) -> str:
        """Which moment is shown instead of now, empty when it is now."""
        return self.moment_line.moment

    def chosen(self) -> Selection:
        """The selected cells; without a selection the focused one."""
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if self.grid.chosen or snapshot is None or focus is None:
            return self.grid.chosen
        number = focus.lumisection
        return Selection.of([snapshot.rows[focus.row].key], [(number, number)], snapshot.length)

    def selection(self) -> tuple[tuple[str, ...], tuple[LumiRange, ...]]:
        """Rows with selected cells and the lumisections of any of them; without a selection
        those of the focused cell."""
        keys, ranges = self.grid.selection()
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if keys or snapshot is None or focus is None:
            return keys, ranges
        number = focus.lumisection
        return (snapshot.rows[focus.row].key,), (LumiRange(number, number),)

    def show_state(self, found: DatasetLumisections, moment: str) -> None:
        """Shows the dataset as it was, to be looked at only; `moment` says when, such as
        `version 812, 2025-08-18 06:12 UTC`."""
        if self._job is not None:
            self._job.cancel()
        order = self._order
        self.moment_line.show_moment(moment)
        self.bar.set_loading(True)
        self._job = self._background.read(
            lambda: prepare(found.state, order=order, by_hand=found.by_hand),
            self._show,
            owner=self,
            finished=self._finish,
        )
        self.moment_changed.emit()

    def show_now(self) -> None:
        """Goes back to the present state, which follows what is written."""
        if self.moment:
            self.moment_line.show_now()
            self.moment_changed.emit()
            self.load(keep=False)

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
        layout.addWidget(self.moment_line)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.words, 1)
        self.grid.hide()
        self.words.setText("Choose a run to see its lumisections.")

    def _connect(self) -> None:
        self.datasets.currentTextChanged.connect(self._dataset_chosen)
        self.moment_line.now_wanted.connect(self.show_now)
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

    def _dataset_chosen(self) -> None:
        self.moment_line.show_now()
        self.load(keep=False)

    def _activate(self) -> None:
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if snapshot is None or focus is None or self.moment:
            return
        key = snapshot.rows[focus.row].key
        keys, ranges = self.chosen_cells()
        kind = snapshot.rows[snapshot.keys.index(key)].kind
        if key not in keys:
            keys = (key,)
        self.edit_wanted.emit(self.dataset, key, ranges, kind is RowKind.BIT)

    def _focus_changed(self, _key: str, _lumisection: int) -> None:
        self._describe("")
        self._origin_timer.start()

    def _selection_changed(self) -> None:
        self._describe("")
        self.selection_changed.emit()

    def _describe(self, origin: str) -> None:
        cell = self.grid.focus_cell
        if cell is None or self.grid.snapshot is None:
            self.cell.clear()
            return
        chosen = self.grid.chosen
        if self.grid.snapshot.size_of(chosen).cells > 1:
            self._origin_timer.stop()
            line, whole = selection_text(self.grid.snapshot, chosen)
            self.cell.setText(line)
            self.cell.setToolTip(whole)
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
            if snapshot is None or cell is None or snapshot.size_of(self.grid.chosen).cells > 1:
                return
            if (snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
                self._describe(text)

        self._origin_job = self._background.read(
            lambda: runs.origin(run_number, dataset, key, lumisection), show, owner=self
        )

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate()
        elif key == Qt.Key.Key_Escape and self.moment:
            self.show_now()
        elif key == Qt.Key.Key_Escape and self.grid.chosen:
            self.grid.clear_selection()
        elif key == Qt.Key.Key_H and plain:
            self.history_wanted.emit()
        elif key == Qt.Key.Key_T and plain:
            self.moment_wanted.emit()
        else:
            super().keyPressEvent(event)

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
