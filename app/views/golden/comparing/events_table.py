"""A table of the events that moved lumisections into a list or out of it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTreeWidgetItem, QVBoxLayout, QWidget

from app.domain.lumisections import count, format_ranges
from app.services.golden.checks.reproduce import Responsible
from app.views.golden.runs_table import RunRow, RunsTable
from app.views.looks import words
from app.views.widgets.plain import Label

_TITLES = ("Run", "Dataset", "What", "By", "Comment", "When", "Gained LS", "Lost LS")

_WIDTHS = {"Run": 64, "Dataset": 150, "By": 140, "When": 160, "Gained LS": 100, "Lost LS": 100}


class EventsTable(QWidget):
    """Shows who changed what and when, or why there is nothing to show.

    Signals: `run_wanted(run_number, dataset)`.
    """

    run_wanted = Signal(int, str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = RunsTable(name)
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words, 1)
        self.table.run_wanted.connect(self.run_wanted)

    def show_changes(self, responsible: Sequence[Responsible], otherwise: str) -> None:
        """Shows events, or the sentence when there is none."""
        self.table.show_rows(
            _TITLES,
            [_row(change) for change in responsible],
            wide=("What", "Comment"),
            widths=_WIDTHS,
        )
        self.table.setVisible(bool(responsible))
        self.words.setText(otherwise)
        self.words.setVisible(not responsible)

    def lines(self) -> list[list[str]]:
        """The shown texts, line by line."""
        items = [self.table.topLevelItem(row) for row in range(self.table.topLevelItemCount())]
        return [_texts(item) for item in items if item is not None]


def what_changed(each: Responsible) -> str:
    """The value that changed, from what to what."""
    name = each.name.rsplit(".", maxsplit=1)[-1]
    if each.before is None and each.after is None:
        return name
    return f"{name}: {words.value(each.before)} → {words.value(each.after)}"


def _row(each: Responsible) -> RunRow:
    action = each.action
    return RunRow(
        each.run_number,
        each.dataset,
        (
            each.run_number,
            each.dataset,
            what_changed(each),
            "" if action is None else action.by,
            "" if action is None else action.comment,
            "" if action is None else words.time(action.at),
            _ranges(each.gained),
            _ranges(each.lost),
        ),
    )


def _ranges(ranges: Sequence[tuple[int, int]]) -> str:
    if not ranges:
        return ""
    return f"{words.number(count(ranges))}: {format_ranges(ranges)}"


def _texts(item: QTreeWidgetItem) -> list[str]:
    return [item.text(column) for column in range(item.columnCount())]
