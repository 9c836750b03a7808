"""The results of classifiers, and the tree of the selected one."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.items import TRIED
from app.services.classifying.why import Verdict, Why
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes, set_property
from app.views.rules.verdict_tree import VerdictTree
from app.views.widgets.plain import Label, TreeItem

_PARTS = [250, 520]
_NUMBER = Qt.ItemDataRole.UserRole


class WhyView(QWidget):
    """Shows one answer; at first the classifier in the form is selected, if it is tried, else
    the one that decides."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.why: Why | None = None
        self.summary = Label(wordWrap=True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        self.verdicts = QTreeWidget()
        self.verdicts.setAccessibleName("Classifiers")
        self.verdicts.setToolTip("In order of evaluation; the one that decides is bold")
        self.verdicts.setColumnCount(3)
        self.verdicts.setHeaderLabels(["Gives", "Priority", "Answer"])
        self.verdicts.setRootIsDecorated(False)
        self.verdicts.setUniformRowHeights(True)
        self.verdicts.setFrameShape(self.verdicts.Shape.NoFrame)
        header = self.verdicts.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 58), (2, 64)):
            header.resizeSection(column, width)
        self.problem = Label(wordWrap=True)
        self.problem.setProperty("role", "refusal")
        self.problem.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        self.tree = VerdictTree(themes)
        right = QWidget()
        inside = QVBoxLayout(right)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.problem)
        inside.addWidget(self.tree, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.verdicts)
        splitter.addWidget(right)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        line = QHBoxLayout()
        line.addWidget(self.summary, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(splitter, 1)
        self.verdicts.currentItemChanged.connect(self._chosen)
        themes.changed.connect(self._apply_theme)
        self.show_why(None)

    def show_why(self, why: Why | None, text: str = "") -> None:
        """Shows an answer, or a text instead."""
        self.why = why
        self.summary.setText(text if why is None else why.text)
        set_property(self.summary, "role", "muted" if why is None else "title")
        self.verdicts.clear()
        chosen = 0
        is_trial = why is not None and any(verdict.id == TRIED for verdict in why.verdicts)
        for number, verdict in enumerate(why.verdicts if why else ()):
            line = TreeItem(_cells(verdict))
            line.setData(0, _NUMBER, number)
            line.setSizeHint(0, QSize(0, ROW_HEIGHT))
            line.setToolTip(0, f"Classifier {_name(verdict)}")
            for column in (1, 2):
                line.setTextAlignment(
                    column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
            if verdict.id == TRIED or (verdict.decides and not is_trial):
                chosen = number
            if verdict.decides:
                font = line.font(0)
                font.setBold(True)
                for column in range(3):
                    line.setFont(column, font)
            self.verdicts.addTopLevelItem(line)
        self._apply_theme(self._themes.theme)
        current = self.verdicts.topLevelItem(chosen)
        if current is None:
            self.problem.hide()
            self.tree.show_tree(None)
        else:
            self.verdicts.setCurrentItem(current)

    def choose(self, gives: str) -> None:
        """Selects the first classifier that gives a value, e.g. an expected class."""
        for number, verdict in enumerate(self.why.verdicts if self.why else ()):
            line = self.verdicts.topLevelItem(number)
            if verdict.gives == gives and line is not None:
                self.verdicts.setCurrentItem(line)
                return

    def _chosen(self, current: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if self.why is None or current is None:
            return
        verdict = self.why.verdicts[int(current.data(0, _NUMBER))]
        self.problem.setText(verdict.problem)
        self.problem.setVisible(bool(verdict.problem))
        self.tree.show_tree(verdict.tree, self.why.words)

    def _apply_theme(self, theme: Theme) -> None:
        for number, verdict in enumerate(self.why.verdicts if self.why else ()):
            line = self.verdicts.topLevelItem(number)
            if line is None:
                continue
            token = "text" if verdict.enabled else "muted"
            if verdict.decides:
                token = "success"
            for column in range(3):
                line.setForeground(column, theme.colour(token))


def _cells(verdict: Verdict) -> list[str]:
    priority = "" if verdict.priority is None else str(verdict.priority)
    answer = "true" if verdict.holds else "false"
    if verdict.problem:
        answer = "fails"
    return [
        f"{verdict.gives or 'no class'}{'' if verdict.enabled else ' (off)'}",
        priority,
        answer,
    ]


def _name(verdict: Verdict) -> str:
    return "in the form" if verdict.id == TRIED else str(verdict.id)
