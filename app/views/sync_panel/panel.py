"""The sync panel: what the puller does, and the runs it could not pull."""

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.pull import FailedRun, PullState, PullStatus
from app.views import words
from app.views.backend import Pull
from app.views.background import Background
from app.views.notices import Notices
from app.views.runs.details import DetailsTable
from app.views.theme import STEP

TITLES = ("Run", "Since", "Reason")

_MEANINGS = {
    PullState.OFF: "off: this client doesn't pull",
    PullState.STANDBY: "standing by: another client pulls",
    PullState.WAITING: "this client pulls; waiting for the next time",
    PullState.PULLING: "this client is pulling",
    PullState.BACKING_OFF: "OMS asked for patience",
    PullState.UNAVAILABLE: "OMS can't be reached",
}

Index = QModelIndex | QPersistentModelIndex


class FailedRunsModel(QAbstractTableModel):
    """Runs that could not be pulled."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._failed: tuple[FailedRun, ...] = ()

    def show_failed(self, failed: tuple[FailedRun, ...]) -> None:
        """Shows others."""
        if failed != self._failed:
            self.beginResetModel()
            self._failed = failed
            self.endResetModel()

    def run_number(self, row: int) -> int:
        """Run of a row."""
        return self._failed[row].run_number

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._failed)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        failed = self._failed[index.row()]
        since = words.time(failed.at) if failed.at else ""
        return (str(failed.run_number), since, failed.reason)[index.column()]

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return None


class SyncPanel(QWidget):
    """Shows the status it is given, and asks for pulls."""

    def __init__(
        self,
        pull: Pull,
        background: Background,
        notices: Notices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._pull = pull
        self._background = background
        self._notices = notices
        self.values = {
            name: QLabel(wordWrap=True)
            for name in ("State", "Doing", "Puller", "Last success", "Next try", "Since start")
        }
        form = QFormLayout()
        form.setHorizontalSpacing(3 * STEP)
        for name, value in self.values.items():
            form.addRow(name, value)
        self.failed_words = QLabel("Every run could be pulled.")
        self.failed_words.setProperty("role", "muted")
        self.failed = FailedRunsModel(self)
        self.table = DetailsTable("Runs that could not be pulled")
        self.table.setModel(self.failed)
        self.table.setColumnWidth(0, 72)
        self.table.setColumnWidth(1, 160)
        self.pull_now = QPushButton("Pull now")
        self.try_now = QPushButton("Try run again")
        self.try_now.setEnabled(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.pull_now)
        buttons.addWidget(self.try_now)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 2 * STEP)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.failed_words)
        layout.addWidget(self.table, 1)
        self.pull_now.clicked.connect(lambda: self.ask(None))
        self.try_now.clicked.connect(self._try_chosen)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.hide()

    def ask(self, run_number: int | None) -> None:
        """Asks for a pull at once."""
        pull = self._pull
        self._background.act(lambda: pull.pull_now(run_number), self._notices.tell, owner=self)

    def show_status(self, status: PullStatus, now: datetime | None = None) -> None:
        """Shows what the puller does now."""
        at = now or datetime.now(UTC)
        self._set("State", _MEANINGS[status.state])
        self._set("Doing", status.activity or "nothing")
        self._set("Puller", status.puller or "unknown")
        self._set("Last success", _with_ago(status.last_success, at, "never"))
        self._set("Next try", _with_ago(status.next_try, at, "when asked"))
        self._set(
            "Since start",
            f"{words.counted(status.pulls, 'pull')}: {words.counted(status.created, 'run')} made,"
            f" {status.updated} updated, {status.unchanged} unchanged, {status.flagged} flagged",
        )
        self.failed.show_failed(status.failed)
        self.table.setVisible(bool(status.failed))
        self.failed_words.setText(
            f"{words.counted(len(status.failed), 'run')} could not be pulled; tried again at every"
            " pull."
            if status.failed
            else "Every run could be pulled."
        )
        self.pull_now.setEnabled(status.state not in (PullState.OFF, PullState.PULLING))

    def _set(self, name: str, text: str) -> None:
        if self.values[name].text() != text:
            self.values[name].setText(text)

    def _selected(self) -> None:
        self.try_now.setEnabled(self.table.selectionModel().hasSelection())

    def _try_chosen(self) -> None:
        for row in self.table.selectionModel().selectedRows():
            self.ask(self.failed.run_number(row.row()))


def summary(status: PullStatus, now: datetime) -> str:
    """The puller in a few words, for the status bar."""
    match status.state:
        case PullState.OFF:
            return "puller: off"
        case PullState.UNAVAILABLE | PullState.BACKING_OFF:
            waiting = f", next try {words.ago(status.next_try, now)}" if status.next_try else ""
            return f"puller: {_MEANINGS[status.state]}{waiting}"
    who = "another client" if status.state is PullState.STANDBY else "this client"
    last = words.ago(status.last_success, now) if status.last_success else "no pull yet"
    failed = f", {len(status.failed)} failed" if status.failed else ""
    return f"puller: {who}, {last}{failed}"


def _with_ago(at: datetime | None, now: datetime, never: str) -> str:
    return f"{words.time(at)}, {words.ago(at, now)}" if at else never
