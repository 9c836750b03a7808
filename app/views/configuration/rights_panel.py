"""Who could do what, if a permission were saved as it is written."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.rights import RightLine
from app.domain.errors import Refused
from app.services.classifying.trials import Draft
from app.views import words
from app.views.backend.configuration import ConfigurationParts
from app.views.background import Background
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_LINE = Qt.ItemDataRole.UserRole
ACTION, NOW, THEN, WHO = range(4)


class RightsPanel(QWidget):
    """Every action against the e-group that is edited, and who else may."""

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        draft: Callable[[], Draft],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._background = background
        self._themes = themes
        self._draft = draft
        self._egroup = ""
        self.lines: tuple[RightLine, ...] = ()
        self.only_changes = QCheckBox("Only what changes")
        self.only_changes.setToolTip("Leave out what stays as it is")
        self.look = QPushButton("Look")
        self.look.setToolTip("Who could do what with the routes as they are written")
        self.said = Label(wordWrap=True)
        self.said.setProperty("role", "muted")
        self.bar = LoadingBar(themes)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Rights")
        self.tree.setColumnCount(4)
        self.tree.setUniformRowHeights(True)
        self.tree.setFrameShape(self.tree.Shape.NoFrame)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(ACTION, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(WHO, QHeaderView.ResizeMode.Stretch)
        for column in (NOW, THEN):
            header.resizeSection(column, 64)
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.said, 1)
        line.addWidget(self.only_changes)
        line.addWidget(self.look)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.tree, 1)
        self.look.clicked.connect(self.run)
        self.only_changes.toggled.connect(self._hide_rest)
        themes.changed.connect(self._dress)
        self.forget()

    def run(self) -> None:
        """Reads what is written and shows what it allows."""
        try:
            draft = self._draft()
        except Refused as error:
            self.said.setText(str(error))
            return
        values = draft.values
        self._egroup = "" if values is None else str(values["egroup"])
        parts = self._parts
        self.bar.set_loading(True)
        self._background.read_then(
            lambda: parts.rights_with(draft.item_id, values),
            self._show,
            owner=self,
            refused=lambda error: self.said.setText(str(error)),
            finished=lambda: self.bar.set_loading(False),
        )

    def forget(self) -> None:
        """Another permission is looked at."""
        self.lines = ()
        self.tree.clear()
        self.tree.setHeaderLabels(["Action", "Now", "Then", "Who could"])
        self.said.setText("Look shows who could do what with the routes as they are written.")

    def outdated(self) -> None:
        """The routes were changed after they were looked at."""
        if self.lines and "since" not in self.said.text():
            self.said.setText(f"{self.said.text()} The routes were changed since: look again.")

    def _show(self, lines: tuple[RightLine, ...]) -> None:
        self.lines = lines
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for number, line in enumerate(lines):
            group = groups.get(line.right.group)
            if group is None:
                group = groups[line.right.group] = TreeItem([line.right.group])
                group.setSizeHint(0, QSize(0, ROW_HEIGHT))
                self.tree.addTopLevelItem(group)
            child = TreeItem(
                [
                    line.right.action,
                    "yes" if self._egroup in line.before else "",
                    "yes" if self._egroup in line.egroups else "",
                    ", ".join(sorted(line.egroups)) or "nobody",
                ]
            )
            child.setData(0, _LINE, number)
            child.setToolTip(ACTION, "\n".join(line.right.paths))
            child.setToolTip(WHO, "\n".join(sorted(line.egroups)) or "nobody")
            group.addChild(child)
        gained = sum(bool(line.gained) for line in lines)
        lost = sum(bool(line.lost) for line in lines)
        may = sum(self._egroup in line.egroups for line in lines)
        self.said.setText(
            f"{self._egroup} could do {words.counted(may, 'action')} of {len(lines)}:"
            f" {gained} more, {lost} no longer."
        )
        self._dress(self._themes.theme)
        self._hide_rest()

    def _hide_rest(self) -> None:
        only = self.only_changes.isChecked()
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            if group is None:
                continue
            shown = 0
            for at in range(group.childCount()):
                child = group.child(at)
                if child is None:
                    continue
                line = self.lines[int(child.data(0, _LINE))]
                hidden = only and not (line.gained or line.lost)
                child.setHidden(hidden)
                shown += not hidden
            group.setHidden(not shown)
            group.setExpanded(True)

    def _dress(self, theme: Theme) -> None:
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            if group is None:
                continue
            group.setForeground(ACTION, theme.colour("muted"))
            for at in range(group.childCount()):
                child = group.child(at)
                if child is None:
                    continue
                line = self.lines[int(child.data(0, _LINE))]
                token = "success" if line.gained else "danger" if line.lost else "text"
                for column in range(4):
                    child.setForeground(column, theme.colour(token))
