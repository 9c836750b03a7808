"""The versions of a list: authors, changes, and the difference between any two."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.configuration.in_force import Kind
from app.domain.configuration.versions import ListHistory, changes_of
from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.configuration import versions as services
from app.services.configuration.versions import InForce
from app.views.background import Background, Work
from app.views.configuration.sections import Section
from app.views.configuration.versions.difference_view import DifferenceView
from app.views.configuration.versions.restore_dialog import RestoreDialog, refusal_to_restore
from app.views.configuration.versions.version_texts import summary_of, time_of
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Themes
from app.views.rights import Rights, offer
from app.views.widgets.plain import ChoiceBox, Label, TreeItem

_ID = Qt.ItemDataRole.UserRole
_PARTS = [260, 320]
_MOST_CHANGES, _MOST_IN_TIP = 3, 40
_LARGEST = 2**31 - 1
_ITS_CHANGE, _SINCE, _BOTH = "Its changes", "Changes since", "Between the two"


class VersionsPanel(QWidget):
    """Shows the changes of the selected version, or since then; of two, their difference.

    Signals: `restored(str, int)` with the outcome.
    """

    restored = Signal(str, int)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        rights: Rights,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rights = rights
        self._acting = acting
        self._background = background
        self._themes = themes
        self._section: Section | None = None
        self._history: ListHistory | None = None
        self._item: int | None = None
        self._searching = Work(background, self)
        self.of = ChoiceBox()
        self.of.addItems(["Whole list", "Selected item"])
        self.of.setAccessibleName("Which versions")
        self.of.setToolTip("Versions of the whole list, or those that changed the selected item")
        self.compare = ChoiceBox()
        self.compare.setAccessibleName("Compare")
        self.compare.setToolTip("What to show of the selected version; select two to compare them")
        self.written = QLineEdit(placeholderText="in force at event version")
        self.written.setAccessibleName("In force at event version")
        self.written.setToolTip(
            "Number of a version of events, as in the log: selects the version of this list that"
            " was in force then (Enter)"
        )
        self.written.setFixedWidth(180)
        self.restore = QPushButton("Restore...")
        self.restore.setToolTip("Restore the selected version as a new one, after a preview")
        self.versions = QTreeWidget()
        self.summary = Label(wordWrap=True)
        self.summary.setProperty("role", "muted")
        self.difference = DifferenceView(themes)
        self._lay_out()
        self.versions.itemSelectionChanged.connect(self._chosen)
        self.of.currentIndexChanged.connect(self._list)
        self.compare.currentIndexChanged.connect(self._show)
        self.restore.clicked.connect(self._ask_to_restore)
        self._rights.changed.connect(self._offer)
        self.written.returnPressed.connect(self._find_event)

    def show_history(self, section: Section, history: ListHistory, item_id: int | None) -> None:
        """Shows the versions of a list; the selection is kept."""
        self._section, self._history, self._item = section, history, item_id
        self._list()

    def show_item(self, item_id: int | None) -> None:
        """Shows the versions of another item, if they are limited to one."""
        self._item = item_id
        if self.of.currentIndex() == 1:
            self._list()

    @property
    def chosen(self) -> list[int]:
        """Settings ids of the selected versions, ascending."""
        return sorted(int(line.data(0, _ID)) for line in self.versions.selectedItems())

    def choose(self, *settings_ids: int) -> None:
        """Selects versions."""
        self.versions.clearSelection()
        for row in range(self.versions.topLevelItemCount()):
            line = self.versions.topLevelItem(row)
            if line is not None and line.data(0, _ID) in settings_ids:
                line.setSelected(True)

    def _lay_out(self) -> None:
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.of)
        line.addWidget(self.compare)
        line.addStretch(1)
        line.addWidget(self.written)
        line.addWidget(self.restore)
        versions = self.versions
        versions.setAccessibleName("Versions")
        versions.setToolTip("Hold Ctrl to select two")
        versions.setColumnCount(4)
        versions.setHeaderLabels(["Version", "When", "By", "What"])
        versions.setRootIsDecorated(False)
        versions.setUniformRowHeights(True)
        versions.setFrameShape(versions.Shape.NoFrame)
        versions.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = versions.header()
        header.setStretchLastSection(False)
        for column, width in ((0, 64), (1, 200), (2, 190)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        below = QWidget()
        inside = QVBoxLayout(below)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        self.summary.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        inside.addWidget(self.summary)
        inside.addWidget(self.difference, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(versions)
        splitter.addWidget(below)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(splitter, 1)

    def _list(self) -> None:
        history, section = self._history, self._section
        if history is None or section is None:
            return
        kept = self.chosen
        root = history.versions
        only = self._item if self.of.currentIndex() == 1 else None
        touching = None if only is None else history.touching(only)
        self.versions.blockSignals(True)  # selected again below
        self.versions.clear()
        for version in reversed(root):
            if touching is not None and version.settings_id not in touching:
                continue
            line = TreeItem(
                [
                    str(version.settings_id),
                    f"{'' if version.exact else 'from '}{words.time(version.at)}",
                    version.by,
                    "; ".join(changes_of(history, version, _MOST_CHANGES)),
                ]
            )
            line.setData(0, _ID, version.settings_id)
            line.setSizeHint(0, QSize(0, ROW_HEIGHT))
            line.setToolTip(3, "\n".join(changes_of(history, version, _MOST_IN_TIP)))
            self.versions.addTopLevelItem(line)
        self.versions.blockSignals(False)
        self._say_ages()
        self.choose(*kept)
        top = self.versions.topLevelItem(0)
        if not self.chosen and top is not None:
            top.setSelected(True)
        self._chosen()

    def _say_ages(self) -> None:
        if self._history is None:
            return
        now, known = server_now(), {each.settings_id: each for each in self._history.versions}
        for row in range(self.versions.topLevelItemCount()):
            line = self.versions.topLevelItem(row)
            if line is not None:
                line.setToolTip(1, time_of(known[line.data(0, _ID)], now))

    def _chosen(self) -> None:
        chosen = self.chosen
        choices = [_BOTH] if len(chosen) == 2 else [_ITS_CHANGE, _SINCE]
        if [self.compare.itemText(row) for row in range(self.compare.count())] != choices:
            self.compare.blockSignals(True)
            self.compare.clear()
            self.compare.addItems(choices)
            self.compare.blockSignals(False)
        self.compare.setEnabled(len(chosen) in (1, 2))
        self._offer()
        self._show()

    def _offer(self) -> None:
        chosen = self.chosen
        newest = self._history.versions[-1].settings_id if self._history else 0
        offer(self.restore, self._why_not(), possible=len(chosen) == 1 and chosen[0] != newest)

    def _why_not(self) -> str:
        """Why the person may not restore."""
        kind = None if self._section is None else self._section.kind
        refusal = refusal_to_restore(self._rights, self._acting, kind)
        return "" if refusal is None else str(refusal)

    def _show(self) -> None:
        history, chosen = self._history, self.chosen
        if history is None or len(chosen) not in (1, 2):
            self.difference.clear()
            self.summary.setText("Select a version, or two to compare them.")
            return
        if len(chosen) == 2:
            difference = history.difference(chosen[0], chosen[1])
        elif self.compare.currentText() == _SINCE:
            difference = history.difference(chosen[0], history.versions[-1].settings_id)
        else:
            before = [version for version in history.versions if version.settings_id < chosen[0]]
            if not before:
                self.difference.clear()
                self.summary.setText(
                    f"Version {chosen[0]} is the first: there is none to compare it with."
                )
                return
            difference = history.difference(before[-1].settings_id, chosen[0])
        self.difference.show_difference(difference)
        self.summary.setText(summary_of(difference))

    def _find_event(self) -> None:
        """Selects the version that was in force when an event was written."""
        section, text = self._section, self.written.text().strip()
        if section is None or section.kind is None:
            return
        if not text.isdecimal() or int(text) > _LARGEST:
            self.summary.setText(f'"{text}" is not a number of a version.')
            return
        self._searching.start(self._find(section.kind, int(text)))

    async def _find(self, kind: Kind, version: int) -> None:
        acting = self._acting
        try:
            in_force = await self._background.read(
                lambda: services.in_force_at(acting, kind, version)
            )
        except Refused as error:
            self.summary.setText(str(error))
        else:
            self._show_event(version, in_force)

    def _show_event(self, version: int, in_force: InForce) -> None:
        self.of.setCurrentIndex(0)
        self.choose(in_force.version.settings_id)
        line = next(iter(self.versions.selectedItems()), None)
        if line is not None:
            self.versions.scrollToItem(line)
        sure = "" if in_force.sure else " (probably: the web service records no times)"
        self.summary.setText(
            f"Version {in_force.version.settings_id} was in force when version {version} was"
            f" written{sure}. {self.summary.text()}"
        )

    def take_back(self, item_id: int) -> None:
        """Previews the list as it was before the newest change that brought or took an item."""
        if self._section is not None and self._section.kind is not None:
            self._background.run(self._take_back(self._section.kind, item_id), self)

    async def _take_back(self, kind: Kind, item_id: int) -> None:
        acting = self._acting
        history = await self._background.read(lambda: services.versions(acting, kind))
        self.ask_to_restore(history.before_change_of(item_id))

    def _ask_to_restore(self) -> None:
        if len(self.chosen) == 1:
            self.ask_to_restore(self.chosen[0])

    def ask_to_restore(self, settings_id: int) -> None:
        """Opens the dialog that restores a version."""
        section = self._section
        if section is None or section.kind is None:
            return
        dialog = RestoreDialog(
            self._acting,
            self._background,
            self._themes,
            self._rights,
            section,
            settings_id,
            self.window(),
        )
        dialog.restored.connect(self.restored)
        dialog.open()
