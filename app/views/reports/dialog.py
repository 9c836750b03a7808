"""The window of reports: which one, of what, as of when; its page and plots; saved and copied."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextDocument, QTextOption
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.errors import Refused, Unavailable
from app.domain.progress import Progress
from app.domain.reports import svg
from app.domain.reports.document import Report
from app.services.certification import cycles
from app.services.golden import rules as golden_rules
from app.services.reports import call, era, page, shift
from app.services.reports.moment import ReportMoment, moment_of, named, time_named
from app.views.focus import give_keys, give_keys_once_shown
from app.views.looks.theme import STEP, Theme, Themes
from app.views.places import PlaceContext
from app.views.reports import printing
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.plain import ChoiceBox, Label, ListItem

if TYPE_CHECKING:
    from app.views.reports.plot_view import PlotView

SHIFT, CALL, ERA = "Shift", "Certification call", "Era"
_SIZE = (1120, 760)
_LIST_WIDTH = 260
_ALL = "All pending cycles"
_MOMENT = "A version (48213), a day (2025-08-18: its end) or a minute (2025-08-18T06:12), in UTC"
_TIME = "A day (2025-08-18: its beginning) or a minute (2025-08-18T07:00), in UTC"
_FORMS = "Page or PDF (*.html *.pdf)"
_NOTHING_YET = "Choose a report and press Make."

Made = Callable[[ReportMoment, Progress], Report]


@dataclass(frozen=True)
class Shown:
    """A report that was made, with the documents that the window shows of it."""

    report: Report
    version: int


class ReportsDialog(QDialog):
    """Makes a report in the background; what was made stays until another one is."""

    def __init__(
        self, context: PlaceContext, parent: QWidget | None = None, kind: str = SHIFT
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Reports")
        resize_to_fit(self, *_SIZE)
        self._context = context
        self._acting = context.acting
        self.shown: Shown | None = None
        self._is_cancelling = False
        self._document: QTextDocument | None = None
        self.kind = ChoiceBox()
        self.kind.setAccessibleName("Kind of report")
        self.kind.addItems([SHIFT, CALL, ERA])
        self.since = _line("From", "8 h before the end", _TIME)
        self.until = _line("Until", "8 h later, or end of the newest run", _TIME)
        self.cycle = ChoiceBox()
        self.cycle.setAccessibleName("Cycle")
        self.cycle.addItem(_ALL, None)
        self.last_call = _line("Last call", "a week before", _MOMENT)
        self.datasets = ChoiceBox()
        self.datasets.setAccessibleName("Datasets")
        self.datasets.setEditable(True)
        self.rule = ChoiceBox()
        self.rule.setAccessibleName("Rule")
        self.rule.addItem("golden")
        self.as_of = _line("As of", "now", _MOMENT)
        self.make = QPushButton("&Make")
        self.choices = QStackedWidget()
        self.work = LongWork(context.background)
        self.refusal = RefusalLine(self)
        self.text = QTextBrowser()
        self.text.setAccessibleName("Report")
        self.text.setOpenLinks(False)
        self.text.setWordWrapMode(QTextOption.WrapMode.WordWrap)
        self.list = QListWidget()
        self.list.setAccessibleName("Plots")
        self.list.setFixedWidth(_LIST_WIDTH)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setWordWrap(True)
        self.list.setSpacing(STEP // 2)
        self.view = _plot_view(context.themes)
        self.png = QPushButton("Save as P&NG...")
        self.svg = QPushButton("Save as SV&G...")
        self.csv = QPushButton("Save as CS&V...")
        self.tabs = QTabWidget()
        self.save = QPushButton("&Save as HTML or PDF...")
        self.copy = QPushButton("Cop&y text")
        self._saver = FileSaver(context.background, context.notices, self, self._refuse)
        self._lay_out()
        self._connect()
        self.kind.setCurrentText(kind)
        self.make.setDefault(True)
        give_keys_once_shown(self.kind)
        self._offer()
        self._show_nothing()
        context.background.run(self._load(), self)

    def start(self) -> None:
        """Makes the report that is chosen."""
        try:
            made, as_of = self._made(), named(self.as_of.text())
        except Refused as error:
            self._refuse(error)
            return
        self.refusal.say("")
        self._is_cancelling = False
        acting = self._acting

        async def steps(progress: Progress) -> None:
            def work() -> Shown:
                moment = moment_of(acting, as_of)
                return Shown(made(moment, progress), moment.version)

            self._show(await self._context.background.read(work))

        self.work.start("Reading", steps)

    def save_report(self) -> None:
        """Asks for a file; its name says whether it becomes a page or a PDF."""
        if self.shown is None:
            return
        report = self.shown.report

        def write(file: Path) -> None:
            pdf = file.suffix.lower() == ".pdf"
            files.write(file, printing.pdf_of(report) if pdf else page.html_of(report))

        self._saver.ask_where("Save report", f"{report.file}.html", _FORMS, write)

    def copy_text(self) -> None:
        """Puts the whole report on the clipboard as text."""
        QGuiApplication.clipboard().setText(self.text.toPlainText().replace(page.BREAK, ""))
        self._context.notices.tell("Copied the report.")

    def reject(self) -> None:
        """Stops what is under way; closes where nothing is, or the second time: while the server
        is silent nothing ends."""
        if self.work.is_running and not self._is_cancelling:
            self._is_cancelling = True
            self.work.cancel()
        else:
            super().reject()

    def _made(self) -> Made:
        """What makes the chosen report. BadInput for what can't be read."""
        acting = self._acting
        if self.kind.currentText() == SHIFT:
            since = time_named(self.since.text(), "From")
            until = time_named(self.until.text(), "Until")
            return lambda at, progress: shift.report(
                acting, at, shift.period_of(acting, at, since, until), progress
            )
        if self.kind.currentText() == CALL:
            cycle: int | None = self.cycle.currentData()
            last = named(self.last_call.text(), "Last call")

            def of_call(at: ReportMoment, progress: Progress) -> Report:
                rules = [
                    call.NamedRule(name, golden_rules.named_or_in_file(acting, name))
                    for name in call.RULES
                ]
                return call.report(acting, at, rules, cycle=cycle, since=last, progress=progress)

            return of_call
        pattern, name = self.datasets.currentText().strip(), self.rule.currentText()

        def of_era(at: ReportMoment, progress: Progress) -> Report:
            rule = golden_rules.named_or_in_file(acting, name)
            return era.report(acting, at, pattern, (name, rule), progress)

        return of_era

    async def _load(self) -> None:
        """Reads what can be chosen."""
        acting, background = self._acting, self._context.background
        found = await background.read(lambda: cycles.all_cycles(acting))
        for each in found:
            self.cycle.addItem(each.name, each.id)
        patterns = await background.read(lambda: era.patterns(acting))
        typed = self.datasets.currentText()
        self.datasets.addItems(list(patterns))
        self.datasets.setCurrentText(typed or (patterns[0] if patterns else ""))
        line = self.datasets.lineEdit()
        assert line is not None
        line.setCursorPosition(0)
        rules = await background.read(lambda: golden_rules.offered(acting))
        self.rule.addItems([each.name for each in rules if each.name != "golden"])

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        self._render(self._context.themes.theme)
        self.list.clear()
        for plot in shown.report.plots:
            self.list.addItem(ListItem(plot.title))
        self.list.setCurrentRow(0 if shown.report.plots else -1)
        self.tabs.setTabText(1, f"&Plots ({len(shown.report.plots)})")
        self._offer()
        give_keys(self.text if self.tabs.currentIndex() == 0 else self.list)

    def _render(self, theme: Theme) -> None:
        """Sets the page in the colours of the window."""
        if self.shown is None:
            self._show_nothing()
            return
        colours = {
            token: theme.colour(token).name() for token in ("text", "muted", "line", "warning")
        }
        colours["head"] = theme.colour("raised").name()
        series = [theme.colour(token).name() for token in self.view.colours]
        drawn = printing.colours_of_drawings(colours["text"], colours["line"], series)
        document = printing.document_of(self.shown.report, self.text.font(), colours, drawn)
        document.setDocumentMargin(3 * STEP)
        document.setParent(self.text)
        self.text.setDocument(document)
        before, self._document = self._document, document
        if before is not None:
            before.deleteLater()

    def _show_nothing(self) -> None:
        self.text.setPlainText(_NOTHING_YET)

    def _show_plot(self, row: int) -> None:
        plots = () if self.shown is None else self.shown.report.plots
        self.view.show_plot(plots[row] if 0 <= row < len(plots) else None)
        self._offer()

    def _export(self, ending: str, kind: str, content: Callable[[], str | bytes]) -> None:
        plot = self.view.plot
        if plot is None or self.shown is None:
            return
        written = content()
        name = f"{self.shown.report.file}-{plot.key}.{ending}"
        self._saver.ask_where("Save plot", name, kind, lambda file: files.write(file, written))

    def _save_png(self) -> None:
        self._export("png", "Picture (*.png)", self.view.as_png)

    def _save_svg(self) -> None:
        plot = self.view.plot
        if plot is not None:
            self._export("svg", "Drawing (*.svg)", lambda: svg.svg(plot))

    def _save_csv(self) -> None:
        plot = self.view.plot
        if plot is not None:
            self._export("csv", "CSV (*.csv)", lambda: plot.csv_text)

    def _refuse(self, error: Refused | Unavailable) -> None:
        self.refusal.tell(error)

    def _offer(self) -> None:
        running = self.work.is_running
        self.make.setEnabled(not running)
        for button in (self.save, self.copy):
            button.setEnabled(self.shown is not None and not running)
        for button in (self.png, self.svg, self.csv):
            button.setEnabled(self.view.plot is not None)

    def _lay_out(self) -> None:
        for parts in (
            (("&From", self.since), ("&Until", self.until)),
            (("Cycl&e", self.cycle), ("&Last call", self.last_call)),
            (("&Datasets", self.datasets), ("&Rule", self.rule)),
        ):
            self.choices.addWidget(_row(parts))
        self.choices.setSizePolicy(
            self.choices.sizePolicy().horizontalPolicy(), self.kind.sizePolicy().verticalPolicy()
        )
        top = QHBoxLayout()
        top.setSpacing(2 * STEP)
        top.addWidget(self.kind)
        top.addWidget(self.choices, 1)
        top.addWidget(_row((("&As of", self.as_of),)))
        top.addWidget(self.make)
        exports = QHBoxLayout()
        exports.setSpacing(2 * STEP)
        exports.addStretch(1)
        for button in (self.png, self.svg, self.csv):
            button.setAutoDefault(False)
            exports.addWidget(button)
        right = QVBoxLayout()
        right.addWidget(self.view, 1)
        right.addLayout(exports)
        plots = QWidget()
        beside = QHBoxLayout(plots)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(2 * STEP)
        beside.addWidget(self.list)
        beside.addLayout(right, 1)
        self.tabs.addTab(self.text, "Rep&ort")
        self.tabs.addTab(plots, "&Plots")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for button in (self.save, self.copy):
            button.setAutoDefault(False)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        layout.addLayout(top)
        layout.addWidget(self.work)
        layout.addWidget(self.refusal)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(buttons)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self.choices.setCurrentIndex)
        self.make.clicked.connect(self.start)
        self.save.clicked.connect(self.save_report)
        self.copy.clicked.connect(self.copy_text)
        self.png.clicked.connect(self._save_png)
        self.svg.clicked.connect(self._save_svg)
        self.csv.clicked.connect(self._save_csv)
        self.list.currentRowChanged.connect(self._show_plot)
        self.work.running_changed.connect(lambda _running: self._offer())
        self.work.failed.connect(self.refusal.say)
        self._context.themes.changed.connect(self._render)


def _line(name: str, hint: str, tip: str) -> QLineEdit:
    line = QLineEdit()
    line.setToolTip(tip)
    line.setPlaceholderText(hint)
    line.setAccessibleName(name)
    return line


def _row(parts: Sequence[tuple[str, QWidget]]) -> QWidget:
    """Fields beside each other, each behind its name."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(2 * STEP)
    for name, field in parts:
        label: QLabel = Label(name)
        label.setBuddy(field)
        line.addWidget(label)
        line.addWidget(field, 1)
    return row


def _plot_view(themes: Themes) -> "PlotView":
    # Imported late: the plotting library takes longer to load than all other views.
    from app.views.reports.plot_view import PlotView

    return PlotView(themes)
