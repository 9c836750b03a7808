"""A dialog to choose a moment: one of a dataset's versions, or any version by its number."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRegularExpression,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.domain.clock import server_now
from app.domain.errors import BadInput, Refused
from app.domain.history.cells import Action
from app.domain.history.moments import parse_time
from app.services.acting import Acting
from app.services.history import moments
from app.services.history.look import MOST_VERSIONS
from app.views.background import Background, Work
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import STEP, Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, shown
from app.views.widgets.tables.plain_table import PlainTable
from app.views.widgets.tables.titled_model import TitledModel

TITLES = ("Version", "When (UTC)", "", "By", "Comment")
_WIDTHS = (80, 150, 90, 200)
_SIZE = (760, 420)

Index = QModelIndex | QPersistentModelIndex


class MomentsModel(TitledModel):
    """Versions, newest first."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._versions: tuple[Action, ...] = ()

    def show_versions(self, versions: Sequence[Action]) -> None:
        """Shows other versions."""
        self.beginResetModel()
        self._versions = tuple(versions)
        self.endResetModel()

    def version(self, row: int) -> Action:
        """The version of a row."""
        return self._versions[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._versions)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        version = self._versions[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return (
                str(version.version),
                f"{version.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                words.ago(version.at, server_now()),
                version.by,
                version.comment,
            )[index.column()]
        return None


class MomentChooser(QDialog):
    """Lists the moments of a dataset; typing finds one, or names any version by its number.

    Signals: `chosen(int)`: the version after which the moment is.
    """

    chosen = Signal(int)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        run_number: int,
        dataset: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"As of ... run {run_number}, {dataset}")
        resize_to_fit(self, *_SIZE)
        self.model = MomentsModel(self)
        self.matching = QSortFilterProxyModel(self)
        self.matching.setSourceModel(self.model)
        self.line = QLineEdit(placeholderText="Version, day such as 2025-08-18, text or person")
        self.line.setClearButtonEnabled(True)
        self.line.setAccessibleName("Moment")
        self.bar = LoadingBar(themes)
        self.table = PlainTable("Moments")
        self.table.setModel(self.matching)
        Ages.of_table(self.table)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.show_button = buttons.addButton("Show", QDialogButtonBox.ButtonRole.AcceptRole)
        self.show_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(STEP)
        for part in (self.line, self.bar):
            layout.addWidget(part)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(buttons)
        self.line.textChanged.connect(self._find)
        self.table.entered.connect(lambda _row: self.submit())
        self.table.doubleClicked.connect(lambda _index: self.submit())
        buttons.accepted.connect(self.submit)
        buttons.rejected.connect(self.reject)
        self._background = background
        self._acting = acting
        self._key = (run_number, dataset)
        self._day: datetime | None = None
        self._loading = Work(background, self)
        self._loading.running_changed.connect(self.bar.set_loading)
        self._loading.start(self._load(acting, run_number, dataset))
        give_keys(self.line)

    def submit(self) -> None:
        """Chooses the selected moment, or the number that is typed."""
        row = self.table.currentIndex()
        typed = self.line.text().strip()
        if self._day is not None and not row.isValid():
            self._loading.start(self._find_before(self._day))
            return
        if row.isValid():
            number = self.model.version(self.matching.mapToSource(row).row()).version
        elif typed.isascii() and typed.isdecimal():
            number = int(typed)
        else:
            self._say("Choose a moment, or type the number of a version.")
            return
        self.chosen.emit(number)
        self.accept()

    async def _find_before(self, at: datetime) -> None:
        """Asks for the last version before a moment that isn't among those that are listed."""
        acting, key = self._acting, self._key
        try:
            found = await self._background.read(lambda: moments.moment_before(acting, *key, at))
        except Refused as error:
            self._say(str(error))
        else:
            self.chosen.emit(found.version)
            self.accept()

    async def _load(self, acting: Acting, run_number: int, dataset: str) -> None:
        try:
            versions = await self._background.read(
                lambda: moments.moments(acting, run_number, dataset, limit=MOST_VERSIONS)
            )
        except Refused as error:
            self._say(str(error))
        else:
            self.model.show_versions(versions)
            self._find()

    def _find(self) -> None:
        """Looks for text in all columns; a number is the beginning of a version's number, and a
        day finds the last version before it ended."""
        self._say("")
        typed = self.line.text().strip()
        try:
            self._day = parse_time(typed)
        except BadInput as error:
            self._day = None
            self._say(str(error))
            return
        if self._day is not None:
            self._find_day(self._day)
            return
        is_number = typed.isascii() and typed.isdecimal()
        self.matching.setFilterKeyColumn(0 if is_number else -1)
        pattern = f"^{typed}" if is_number else QRegularExpression.escape(typed)
        self.matching.setFilterRegularExpression(
            QRegularExpression(pattern, QRegularExpression.PatternOption.CaseInsensitiveOption)
        )
        versions = [self.matching.index(row, 0).data() for row in range(self.matching.rowCount())]
        self.table.say("")
        if is_number and typed not in versions:
            self.table.setCurrentIndex(QModelIndex())
            if not versions:
                self.table.say(f"Version {typed} didn't touch this dataset. Show goes there.")
        elif versions:
            self.table.selectRow(versions.index(typed) if is_number else 0)
        else:
            self.table.say(f"No such moment among the newest {MOST_VERSIONS}.")

    def _find_day(self, at: datetime) -> None:
        self.matching.setFilterRegularExpression("")
        self.table.say("")
        rows = range(self.matching.rowCount())
        versions = [
            self.model.version(self.matching.mapToSource(self._index(row)).row()) for row in rows
        ]
        found = next((row for row, each in enumerate(versions) if each.at < at), None)
        if found is None:
            self.table.setCurrentIndex(QModelIndex())
            self._say("None of these is so old. Show looks among older ones.")
        else:
            self.table.selectRow(found)
            self.table.scrollTo(self._index(found))

    def _index(self, row: int) -> QModelIndex:
        return self.matching.index(row, 0)

    def _say(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.matching.rowCount():
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            row = self.table.currentIndex().row() + step
            self.table.selectRow(min(max(row, 0), self.matching.rowCount() - 1))
            return
        super().keyPressEvent(event)
