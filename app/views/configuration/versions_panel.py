"""Versions of a list: who changed what when, what differs between two, one of them brought back."""

from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.versions import (
    Difference,
    ListHistory,
    Version,
    field_changes,
    words_for,
)
from app.domain.errors import Refused, Unavailable
from app.services.configuration.versions import InForce, Restoration
from app.views import words
from app.views.backend.configuration import ConfigurationParts
from app.views.background import Background
from app.views.configuration.difference_view import DifferenceView
from app.views.configuration.sections import Section
from app.views.theme import ROW_HEIGHT, STEP, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_ID = Qt.ItemDataRole.UserRole
_PARTS = [260, 320]
_SIZE = (900, 560)
_MOST_SAID = 3
_LARGEST = 2**31 - 1
_ITS_CHANGE, _SINCE, _BOTH = "What it changed", "What changed since", "Between the two"


class VersionsPanel(QWidget):
    """One version chosen: what it changed, or what changed since; two: what is between them.

    Signals: `restored(str)` with what was done.
    """

    restored = Signal(str)

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._background = background
        self._themes = themes
        self._section: Section | None = None
        self._history: ListHistory | None = None
        self._item: int | None = None
        self.of = QComboBox()
        self.of.addItems(["All of the list", "Only of the item"])
        self.of.setAccessibleName("Which versions")
        self.of.setToolTip("Versions of the whole list, or those that touched the chosen item")
        self.compare = QComboBox()
        self.compare.setAccessibleName("Compare")
        self.compare.setToolTip("What is shown of the chosen version; choose two to compare them")
        self.written = QLineEdit(placeholderText="in force at event version")
        self.written.setAccessibleName("In force at event version")
        self.written.setToolTip(
            "Number of a version of events, as the log and histories show it: the version of this"
            " list that was in force then (Enter)"
        )
        self.written.setFixedWidth(180)
        self.restore = QPushButton("Restore...")
        self.restore.setToolTip("Bring the chosen version back, as a new one, after a look at it")
        self.versions = QTreeWidget()
        self.said = Label(wordWrap=True)
        self.said.setProperty("role", "muted")
        self.difference = DifferenceView(themes)
        self._lay_out()
        self.versions.itemSelectionChanged.connect(self._chosen)
        self.of.currentIndexChanged.connect(self._list)
        self.compare.currentIndexChanged.connect(self._show)
        self.restore.clicked.connect(self._ask_to_restore)
        self.written.returnPressed.connect(self._find_event)

    def show_history(self, section: Section, history: ListHistory, item_id: int | None) -> None:
        """Shows the versions of a list; the chosen ones stay chosen."""
        self._section, self._history, self._item = section, history, item_id
        self._list()

    def show_item(self, item_id: int | None) -> None:
        """Another item is chosen."""
        self._item = item_id
        if self.of.currentIndex() == 1:
            self._list()

    @property
    def chosen(self) -> list[int]:
        """Settings ids of the chosen versions, ascending."""
        return sorted(int(each.data(0, _ID)) for each in self.versions.selectedItems())

    def choose(self, *settings_ids: int) -> None:
        """Chooses versions."""
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
        versions.setToolTip("Ctrl and click chooses two")
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
        self.said.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        inside.addWidget(self.said)
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
        now = datetime.now(UTC)
        root = history.versions
        only = self._item if self.of.currentIndex() == 1 else None
        touching = None if only is None else history.touching(only)
        self.versions.blockSignals(True)  # chosen anew below
        self.versions.clear()
        for version in reversed(root):
            if touching is not None and version.settings_id not in touching:
                continue
            line = TreeItem(
                [
                    str(version.settings_id),
                    f"{'' if version.exact else 'from '}{words.time(version.at)}",
                    version.by,
                    "; ".join(said_of(history, version)),
                ]
            )
            line.setData(0, _ID, version.settings_id)
            line.setSizeHint(0, QSize(0, ROW_HEIGHT))
            line.setToolTip(1, _when(version, now))
            line.setToolTip(3, "\n".join(said_of(history, version, 40)))
            self.versions.addTopLevelItem(line)
        self.versions.blockSignals(False)
        self.choose(*kept)
        top = self.versions.topLevelItem(0)
        if not self.chosen and top is not None:
            top.setSelected(True)
        self._chosen()

    def _chosen(self) -> None:
        chosen = self.chosen
        wanted = [_BOTH] if len(chosen) == 2 else [_ITS_CHANGE, _SINCE]
        if [self.compare.itemText(row) for row in range(self.compare.count())] != wanted:
            self.compare.blockSignals(True)
            self.compare.clear()
            self.compare.addItems(wanted)
            self.compare.blockSignals(False)
        self.compare.setEnabled(len(chosen) in (1, 2))
        newest = self._history.versions[-1].settings_id if self._history else 0
        self.restore.setEnabled(len(chosen) == 1 and chosen[0] != newest)
        self._show()

    def _show(self) -> None:
        history, chosen = self._history, self.chosen
        if history is None or len(chosen) not in (1, 2):
            self.difference.clear()
            self.said.setText("Choose a version, or two to compare them.")
            return
        if len(chosen) == 2:
            found = history.difference(chosen[0], chosen[1])
        elif self.compare.currentText() == _SINCE:
            found = history.difference(chosen[0], history.versions[-1].settings_id)
        else:
            before = [each for each in history.versions if each.settings_id < chosen[0]]
            if not before:
                self.difference.clear()
                self.said.setText(f"Version {chosen[0]} is the first; nothing is before it.")
                return
            found = history.difference(before[-1].settings_id, chosen[0])
        self.difference.show_difference(found)
        self.said.setText(_summary(found))

    def _find_event(self) -> None:
        """Chooses the version that was in force when an event was written."""
        section, text = self._section, self.written.text().strip()
        if section is None or section.kind is None:
            return
        if not text.isdecimal() or int(text) > _LARGEST:
            self.said.setText(f'"{text}" is no number of a version.')
            return
        parts, kind, version = self._parts, section.kind, int(text)
        self._background.read_then(
            lambda: parts.in_force_at(kind, version),
            lambda found: self._show_event(version, found),
            owner=self,
            refused=lambda error: self.said.setText(str(error)),
        )

    def _show_event(self, version: int, found: InForce) -> None:
        self.of.setCurrentIndex(0)
        self.choose(found.version.settings_id)
        line = next(iter(self.versions.selectedItems()), None)
        if line is not None:
            self.versions.scrollToItem(line)
        sure = "" if found.sure else ", perhaps: the web service records no times"
        self.said.setText(
            f"Version {found.version.settings_id} was in force when version {version} was"
            f" written{sure}. {self.said.text()}"
        )

    def _ask_to_restore(self) -> None:
        section, chosen = self._section, self.chosen
        if section is None or section.kind is None or len(chosen) != 1:
            return
        dialog = RestoreDialog(
            self._parts, self._background, self._themes, section, chosen[0], self.window()
        )
        dialog.restored.connect(self.restored)
        dialog.open()


