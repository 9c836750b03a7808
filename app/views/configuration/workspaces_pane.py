"""Workspaces and their columns: added, retired, brought back."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration, Workspace
from app.domain.errors import Refused, Unavailable
from app.views import words
from app.views.backend.configuration import ConfigurationParts
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.theme import ROW_HEIGHT, STEP, Theme
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_ABOUT = (
    "A retired column or workspace is no longer shown, classified or edited, here and in the web"
    " service. What was said of it stays in every run and can be searched; it can be brought back."
)
_CHOSEN = Qt.ItemDataRole.UserRole
_NAME, _STATE = range(2)
_MOST_WIDTH = 760


class WorkspacesPane(QWidget):
    """A tree of workspaces, retired ones below.

    Signals: `told(str)` with what was done.
    """

    told = Signal(str)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._parts: ConfigurationParts = context.backend
        self._background = context.background
        self._themes = context.themes
        self._busy = False
        self.configuration: Configuration | None = None
        self.bar = LoadingBar(context.themes)
        self.tree = QTreeWidget()
        self.where = QComboBox()
        self.where.addItems(["online", "offline"])
        self.where.setAccessibleName("Of online or offline")
        self.name = QLineEdit(placeholderText="workspace, or workspace-column")
        self.name.setAccessibleName("Name")
        self.name.setToolTip("gem makes a workspace, gem-gem a column of it (Enter: add)")
        self.add = QPushButton("Add")
        self.retire = QPushButton("Retire...")
        self.bring_back = QPushButton("Bring back")
        self.bring_back.setToolTip("Put what is retired into use again")
        self.retire.setToolTip("Take what is chosen out of use; nothing said of it is lost")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self._lay_out()
        self.add.clicked.connect(self._add)
        self.name.returnPressed.connect(self._add)
        self.retire.clicked.connect(self._ask_to_retire)
        self.bring_back.clicked.connect(self._bring_back)
        self.tree.itemSelectionChanged.connect(self._offer)
        context.themes.changed.connect(self._dress)
        self._offer()

    def refresh(self) -> None:
        """Reads the workspaces again."""
        self.bar.set_loading(True)
        self._background.read_then(
            self._parts.configuration,
            self._show,
            owner=self,
            finished=lambda: self.bar.set_loading(False),
        )

    def choose(self, name: str, *, online: bool, retired: bool = False) -> None:
        """Chooses a workspace or column."""
        for line in self._lines():
            if line.data(0, _CHOSEN) == (name, online, retired):
                self.tree.setCurrentItem(line)

    def _lines(self) -> list[QTreeWidgetItem]:
        found: list[QTreeWidgetItem] = []
        waiting = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        while waiting:
            line = waiting.pop()
            if line is not None:
                found.append(line)
                waiting += [line.child(row) for row in range(line.childCount())]
        return found

    def _show(self, configuration: Configuration) -> None:
        self.configuration = configuration
        chosen = self._chosen()
        self.tree.clear()
        for text, online, retired, known in (
            ("Online", True, False, configuration.workspaces),
            ("Offline", False, False, configuration.workspaces),
            ("Retired, online", True, True, configuration.retired),
            ("Retired, offline", False, True, configuration.retired),
        ):
            here = [each for each in known if each.online is online]
            if here or not retired:
                self.tree.addTopLevelItem(self._group(text, here, retired=retired))
        self.tree.expandAll()
        if chosen is not None:
            self.choose(chosen[0], online=chosen[1], retired=chosen[2])
        self._dress(self._themes.theme)
        self._offer()

    def _group(self, text: str, known: list[Workspace], *, retired: bool) -> QTreeWidgetItem:
        group = TreeItem([text, words.counted(len(known), "workspace")])
        group.setSizeHint(_NAME, QSize(0, ROW_HEIGHT))
        for workspace in known:
            line = TreeItem([workspace.name, words.counted(len(workspace.columns), "column")])
            line.setData(0, _CHOSEN, (workspace.name, workspace.online, retired))
            for column in workspace.columns:
                child = TreeItem([column])
                child.setData(0, _CHOSEN, (column, workspace.online, retired))
                line.addChild(child)
            group.addChild(line)
        return group

    def _chosen(self) -> tuple[str, bool, bool] | None:
        """Name, whether online, whether retired."""
        current = self.tree.currentItem()
        chosen = None if current is None else current.data(0, _CHOSEN)
        return chosen if isinstance(chosen, tuple) else None

    def _offer(self) -> None:
        chosen = self._chosen()
        self.retire.setEnabled(chosen is not None and not chosen[2] and not self._busy)
        self.bring_back.setEnabled(chosen is not None and chosen[2] and not self._busy)
        self.add.setEnabled(not self._busy)

    def _add(self) -> None:
        name = self.name.text().strip()
        online = self.where.currentText() == "online"
        if name:
            self._put(name, online, f"Added {name} in {self.where.currentText()}.")

    def _bring_back(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen[2]:
            where = "online" if chosen[1] else "offline"
            self._put(chosen[0], chosen[1], f"{chosen[0]} is in use in {where} again.")

    def _put(self, name: str, online: bool, text: str) -> None:
        parts = self._parts
        if "-" in name:
            self._act(lambda: parts.add_column(name, online=online), text)
        else:
            self._act(lambda: parts.add_workspace(name, online=online), text)

    def _ask_to_retire(self) -> None:
        chosen = self._chosen()
        if chosen is None or chosen[2]:
            return
        name, online, _ = chosen
        where = "online" if online else "offline"
        parts, is_column = self._parts, "-" in name

        def retire() -> None:
            if is_column:
                parts.retire_column(name, online=online)
            else:
                parts.retire_workspace(name, online=online)

        ask(
            self.window(),
            f"Retire {name}?",
            f"{'The column' if is_column else 'The workspace with its columns'} {name} of {where}"
            " is no longer shown, classified or edited, here and in the web service. What was said"
            " stays, and it can be brought back.",
            "Retire",
            lambda: self._act(retire, f"Retired {name} in {where}."),
        )

    def _act(self, work: Callable[[], None], text: str) -> None:
        self.refusal.hide()
        self._busy = True
        self._offer()
        self._background.act_then(
            work,
            lambda _none: self._done(text),
            owner=self,
            refused=self._refuse,
            unavailable=self._unavailable,
            finished=self._finished,
        )

    def _done(self, text: str) -> None:
        self.name.clear()
        self.told.emit(text)
        self.refresh()

    def _refuse(self, error: Refused) -> None:
        self.refusal.setText(str(error))
        self.refusal.show()

    def _unavailable(self, error: Unavailable) -> None:
        self.refusal.setText(f"{error} Nothing was written: try again.")
        self.refusal.show()

    def _finished(self) -> None:
        self._busy = False
        self._offer()

    def _lay_out(self) -> None:
        about = Label(_ABOUT, wordWrap=True)
        about.setProperty("role", "muted")
        tree = self.tree
        tree.setAccessibleName("Workspaces and columns")
        tree.setColumnCount(2)
        tree.setHeaderLabels(["Workspace, column", ""])
        tree.setUniformRowHeights(True)
        tree.setFrameShape(tree.Shape.NoFrame)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(_STATE, 140)
        line = QHBoxLayout()
        line.setSpacing(2 * STEP)
        for widget in (self.where, self.name, self.add):
            line.addWidget(widget, 1 if widget is self.name else 0)
        line.addSpacing(4 * STEP)
        line.addWidget(self.retire)
        line.addWidget(self.bring_back)
        column = QWidget()
        column.setMaximumWidth(_MOST_WIDTH)
        inside = QVBoxLayout(column)
        inside.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        inside.setSpacing(2 * STEP)
        inside.addWidget(about)
        inside.addLayout(line)
        inside.addWidget(self.refusal)
        inside.addWidget(self.bar)
        inside.addWidget(tree, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column, 1)
        layout.addStretch(0)

    def _dress(self, theme: Theme) -> None:
        for line in self._lines():
            chosen = line.data(0, _CHOSEN)
            retired = isinstance(chosen, tuple) and chosen[2]
            line.setForeground(_NAME, theme.colour("muted" if retired else "text"))
            line.setForeground(_STATE, theme.colour("muted"))
