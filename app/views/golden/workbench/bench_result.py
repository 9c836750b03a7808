"""The result of the workbench: figures, and which conditions cost most."""

from functools import partial

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.golden.preview import Figures, Preview
from app.views.golden.workbench.cost_table import COST_ROLE, CostTable
from app.views.looks import words
from app.views.looks.theme import STEP, Themes, set_property, tabular
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_DIM_AFTER_MS = 250
_COLUMNS = ("In the list", "Lost", "All")
_ROWS = ("Runs", "Lumisections", "Recorded pb⁻¹", "Delivered pb⁻¹")
_WARNINGS = 3
_NOTHING_YET = "Choose datasets and write a rule: what it selects is shown here at once."


class BenchResult(QWidget):
    """Keeps the old figures, dimmed, until the new ones are known.

    Signals: `condition_wanted(str)` with the JSON text of a condition to go to.
    """

    condition_wanted = Signal(str)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.preview: Preview | None = None
        self.bar = LoadingBar(themes)
        self.state = Label(wordWrap=True)
        self.state.setProperty("role", "muted")
        self.empty = Label(_NOTHING_YET, wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.cells = {(row, column): Label() for row in _ROWS for column in _COLUMNS}
        self.share = Label()
        self.missing = Label(wordWrap=True)
        self.missing.setProperty("role", "warning")
        self.warning = Label(wordWrap=True)
        self.warning.setProperty("role", "warning")
        self.table = CostTable(themes)
        self._body = QWidget()
        self._dim = QTimer(self, singleShot=True, interval=_DIM_AFTER_MS)
        self._lay_out()
        self._dim.timeout.connect(partial(self._body.setEnabled, False))
        self.table.activated.connect(self._ask_for)

    def show_preview(self, preview: Preview) -> None:
        """Shows other figures."""
        self.preview = preview
        self._dim.stop()
        self._body.setEnabled(True)
        self.empty.hide()
        self._body.show()
        for column, figures in zip(
            _COLUMNS, (preview.inside, preview.lost, preview.total), strict=True
        ):
            self._show_figures(column, figures)
        whole = preview.total.luminosity.recorded
        part = preview.inside.luminosity.recorded
        known = preview.total.measured and whole > 0
        self.share.setText(
            f"{100 * part / whole:.2f} % of the recorded luminosity" if known else ""
        )
        self.missing.setText(_missing(preview))
        self.missing.setVisible(bool(self.missing.text()))
        self.warning.setText("\n".join(map(str, preview.warnings[:_WARNINGS])))
        self.warning.setToolTip("\n".join(map(str, preview.warnings)))
        self.warning.setVisible(bool(preview.warnings))
        self.table.costs.show_preview(preview)

    def set_stale(self) -> None:
        """Marks the shown result as stale; it is dimmed unless a new one comes soon."""
        if self._body.isEnabled() and not self._dim.isActive():
            self._dim.start()

    def say(self, text: str, role: str = "muted") -> None:
        """Shows what the figures belong to, or why there are none."""
        self.state.setText(text)
        set_property(self.state, "role", role)

    @property
    def is_dimmed(self) -> bool:
        """Whether the shown result is stale."""
        return not self._body.isEnabled()

    def _show_figures(self, column: str, figures: Figures) -> None:
        known = figures.measured or not figures.lumisections
        luminosity = figures.luminosity
        for row, text, tip in (
            ("Runs", words.number(figures.runs), ""),
            ("Lumisections", words.number(figures.lumisections), ""),
            ("Recorded pb⁻¹", words.luminosity(luminosity.recorded), repr(luminosity.recorded)),
            ("Delivered pb⁻¹", words.luminosity(luminosity.delivered), repr(luminosity.delivered)),
        ):
            cell = self.cells[row, column]
            if tip and not known:
                cell.setText("?")
                cell.setToolTip("None of these lumisections has a luminosity")
            else:
                cell.setText(text)
                cell.setToolTip(f"{tip} pb⁻¹" if tip else "")

    def _ask_for(self, index: QModelIndex) -> None:
        cost = index.data(COST_ROLE)
        if cost is not None:
            self.condition_wanted.emit(cost.condition)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * STEP)
        grid.setVerticalSpacing(2)
        right = Qt.AlignmentFlag.AlignRight
        for at, column in enumerate(_COLUMNS, 1):
            title = Label(column)
            title.setProperty("role", "muted")
            grid.addWidget(title, 0, at, right)
        for number, row in enumerate(_ROWS, 1):
            title = Label(row)
            title.setProperty("role", "muted")
            grid.addWidget(title, number, 0)
            for at, column in enumerate(_COLUMNS, 1):
                cell = self.cells[row, column]
                cell.setAccessibleName(f"{row}, {column.lower()}")
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                cell.setFont(_figure_font(cell.font()))
                grid.addWidget(cell, number, at, right)
        grid.addWidget(self.share, len(_ROWS) + 1, 0, 1, len(_COLUMNS) + 1)
        grid.setColumnStretch(0, 1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2 * STEP)
        figures = QVBoxLayout()
        figures.setContentsMargins(2 * STEP, 0, 2 * STEP, 0)
        figures.addLayout(grid)
        figures.addWidget(self.missing)
        figures.addWidget(self.warning)
        body.addLayout(figures)
        body.addWidget(self.table, 1)
        top = QVBoxLayout()
        top.setContentsMargins(2 * STEP, STEP, 2 * STEP, 0)
        top.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.bar)
        layout.addLayout(top)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.empty, 1)
        self._body.hide()
        self.missing.hide()
        self.warning.hide()


def _figure_font(font: QFont) -> QFont:
    larger = tabular(font)
    larger.setPointSizeF(font.pointSizeF() * 1.15)
    return larger


def _missing(preview: Preview) -> str:
    """How many lumisections have no luminosity, which is not the same as a luminosity of 0."""
    parts = [
        f"{words.number(figures.unmeasured)} {where}"
        for figures, where in ((preview.inside, "in the list"), (preview.lost, "lost"))
        if figures.unmeasured
    ]
    if not parts:
        return ""
    return f"Lumisections without luminosity, which the sums leave out: {', '.join(parts)}."
