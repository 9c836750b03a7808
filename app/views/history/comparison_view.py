"""Two moments of a dataset side by side: differences drawn on the grid, and listed."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.lumisections import count
from app.views import words
from app.views.backend.history import ChangeLine, History, MomentsCompared
from app.views.background import Background, Job
from app.views.focus import give_keys
from app.views.grid.changes_table import ChangesTable
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot, prepare
from app.views.history.compared_grid import ComparedGrid, only_rows
from app.views.history.moment_chooser import MomentChooser
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_PARTS = [300, 180]


class ComparisonView(QWidget):
    """Compares a dataset after one version with the same after another, or now.

    Signals: `closed()` when the person has seen enough.
    """

    closed = Signal()

    def __init__(
        self,
        history: History,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._background = background
        self._themes = themes
        self._where: tuple[int, str] | None = None
        self._moments: tuple[int, int | None] = (0, None)
        self._order: tuple[str, ...] = ()
        self._job: Job[tuple[MomentsCompared, LumisectionsSnapshot]] | None = None
        self._whole: LumisectionsSnapshot | None = None
        self._comparison: MomentsCompared | None = None
        self.older = QPushButton()
        self.newer = QPushButton()
        self.summary = Label()
        self.summary.setProperty("role", "muted")
        self.only_differing = QCheckBox("Only rows that differ")
        self.only_differing.setChecked(True)
        self.close_button = QPushButton("Close")
        self.close_button.setToolTip("Back to the present state (Esc)")
        self.bar = LoadingBar(themes)
        self.grid = ComparedGrid(themes.theme)
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.hide()
        self.changes = ChangesTable(themes, "Differences")
        self._lay_out()
        self._connect()
        self._dress(themes.theme)

    @property
    def comparison(self) -> MomentsCompared | None:
        """What is shown."""
        return self._comparison

    def compare(
        self,
        run_number: int,
        dataset: str,
        old: int,
        new: int | None,
        order: Sequence[str] = (),
    ) -> None:
        """Compares the moments after two versions, None is now; `order` is that of the columns."""
        if (run_number, dataset) != self._where:
            self._show_nothing()
        self._where, self._moments, self._order = (run_number, dataset), (old, new), tuple(order)
        self.older.setText(f"After version {old}")
        self.newer.setText("Now" if new is None else f"After version {new}")
        self._load()

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Compares with the present state again, where that is one of the moments."""
        if self._where is None or self._moments[1] is not None:
            return
        if not run_numbers or self._where[0] in run_numbers:
            self._load()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        for button, tip in (
            (self.older, "Choose the older moment"),
            (self.newer, "Choose the newer moment"),
        ):
            button.setToolTip(tip)
            button.setAutoDefault(False)
        line.addWidget(self.older)
        line.addWidget(Label("compared with"))
        line.addWidget(self.newer)
        line.addWidget(self.summary, 1)
        line.addWidget(self.only_differing)
        line.addWidget(self.close_button)
        splitter = QSplitter(Qt.Orientation.Vertical)
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.grid, 1)
        column.addWidget(self.words, 1)
        splitter.addWidget(above)
        splitter.addWidget(self.changes)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(splitter, 1)

    def _connect(self) -> None:
        self.older.clicked.connect(lambda: self._choose(older=True))
        self.newer.clicked.connect(lambda: self._choose(older=False))
        self.only_differing.toggled.connect(self._show_rows)
        self.close_button.clicked.connect(self.closed)
        self.changes.line_entered.connect(self._go_to)
        self._themes.changed.connect(self._dress)

    def _choose(self, *, older: bool) -> None:
        if self._where is None:
            return
        chooser = MomentChooser(
            self._history, self._background, self._themes, *self._where, self.window()
        )

        def choose(version: int) -> None:
            if self._where is None:
                return
            old, new = self._moments
            moments = (version, new) if older else (old, version)
            if moments[1] is not None and moments[0] > moments[1]:
                moments = (moments[1], moments[0])
            self.compare(*self._where, *moments, self._order)

        chooser.chosen.connect(choose)
        chooser.open()

    def _load(self) -> None:
        if self._where is None:
            return
        if self._job is not None:
            self._job.cancel()
        history, where, moments, order = self._history, self._where, self._moments, self._order

        def load() -> tuple[MomentsCompared, LumisectionsSnapshot]:
            found = history.compare(*where, *moments)
            loaded = found.lumisections
            return found, prepare(loaded.state, order=order, by_hand=loaded.by_hand)

        self.bar.set_loading(True)
        self._job = self._background.read_then(
            load, self._show, owner=self, refused=self._refuse, finished=self._finished
        )

    def _finished(self) -> None:
        self._job = None
        self.bar.set_loading(False)

    def _show(self, loaded: tuple[MomentsCompared, LumisectionsSnapshot]) -> None:
        self._comparison, self._whole = loaded
        lines = self._comparison.lines
        self.changes.show_lines(
            lines, length=self._whole.length, nothing="Both moments are the same."
        )
        cells = sum(count(line.piece.ranges) for line in lines)
        keys = {line.piece.key for line in lines if line.piece.ranges}
        attributes = sum(not line.piece.ranges for line in lines)
        parts = [f"{words.counted(cells, 'cell')} in {words.counted(len(keys), 'row')} differ"]
        if attributes:
            parts.append(words.counted(attributes, "attribute"))
        self.summary.setText(", ".join(parts) if lines else "both are the same")
        self._show_rows()

    def _show_rows(self) -> None:
        if self._comparison is None or self._whole is None:
            return
        pieces = [line.piece for line in self._comparison.lines if line.piece.ranges]
        shown = self._whole
        if self.only_differing.isChecked():
            shown = only_rows(shown, {piece.key for piece in pieces})
        self.grid.show_comparison(shown, pieces)
        self.grid.setVisible(bool(shown.rows))
        self.words.setVisible(not shown.rows)
        self.words.setText("No row of the grid differs between the two moments.")

    def _go_to(self, line: ChangeLine) -> None:
        snapshot = self.grid.snapshot
        if snapshot is not None and line.piece.ranges and line.piece.key in snapshot.keys:
            row = snapshot.keys.index(line.piece.key)
            self.grid.focus(Cell(row, line.piece.ranges[0].first))
            give_keys(self.grid)

    def _show_nothing(self) -> None:
        self._comparison = self._whole = None
        self.grid.show_comparison(None, ())
        self.changes.show_lines([], nothing="")
        self.summary.clear()

    def _refuse(self, error: Refused) -> None:
        self._show_nothing()
        self.grid.hide()
        self.words.setText(str(error))
        self.words.show()

    def _dress(self, theme: Theme) -> None:
        self.grid.set_theme(theme)
        for button in (self.older, self.newer):
            button.setIcon(theme.icon("history"))
