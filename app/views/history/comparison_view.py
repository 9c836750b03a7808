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
from app.services.acting import Acting
from app.services.history import moments
from app.services.history.moments import Compared
from app.views.background import Background, Work
from app.views.changes.changes_table import ChangesTable
from app.views.changes.lines import ChangeLine
from app.views.focus import give_keys
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot, prepare
from app.views.history.compared_grid import ComparedGrid, only_rows
from app.views.history.lines import comparison_lines
from app.views.history.moment_chooser import MomentChooser
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_PARTS = [300, 180]


class ComparisonView(QWidget):
    """Compares a dataset after one version with the same after another, or now.

    Signals: `closed()` when the person closes it.
    """

    closed = Signal()

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._themes = themes
        self._dataset: tuple[int, str] | None = None
        self._moments: tuple[int, int | None] = (0, None)
        self._order: tuple[str, ...] = ()
        self._loading = Work(background, self)
        self._snapshot: LumisectionsSnapshot | None = None
        self._comparison: Compared | None = None
        self._lines: tuple[ChangeLine, ...] = ()
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
        self._apply_theme(themes.theme)

    @property
    def comparison(self) -> Compared | None:
        """The comparison that is shown."""
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
        if (run_number, dataset) != self._dataset:
            self._show_nothing()
        self._dataset, self._moments, self._order = (run_number, dataset), (old, new), tuple(order)
        self.older.setText(f"After version {old}")
        self.newer.setText("Now" if new is None else f"After version {new}")
        self._loading.start(self._load())

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Compares again where the present state is one of the moments."""
        if self._dataset is None or self._moments[1] is not None:
            return
        if not run_numbers or self._dataset[0] in run_numbers:
            self._loading.renew(self._load)

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
        self._loading.running_changed.connect(self.bar.set_loading)
        self.older.clicked.connect(lambda: self._choose(older=True))
        self.newer.clicked.connect(lambda: self._choose(older=False))
        self.only_differing.toggled.connect(self._show_rows)
        self.close_button.clicked.connect(self.closed)
        self.changes.line_entered.connect(self._go_to)
        self._themes.changed.connect(self._apply_theme)

    def _choose(self, *, older: bool) -> None:
        if self._dataset is None:
            return
        chooser = MomentChooser(
            self._acting, self._background, self._themes, *self._dataset, self.window()
        )

        def choose(version: int) -> None:
            if self._dataset is None:
                return
            old, new = self._moments
            old, new = (version, new) if older else (old, version)
            if new is not None and old > new:
                old, new = new, old
            self.compare(*self._dataset, old, new, self._order)

        chooser.chosen.connect(choose)
        chooser.open()

    async def _load(self) -> None:
        if self._dataset is None:
            return
        acting, dataset, (old, new), order = (
            self._acting,
            self._dataset,
            self._moments,
            self._order,
        )

        def load() -> tuple[Compared, LumisectionsSnapshot]:
            compared = moments.compare(acting, *dataset, old, new)
            now = compared.now
            return compared, prepare(now.state, order=order, by_hand=now.by_hand)

        try:
            compared, snapshot = await self._background.read(load)
        except Refused as error:
            self._refuse(error)
        else:
            self._show(comparison_lines(*dataset, compared), compared, snapshot)

    def _show(
        self, lines: tuple[ChangeLine, ...], compared: Compared, snapshot: LumisectionsSnapshot
    ) -> None:
        self._lines, self._comparison, self._snapshot = lines, compared, snapshot
        self.changes.show_lines(lines, length=snapshot.length, nothing="Both moments are the same.")
        cells = sum(count(line.piece.ranges) for line in lines)
        keys = {line.piece.key for line in lines if line.piece.ranges}
        attributes = sum(not line.piece.ranges for line in lines)
        parts = [f"{words.counted(cells, 'cell')} in {words.counted(len(keys), 'row')} differ"]
        if attributes:
            parts.append(words.counted(attributes, "attribute"))
        self.summary.setText(", ".join(parts) if lines else "no difference")
        self._show_rows()

    def _show_rows(self) -> None:
        if self._snapshot is None:
            return
        pieces = [line.piece for line in self._lines if line.piece.ranges]
        shown = self._snapshot
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
        self._comparison = self._snapshot = None
        self._lines = ()
        self.grid.show_comparison(None, ())
        self.changes.show_lines([], nothing="")
        self.summary.clear()

    def _refuse(self, error: Refused) -> None:
        self._show_nothing()
        self.grid.hide()
        self.words.setText(str(error))
        self.words.show()

    def _apply_theme(self, theme: Theme) -> None:
        self.grid.set_theme(theme)
        for button in (self.older, self.newer):
            button.setIcon(theme.icon("history"))
