"""Tab of a stored list: luminosity lost by cause, sub-system and DCS bit, down to the runs."""

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QMenu,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.errors import Refused
from app.domain.json_logic import condition_words
from app.domain.lumisections import count, format_ranges
from app.golden.document import Document, NamedDocument
from app.golden.list_luminosity import ListLuminosity
from app.golden.losses import Bar, Chart, Step
from app.services.golden import lists as golden_lists
from app.services.golden import losses as golden_losses
from app.services.golden.losses import ListLosses
from app.views.background import Work
from app.views.focus import give_keys
from app.views.golden.panel import GoldenPanel
from app.views.golden.runs_table import RunRow, RunsTable
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, ListItem

if TYPE_CHECKING:
    from app.views.golden.explaining.bar_chart import BarChart

WAY = "way"
"""Key of the chart that shows how luminosity gets into the list."""

_CONDITIONS = ("conditions", "conditions-exclusive")
_TITLES = ("Run", "Dataset", "LS", "pb⁻¹", "Lumisections")
_NOTHING = 1e-6
"""pb^-1 by which sums may differ although nothing was lost."""
_PARTS = [460, 200]
_CHARTS_WIDTH = 236


class LossesPanel(GoldenPanel):
    """Shows one chart at a time, and the runs of the chosen bar below it."""

    tab = "Losses"
    tab_tip = "Luminosity lost, by cause, sub-system and DCS bit"

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._themes = context.themes
        self._id: int | None = None
        self._losses: ListLosses | None = None
        self._bars: tuple[Bar, ...] = ()
        self._work = Work(context.background, self)
        self._summing = Work(context.background, self)
        self.chart: BarChart | None = None
        self.saver = FileSaver(context.background, context.notices, self)
        self.bar = LoadingBar(context.themes)
        self.total = Label(wordWrap=True)
        self.total.setProperty("role", "title")
        self.charts = QListWidget()
        self.charts.setAccessibleName("Charts")
        self.charts.setFixedWidth(_CHARTS_WIDTH)
        self.charts.setFrameShape(QFrame.Shape.NoFrame)
        self.note = Label(wordWrap=True)
        self.note.setProperty("role", "muted")
        self.save = QPushButton("Save as")
        menu = QMenu(self.save)
        for kind in ("PNG", "SVG", "CSV"):
            menu.addAction(f"{kind}...").triggered.connect(partial(self.ask_where, kind))
        menu.addAction("All charts as CSV...").triggered.connect(partial(self.ask_where, ""))
        self.save.setMenu(menu)
        self.runs = RunsTable("Runs of the bar")
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._scroll = QScrollArea()
        self._body = QWidget()
        self._lay_out()
        self._work.running_changed.connect(self.bar.set_loading)
        self.charts.currentRowChanged.connect(self._show_chart)
        self.runs.run_wanted.connect(self.run_wanted)
        self._say("Choose a list to see what it lost.")

    def show_golden(self, id_: int | None) -> None:
        self._id = id_
        self._work.drop()
        if id_ is None:
            self._say("Choose a list to see what it lost.")
        else:
            self._work.start(self._read(id_))

    async def _read(self, id_: int) -> None:
        try:
            losses = await self._background.read(
                lambda: golden_losses.losses_of_list(self._acting, id_)
            )
        except Refused as error:
            self._say(str(error))
        else:
            self._show(losses)

    def ask_where(self, kind: str, _checked: bool = False) -> QFileDialog | None:
        """Asks for the file that the chart is saved as: PNG, SVG, CSV, or CSV of all charts."""
        losses, chart = self._losses, self.chart
        if losses is None or chart is None:
            return None
        key = self._key()
        stem = f"golden_json_{self._id}_losses_{key.replace('-', '_')}"
        content: str | bytes
        if kind == "PNG":
            content = chart.as_png()
        elif kind == "SVG":
            content = chart.as_svg()
        elif not kind:
            stem, content = f"golden_json_{self._id}_losses", golden_losses.csv_of(losses.losses)
        elif key == WAY:
            content = golden_losses.csv_of_steps(losses.steps)
        else:
            content = golden_losses.csv_of(losses.losses, key)
        ending = (kind or "CSV").lower()
        return self.saver.ask_where(
            f"Save as {kind or 'CSV'}",
            f"{stem}.{ending}",
            f"{kind or 'CSV'} (*.{ending})",
            lambda file: files.write(file, content),
        )

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, STEP)
        top.addWidget(self.total, 1)
        top.addWidget(self.save, 0, Qt.AlignmentFlag.AlignTop)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        right = QWidget()
        inside = QVBoxLayout(right)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self._scroll, 1)
        inside.addWidget(self.note)
        self.note.setContentsMargins(3 * STEP, STEP, 3 * STEP, STEP)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(right)
        splitter.addWidget(self.runs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 1)
        splitter.setChildrenCollapsible(False)
        parts = QHBoxLayout()
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(0)
        parts.addWidget(self.charts)
        parts.addWidget(splitter, 1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(top)
        body.addLayout(parts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.empty, 1)

    def _make_chart(self) -> "BarChart":
        if self.chart is None:
            # The plotting library takes as long to import as all the rest of the window.
            from app.views.golden.explaining.bar_chart import BarChart

            self.chart = BarChart(self._themes)
            self.chart.bar_chosen.connect(self._show_runs)
            self.chart.bar_opened.connect(lambda _number: give_keys(self.runs))
            self._scroll.setWidget(self.chart)
        return self.chart

    def _say(self, why_nothing: str) -> None:
        if why_nothing:
            self._losses = None
        self.empty.setText(why_nothing)
        self.empty.setVisible(bool(why_nothing))
        self._body.setVisible(not why_nothing)

    def _show(self, losses: ListLosses) -> None:
        self._losses = losses
        everything = losses.losses.total
        recorded = losses.steps[2].luminosity if losses.steps else 0.0
        share = f", {words.percent(everything.recorded / recorded)}" if recorded > 0 else ""
        in_ls = f"in {words.number(everything.lumisections)} LS"
        if recorded > 0:
            self.total.setText(
                f"{words.luminosity(everything.recorded)} of {words.luminosity(recorded)}"
                f" pb⁻¹ lost{share}, {in_ls}"
            )
        else:
            self.total.setText(
                f"Lost {in_ls}. Their luminosity is not stored, so the charts show LS."
            )
        key = self._key()
        self.charts.blockSignals(True)  # shown once, below
        self.charts.clear()
        self._add_chart(WAY, "Way into the list", "From the LHC into the list, step by step")
        for chart in losses.losses.charts:
            if chart.bars:
                tip = "Bars overlap" if chart.inclusive else "Nothing is counted twice"
                self._add_chart(chart.key, chart.title, tip)
        rows = {
            self.charts.item(n).data(Qt.ItemDataRole.UserRole): n
            for n in range(self.charts.count())
        }
        self.charts.setCurrentRow(rows.get(key, min(1, self.charts.count() - 1)))
        self.charts.blockSignals(False)
        self._say("")
        self._show_chart()

    def _add_chart(self, key: str, title: str, tip: str) -> None:
        item = ListItem(title)
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setToolTip(tip)
        self.charts.addItem(item)

    def _key(self) -> str:
        item = self.charts.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _chart_shown(self) -> Chart | None:
        key = self._key()
        if self._losses is None or key in ("", WAY):
            return None
        return self._losses.losses.chart(key)

    def _show_chart(self, _row: int = 0) -> None:
        from app.views.golden.explaining.bar_chart import ChartBar

        if self._losses is None:
            return
        plot, chart = self._make_chart(), self._chart_shown()
        self._summing.drop()
        self.runs.show_rows(_TITLES, (), wide=_TITLES[-1:])
        if chart is None:
            steps = self._losses.steps
            most = max((step.luminosity for step in steps), default=0.0)
            plot.show_bars(
                "Way into the list",
                [ChartBar(step.name, max(step.luminosity, 0.0), _step_tip(step)) for step in steps],
                most,
            )
            self.note.setText(
                "; ".join(
                    f"{words.luminosity(step.lost)} pb⁻¹ lost by {step.reason}"
                    for step in steps
                    if step.reason and step.lost > _NOTHING
                )
            )
            return
        known = self._losses.losses.total.recorded > 0
        bars = chart.bars if known else sorted(chart.bars, key=lambda bar: -bar.lumisections)
        plot.show_bars(
            chart.title,
            [
                ChartBar(
                    _name(chart, bar),
                    bar.recorded if known else bar.lumisections,
                    _tip(_name(chart, bar), bar, chart.total),
                )
                for bar in bars
            ],
            chart.total.recorded if known else chart.total.lumisections,
            "pb⁻¹" if known else "LS",
        )
        self._bars = tuple(bars)
        overlap = "bars overlap" if chart.inclusive else "nothing is counted twice"
        luminosity = f"{words.luminosity(chart.total.recorded)} pb⁻¹ in " if known else ""
        self.note.setText(
            f"{luminosity}{words.number(chart.total.lumisections)} LS together; {overlap}."
            " Choose a bar to see its runs."
        )
        plot.choose(0)

    def _show_runs(self, number: int) -> None:
        chart, losses = self._chart_shown(), self._losses
        if chart is None or losses is None:
            return
        bar = self._bars[number]
        where = losses.losses.where(bar)
        self._fill_runs(where, {})
        self._summing.start(self._sum_runs(where, losses.losses.runs(bar)))

    async def _sum_runs(self, where: NamedDocument, document: Document) -> None:
        sums = await self._background.read(
            lambda: golden_lists.luminosity_of(self._acting, document)
        )
        self._fill_runs(where, sums)

    def _fill_runs(
        self,
        where: NamedDocument,
        sums: Mapping[int, ListLuminosity],
    ) -> None:
        rows = []
        for key, ranges in where.items():
            run_number, _, dataset = key.partition("-")
            of = sums.get(int(run_number))
            lost = of.recorded if of is not None and of.known else None
            cells = (int(run_number), dataset, count(ranges), lost, format_ranges(ranges))
            rows.append(RunRow(int(run_number), dataset, cells))
        rows.sort(key=lambda row: -float(row.cells[3] or 0.0))
        self.runs.show_rows(_TITLES, rows, wide=_TITLES[-1:])


def _name(chart: Chart, bar: Bar) -> str:
    """Conditions as formulas, whatever else is grouped by its name."""
    if chart.key in _CONDITIONS and bar.name[:1] in '{["':
        return condition_words(json.loads(bar.name))
    return bar.name


def _tip(name: str, bar: Bar, total: Bar) -> str:
    share = f", {words.percent(bar.recorded / total.recorded)}" if total.recorded else ""
    return f"{name}\n{bar.recorded!r} pb⁻¹{share}\n{words.number(bar.lumisections)} LS"


def _step_tip(step: Step) -> str:
    lost = f"\n{step.lost!r} pb⁻¹ lost: {step.reason}" if step.reason else ""
    return f"{step.name}\n{step.luminosity!r} pb⁻¹{lost}"
