"""What an edit of many datasets would change: totals, line by line, and cell by cell."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.services.editing.bulk import Preview
from app.services.editing.report import OUTCOMES, Report
from app.views.bulk.lines_model import (
    CELLS,
    DATASET,
    LINE,
    OUTCOME,
    RANGES,
    RUN,
    TO,
    WHAT,
    WHY,
    LinesModel,
    text_of,
)
from app.views.changes.changes_table import ChangesTable
from app.views.changes.lines import ChangeLine, Piece, place
from app.views.changes.value_words import golden_text
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.chips import Chips
from app.views.widgets.plain import Label
from app.views.widgets.tables.plain_table import PlainTable

_WIDEST = {
    LINE: 80,
    OUTCOME: 110,
    RUN: 80,
    DATASET: 280,
    WHAT: 160,
    RANGES: 150,
    TO: 240,
    CELLS: 90,
}
_MEASURED = 300
_BESIDE = 6 * STEP


class ReportView(QWidget):
    """Shows a report, or a text where there is none."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.totals = Label(wordWrap=True)
        self.totals.setProperty("role", "title")
        self.golden = Label(wordWrap=True)
        self.golden.setTextFormat(Qt.TextFormat.PlainText)
        self.chips = Chips()
        self.chips.hide()
        self.lines = LinesModel(themes.theme, self)
        self.table = PlainTable("Lines")
        self.table.setModel(self.lines)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        # The reason stands beside the outcome, as wide as it is: the rest is scrolled to.
        header.moveSection(WHY, OUTCOME + 1)
        self.changes = ChangesTable(themes, "Cells that change")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        by_line = QWidget()
        column = QVBoxLayout(by_line)
        column.setContentsMargins(0, STEP, 0, 0)
        column.setSpacing(STEP)
        column.addWidget(self.chips)
        column.addWidget(self.table, 1)
        self.tabs.addTab(by_line, "Line by line")
        self.tabs.addTab(self.changes, "Cells that change")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        for part in (self.totals, self.golden):
            layout.addWidget(part)
        layout.addWidget(self.tabs, 1)
        self.chips.chosen.connect(self.lines.show_outcome)
        themes.changed.connect(self._apply_theme)

    def show_text(self, text: str) -> None:
        """Shows a text instead of a report."""
        self.totals.clear()
        self.golden.clear()
        self.chips.hide()
        self.lines.show_lines((), None)
        self.changes.show_lines((), nothing=text)
        self.table.say(text)

    def show_report(self, report: Report) -> None:
        """Shows what would be written."""
        preview = report.preview
        effect = preview.golden if preview is not None else None
        self.totals.setText(totals_words(report))
        self.golden.setText(golden_text(effect, " on these datasets") if effect else "")
        self.golden.setVisible(effect is not None)
        counts = dict.fromkeys(OUTCOMES, 0)
        for line in report.lines:
            counts[line.outcome] += 1
        self.chips.show_groups(list(counts.items()))
        self.lines.show_lines(report.lines, self.chips.group)
        self.table.say("")
        metrics = self.table.fontMetrics()
        header = self.table.horizontalHeader()
        for column, widest in _WIDEST.items():
            texts = {text_of(line, column) for line in report.lines[:_MEASURED]}
            texts.add(str(self.lines.headerData(column, Qt.Orientation.Horizontal)))
            room = max(map(metrics.horizontalAdvance, texts)) + _BESIDE
            header.resizeSection(column, min(room, widest))
        reasons = {text_of(line, WHY) for line in report.refused}
        room = max(map(metrics.horizontalAdvance, reasons), default=0) + _BESIDE
        header.resizeSection(WHY, room)
        self.table.setColumnHidden(WHY, not report.refused)
        self.changes.show_lines(_changes(preview), nothing="No cell changes.")

    def _apply_theme(self, theme: Theme) -> None:
        self.lines.set_theme(theme)
        self.table.viewport().update()


def totals_words(report: Report) -> str:
    """How much changes, in a line."""
    preview = report.preview
    if preview is None or not preview.cells:
        return "No cell changes."
    text = (
        f"{words.counted(preview.cells, 'cell')} in"
        f" {words.counted(len(preview.datasets), 'dataset')}:"
        f" {words.number(preview.lumisections)} LS, {words.luminosity(preview.recorded)} pb⁻¹"
        f" recorded of {words.luminosity(preview.delivered)} delivered"
    )
    if report.refused:
        text += f"; {words.counted(len(report.refused), 'line')} refused"
    return text


def _changes(preview: Preview | None) -> list[ChangeLine]:
    return [
        ChangeLine(
            place(change.run_number, change.dataset),
            Piece(change.key, change.ranges, change.before, change.after, oms=change.oms),
        )
        for change in (preview.changes if preview is not None else ())
    ]
