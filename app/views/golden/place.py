"""The place of the golden JSONs: the list and the result."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.views.backend import Golden, GoldenEntry, GoldenList, GoldenResult
from app.views.background import Background, Job
from app.views.golden.list_model import GoldenModel
from app.views.golden.result_view import GoldenResultView
from app.views.loading_bar import LoadingBar
from app.views.notices import Notices
from app.views.runs.details import DetailsTable
from app.views.theme import STEP, Themes

_PART = 50


class GoldenPlace(QWidget):
    """List at the left, result at the right.

    Signals: `generate_wanted()`.
    """

    generate_wanted = Signal()

    def __init__(
        self,
        golden: Golden,
        background: Background,
        notices: Notices,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._golden = golden
        self._background = background
        self._which = GoldenList.ALL
        self._job: Job[Sequence[GoldenEntry]] | None = None
        self._row_job: Job[GoldenResult] | None = None
        self._to_show: int | None = None
        self._may_have_more = False
        self.model = GoldenModel(self)
        self.table = DetailsTable("Golden JSONs")
        self.table.setModel(self.model)
        for column, width in enumerate((52, 240, 64, 56, 72, 72, 160, 124, 80)):
            self.table.setColumnWidth(column, width)
        self.result = GoldenResultView(background, notices)
        self.bar = LoadingBar(themes)
        self.words = QLabel("No golden JSON here yet: Generate makes one.", wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.hide()
        self.lists = QButtonGroup(self)
        self._lay_out()
        self.lists.idClicked.connect(lambda number: self.show_list(list(GoldenList)[number]))
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)

    def show_list(self, which: GoldenList) -> None:
        """Shows another list."""
        self._which = which
        self.lists.button(list(GoldenList).index(which)).setChecked(True)
        self.model.show_entries(())
        self.refresh()

    def refresh(self) -> None:
        """Shows the present state of the newest part of the list."""
        self._load(None)

    def show_row(self, id_: int) -> None:
        """Shows a result, also when the list doesn't hold it yet."""
        self._to_show = id_
        self._load_row(id_)
        self.refresh()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        for number, which in enumerate(GoldenList):
            button = QToolButton()
            button.setText(which.value.capitalize())
            button.setCheckable(True)
            button.setChecked(which is self._which)
            self.lists.addButton(button, number)
            line.addWidget(button)
        line.addStretch(1)
        generate = QPushButton("Generate...")
        generate.clicked.connect(self.generate_wanted)
        line.addWidget(generate)
        left = QWidget()
        left.setObjectName("pane")
        inside = QVBoxLayout(left)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for widget in (top, self.bar, self.table, self.words):
            inside.addWidget(widget, 1 if widget in (self.table, self.words) else 0)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self.result)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _load(self, before: int | None) -> None:
        if self._job is not None:
            self._job.cancel()
        which, golden = self._which, self._golden
        self.bar.set_loading(True)
        self._job = self._background.read(
            lambda: golden.golden_list(which, before),
            lambda entries: self._show(entries, before),
            owner=self,
            finished=self._finish,
        )

    def _finish(self) -> None:
        self._job = None
        self.bar.set_loading(False)

    def _show(self, entries: Sequence[GoldenEntry], before: int | None) -> None:
        known = self.model.entries
        if before is not None:
            self._may_have_more = len(entries) >= _PART
            self.model.show_entries((*known, *entries))
        else:
            last = entries[-1].id if entries else 0
            older = tuple(each for each in known if each.id < last) if entries else ()
            if not older:
                self._may_have_more = len(entries) >= _PART
            self.model.show_entries((*entries, *older))
        empty = not self.model.entries
        self.words.setVisible(empty)
        self.table.setVisible(not empty)
        self._select_wanted()

    def _select_wanted(self) -> None:
        for row, entry in enumerate(self.model.entries):
            if entry.id == self._to_show:
                self._to_show = None
                self.table.selectRow(row)
                return

    def _scrolled(self, value: int) -> None:
        at_end = value == self.table.verticalScrollBar().maximum()
        if at_end and self._may_have_more and self._job is None and self.model.entries:
            self._load(self.model.entries[-1].id)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self._load_row(self.model.entries[current.row()].id)

    def _load_row(self, id_: int) -> None:
        if self._row_job is not None:
            self._row_job.cancel()
        golden = self._golden
        self._row_job = self._background.read(
            lambda: golden.golden_row(id_), self.result.show_result, owner=self
        )
