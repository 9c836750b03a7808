"""Who could do what with an unsaved permission."""

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
from app.domain.json_value import JsonObject
from app.services.acting import Acting
from app.services.classifying.trials import Draft
from app.services.configuration.rights import rights_with
from app.views.background import Background, Work
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_LINE = Qt.ItemDataRole.UserRole
ACTION, NOW, THEN, WHO = range(4)


class RightsPanel(QWidget):
    """Lists all actions, whether the edited e-group may do them, and who else may."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        draft: Callable[[], Draft],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._themes = themes
        self._draft = draft
        self._reading = Work(background, self)
        self._egroup = ""
        self.lines: tuple[RightLine, ...] = ()
        self.only_changes = QCheckBox("Only changes")
        self.only_changes.setToolTip("Hide actions that stay as they are")
        self.check = QPushButton("Check")
        self.check.setToolTip("Show who could do what with the routes in the form")
        self.summary = Label(wordWrap=True)
        self.summary.setProperty("role", "muted")
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
        line.addWidget(self.summary, 1)
        line.addWidget(self.only_changes)
        line.addWidget(self.check)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.tree, 1)
        self._reading.running_changed.connect(self.bar.set_loading)
        self.check.clicked.connect(self.run)
        self.only_changes.toggled.connect(self._hide_rest)
        themes.changed.connect(self._apply_theme)
        self.forget()

    def run(self) -> None:
        """Shows what the routes in the form would allow."""
        try:
            draft = self._draft()
        except Refused as error:
            self.summary.setText(str(error))
            return
        values = draft.values
        self._egroup = "" if values is None else str(values["egroup"])
        self._reading.start(self._read(draft.item_id, values))

    async def _read(self, item_id: int | None, values: JsonObject | None) -> None:
        acting = self._acting
        try:
            self._show(await self._background.read(lambda: rights_with(acting, item_id, values)))
        except Refused as error:
            self.summary.setText(str(error))

    def forget(self) -> None:
        """Clears the panel for another permission."""
        self._reading.drop()
        self.lines = ()
        self.tree.clear()
        self.tree.setHeaderLabels(["Action", "Now", "Then", "E-groups"])
        self.summary.setText("Check shows who could do what with the routes in the form.")

    def outdated(self) -> None:
        """Marks the shown result as outdated."""
        if self.lines and "since" not in self.summary.text():
            self.summary.setText(
                f"{self.summary.text()} The routes were changed since: check again."
            )

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
        self.summary.setText(
            f"{self._egroup} could do {words.counted(may, 'action')} of {len(lines)}:"
            f" {gained} gained, {lost} lost."
        )
        self._apply_theme(self._themes.theme)
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

    def _apply_theme(self, theme: Theme) -> None:
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