class RestoreDialog(QDialog):
    """Shows what bringing a version back changes, and does it.

    Signals: `restored(str)` with what was done; the dialog closes then.
    """

    restored = Signal(str)

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        section: Section,
        settings_id: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        assert section.kind is not None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Restore version {settings_id}")
        self.resize(*_SIZE)
        self._parts = parts
        self._background = background
        self._kind = section.kind
        self._settings_id = settings_id
        self.preview: Restoration | None = None
        self.summary = Label("Looking what would change ...", wordWrap=True)
        self.summary.setProperty("role", "title")
        self.faulty = Label(wordWrap=True)
        self.faulty.setProperty("role", "warning")
        self.faulty.hide()
        self.bar = LoadingBar(themes)
        self.difference = DifferenceView(themes, ("What", "Now", "Then"))
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(
            "Restore", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.submit_button.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        for widget in (self.summary, self.faulty, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.difference, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        kind = self._kind
        self.bar.set_loading(True)
        background.read_then(
            lambda: parts.preview_restoration(kind, settings_id),
            self._show,
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            finished=lambda: self.bar.set_loading(False),
        )

    def submit(self) -> None:
        """Does it, unless it is being done already."""
        if self.preview is None or not self.submit_button.isEnabled():
            return
        self.submit_button.setEnabled(False)
        parts, kind, settings_id = self._parts, self._kind, self._settings_id
        seen, without = self.preview.difference.before, bool(self.preview.faulty)
        self._background.act_then(
            lambda: parts.restore_list(kind, settings_id, seen=seen, without_faulty=without),
            self._done,
            owner=self,
            refused=self._refused,
            unavailable=self._unavailable,
        )

    def _show(self, preview: Restoration) -> None:
        self.preview = preview
        self.difference.show_difference(preview.difference)
        self.summary.setText(_summary(preview.difference))
        if preview.faulty:
            item, reason = preview.faulty[0]
            more = len(preview.faulty) - 1
            self.faulty.setText(
                f"{words.counted(len(preview.faulty), 'rule')} of it can't be read and will be left"
                f" out: {item.title}: {reason}{f' And {more} more.' if more else ''}"
            )
            self.faulty.show()
        self.submit_button.setEnabled(not preview.difference.is_empty)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.show()

    def _refused(self, error: Refused) -> None:
        self._refuse(str(error))
        self.submit_button.setEnabled(True)

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} Nothing was written: try again.")
        self.submit_button.setEnabled(True)

    def _done(self, made: int) -> None:
        self.restored.emit(f"Version {self._settings_id} is in force again, as version {made}.")
        self.accept()


def said_of(history: ListHistory, version: Version, most: int = _MOST_SAID) -> list[str]:
    """What a version did, in words."""
    items = history.items
    said = [f"as version {version.same_as}"] if version.same_as is not None else []
    for old, new in version.edited:
        fields = field_changes(history.kind, items[old].values, items[new].values)
        said.append(f"{items[new].title}: {words_for(fields) or 'saved anew'}")
    said += [f"+ {items[each].title}" for each in version.added]
    said += [f"− {items[each].title}" for each in version.removed]
    more = len(said) - most
    return [*said[:most], f"and {more} more"] if more > 0 else said


def _when(version: Version, now: datetime) -> str:
    if version.exact:
        return words.ago(version.at, now)
    return "Then or later: the web service doesn't record when it changes the configuration."


def _summary(found: Difference) -> str:
    if found.is_empty:
        return f"Version {found.before} and version {found.after} say the same."
    parts = (
        (len(found.edited), "changed"),
        (len(found.added), "added"),
        (len(found.removed), "taken out"),
    )
    said = ", ".join(f"{number} {what}" for number, what in parts if number)
    return f"From version {found.before} to version {found.after}: {said}."
