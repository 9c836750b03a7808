"""Workspaces and their columns: adding, retiring and restoring."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
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
from app.domain.configuration.permissions import workspaces_path
from app.services.configuration import in_force, workspaces
from app.views.background import Work
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import ChoiceBox, Label, TreeItem

_ABOUT = (
    "A retired column or workspace is no longer shown, classified or edited, here and in the web"
    " service. Its values are kept in every run and can be searched; it can be restored."
)
_CHOSEN = Qt.ItemDataRole.UserRole
_NAME, _STATE = range(2)
_MOST_WIDTH = 760


class WorkspacesPane(QWidget):
    """A tree of workspaces, retired ones below.

    Signals: `saved(str)` with the outcome.
    """

    saved = Signal(str)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._acting = context.acting
        self._background = context.background
        self._themes = context.themes
        self._rights = context.rights
        self._reading = Work(context.background, self)
        self._writing = Work(context.background, self)
        self.configuration: Configuration | None = None
        self.bar = LoadingBar(context.themes)
        self.tree = QTreeWidget()
        self.where = ChoiceBox()
        self.where.addItems(["online", "offline"])
        self.where.setAccessibleName("Online or offline")
        self.name = QLineEdit(placeholderText="workspace, or workspace-column")
        self.name.setAccessibleName("Name")
        self.name.setToolTip("gem adds a workspace, gem-gem a column of it (Enter: add)")
        self.add = QPushButton("Add")
        self.retire = QPushButton("Retire...")
        self.restore = QPushButton("Restore")
        self.restore.setToolTip("Use the retired workspace or column again")
        self.retire.setToolTip("Retire the selected workspace or column; its values are kept")
        self.refusal = RefusalLine()
        self._lay_out()
        self._reading.running_changed.connect(self.bar.set_loading)
        self._writing.running_changed.connect(lambda _running: self._offer())
        self.add.clicked.connect(self._add)
        self.name.returnPressed.connect(self._add)
        self.retire.clicked.connect(self._ask_to_retire)
        self.restore.clicked.connect(self._restore)
        self.tree.itemSelectionChanged.connect(self._offer)
        self.where.currentIndexChanged.connect(lambda _row: self._offer())
        self._rights.changed.connect(self._offer)
        context.themes.changed.connect(self._apply_theme)
        self._offer()

    def refresh(self) -> None:
        """Reads the workspaces again."""
        self._reading.renew(self._read)

    async def _read(self) -> None:
        acting = self._acting
        self._show(await self._background.read(lambda: in_force.current(acting)))

    def choose(self, name: str, *, online: bool, retired: bool = False) -> None:
        """Selects a workspace or column."""
        for line in self._lines():
            if line.data(0, _CHOSEN) == (name, online, retired):
                self.tree.setCurrentItem(line)

    def _lines(self) -> list[QTreeWidgetItem]:
        lines: list[QTreeWidgetItem] = []
        waiting = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        while waiting:
            line = waiting.pop()
            if line is not None:
                lines.append(line)
                waiting += [line.child(row) for row in range(line.childCount())]
        return lines

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
            here = [workspace for workspace in known if workspace.online is online]
            if here or not retired:
                self.tree.addTopLevelItem(self._group(text, here, retired=retired))
        self.tree.expandAll()
        if chosen is not None:
            self.choose(chosen[0], online=chosen[1], retired=chosen[2])
        self._apply_theme(self._themes.theme)
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
        chosen, free = self._chosen(), not self._writing.is_running
        why_not = self._why_not(online=chosen is not None and chosen[1])
        offer(self.retire, why_not, possible=free and chosen is not None and not chosen[2])
        offer(self.restore, why_not, possible=free and chosen is not None and chosen[2])
        why_not = self._why_not(online=self.where.currentText() == "online")
        offer(self.add, why_not, possible=free)

    def _why_not(self, *, online: bool) -> str:
        """Why the person may not change the workspaces of a side."""
        return self._rights.why_not((workspaces_path(online=online),))

    def _add(self) -> None:
        name = self.name.text().strip()
        if not self.add.isEnabled():
            return
        online = self.where.currentText() == "online"
        if name:
            self._put(name, online, f"Added {name} in {self.where.currentText()}.")

    def _restore(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen[2]:
            where = "online" if chosen[1] else "offline"
            self._put(chosen[0], chosen[1], f"Restored {chosen[0]} in {where}.")

    def _put(self, name: str, online: bool, text: str) -> None:
        acting = self._acting
        add = workspaces.add_column if "-" in name else workspaces.add_workspace
        self._write(lambda: add(acting, name, online=online), text)

    def _ask_to_retire(self) -> None:
        chosen = self._chosen()
        if chosen is None or chosen[2]:
            return
        name, online, _ = chosen
        where = "online" if online else "offline"
        acting, is_column = self._acting, "-" in name
        retire = workspaces.retire_column if is_column else workspaces.retire_workspace
        ask(
            self.window(),
            f"Retire {name}?",
            f"{'The column' if is_column else 'The workspace with its columns'} {name} of {where}"
            " will no longer be shown, classified or edited, here and in the web service. Its"
            " values are kept, and it can be restored.",
            "Retire",
            lambda: self._write(
                lambda: retire(acting, name, online=online), f"Retired {name} in {where}."
            ),
        )

    def _write(self, work: Callable[[], None], text: str) -> None:
        if not self._writing.is_running:
            self.refusal.hide()
            self._writing.start(
                self._background.attempt(
                    work,
                    lambda _done: self._wrote(text),
                    self.refusal.tell,
                )
            )

    def _wrote(self, text: str) -> None:
        self.name.clear()
        self.saved.emit(text)
        self.refresh()

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
        line.addWidget(self.restore)
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

    def _apply_theme(self, theme: Theme) -> None:
        for line in self._lines():
            chosen = line.data(0, _CHOSEN)
            retired = isinstance(chosen, tuple) and chosen[2]
            line.setForeground(_NAME, theme.colour("muted" if retired else "text"))
            line.setForeground(_STATE, theme.colour("muted"))
