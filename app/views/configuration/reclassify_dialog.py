"""Open runs brought in line with the classifiers, after a look at what would change."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.lumisections import format_ranges, parse_ranges
from app.services.classifying.reclassify import Reclassified, RunPlan
from app.services.classifying.trials import MOST
from app.views import words
from app.views.backend.configuration import ConfigurationParts
from app.views.background import Background
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.long_work import Asked, LongWork, Report
from app.views.widgets.plain import Label, TreeItem

_SIZE = (920, 620)
_RUN = Qt.ItemDataRole.UserRole
_HIDDEN = Qt.ItemDataRole.UserRole + 1


class ReclassifyDialog(QDialog):
    """Lists what changes run by run, the runs that are ticked are reclassified.

    Signals: `done_(str)` with what was done; the dialog closes then. `run_wanted(run_number,
    dataset)`.
    """

    done_ = Signal(str)
    run_wanted = Signal(int, str)

    def __init__(
        self,
        parts: ConfigurationParts,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Reclassify open runs")
        self.resize(*_SIZE)
        self._parts = parts
        self._background = background
        self._themes = themes
        self.plans: tuple[RunPlan, ...] = ()
        about = Label(
            "Each run gets one automatic action in your name. What people said stays, and hides"
            " the new value where it is marked.",
            wordWrap=True,
        )
        about.setProperty("role", "muted")
        self.runs = QLineEdit(placeholderText="the newest open runs")
        self.runs.setAccessibleName("Runs")
        self.runs.setToolTip("Run numbers and ranges, e.g. 355100-355110; empty: the newest")
        self.look = QPushButton("Look")
        self.look.setToolTip("What would change in these runs (Enter)")
        self.look.setAutoDefault(False)
        self.summary = Label(wordWrap=True)
        self.summary.setProperty("role", "title")
        self.tree = QTreeWidget()
        self.work = LongWork(background)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(
            "Reclassify", QDialogButtonBox.ButtonRole.AcceptRole
        )
        line = QHBoxLayout()
        line.addWidget(Label("Runs"))
        line.addWidget(self.runs, 1)
        line.addWidget(self.look)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        layout.addWidget(about)
        layout.addLayout(line)
        layout.addWidget(self.summary)
        layout.addWidget(self.tree, 1)
        for widget in (self.work, self.refusal, self.buttons):
            layout.addWidget(widget)
        self._make_tree()
        self.look.clicked.connect(self.preview)
        self.runs.returnPressed.connect(self.preview)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self.work.failed.connect(self._refuse)
        self.work.running_changed.connect(self._offer)
        self.tree.itemChanged.connect(self._offer)
        self.tree.itemActivated.connect(self._open)
        themes.changed.connect(self._dress)
        self.preview()

    def preview(self) -> None:
        """Looks what would change."""
        if self.work.is_running:
            return
        self._refuse("")
        try:
            chosen = self._typed()
        except Refused as error:
            self._refuse(str(error))
            return
        self.tree.clear()
        self.plans = ()
        self.summary.setText("Looking what would change ...")
        parts = self._parts

        def look(report: Report, asked: Asked) -> tuple[RunPlan, ...] | None:
            return parts.preview_reclassification(chosen or parts.open_runs(), report, asked)

        self.work.run("Looking", look, self._show, "Cancelled: nothing was written.")

    def submit(self) -> None:
        """Reclassifies the runs that are ticked."""
        chosen = self.chosen
        if self.work.is_running or not chosen:
            return
        self._refuse("")
        parts = self._parts

        def apply(report: Report, asked: Asked) -> Reclassified | None:
            return parts.reclassify(chosen, report, asked)

        self.work.run(
            "Reclassifying", apply, self._done, "Cancelled: the runs before stay reclassified."
        )

    @property
    def chosen(self) -> tuple[int, ...]:
        """The runs that are ticked."""
        return tuple(
            int(line.data(0, _RUN))
            for line in self._lines()
            if line.checkState(0) == Qt.CheckState.Checked
        )

    def reject(self) -> None:
        """Stops what is under way; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _typed(self) -> Sequence[int]:
        text = self.runs.text().strip()
        if not text:
            return ()
        ranges = parse_ranges(text)
        if sum(last - first + 1 for first, last in ranges) > MOST:
            raise Refused(f"These are more than {MOST} runs.")
        return tuple(each for first, last in ranges for each in range(first, last + 1))

    def _lines(self) -> list[QTreeWidgetItem]:
        found = (self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount()))
        return [line for line in found if line is not None]

    def _show(self, plans: tuple[RunPlan, ...]) -> None:
        self.plans = plans
        changing = [plan for plan in plans if plan.changes]
        refused = [plan for plan in plans if plan.refused]
        self.tree.blockSignals(True)  # ticked by nobody
        for plan in changing:
            self.tree.addTopLevelItem(self._line(plan))
        for plan in refused:
            line = TreeItem([str(plan.run_number), plan.refused])
            line.setData(0, _RUN, plan.run_number)
            line.setData(0, _HIDDEN, True)
            self.tree.addTopLevelItem(line)
        self.tree.blockSignals(False)
        for each in self._lines():
            each.setExpanded(len(changing) <= 10)
        self._dress(self._themes.theme)
        hidden = sum(plan.hidden for plan in changing)
        text = f"{words.counted(len(plans), 'run')} looked at, "
        text += f"{words.number(len(changing))} would change" if changing else "nothing changes"
        if hidden:
            text += f"; {words.counted(hidden, 'value')} hidden by a person's word"
        self.summary.setText(f"{text}.")
        self._offer()

    def _line(self, plan: RunPlan) -> QTreeWidgetItem:
        cells = sum(each.lumisections.last - each.lumisections.first + 1 for each in plan.statuses)
        what = [each.name for each in plan.attributes]
        if cells:
            what.append(words.counted(cells, "cell"))
        line = TreeItem([str(plan.run_number), ", ".join(what)])
        line.setData(0, _RUN, plan.run_number)
        line.setSizeHint(0, QSize(0, ROW_HEIGHT))
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, Qt.CheckState.Checked)
        for attribute in plan.attributes:
            child = TreeItem(
                ["", attribute.name, words.value(attribute.stands), words.value(attribute.value)]
            )
            self._mark(child, hidden=attribute.hidden)
            line.addChild(child)
        for status in plan.statuses:
            child = TreeItem(
                [
                    f"LS {format_ranges((status.lumisections,))}",
                    status.column,
                    status.stands,
                    status.status,
                ]
            )
            self._mark(child, hidden=status.hidden)
            line.addChild(child)
        return line

    def _mark(self, line: QTreeWidgetItem, *, hidden: bool) -> None:
        line.setData(0, _HIDDEN, hidden)
        if hidden:
            line.setText(4, "hidden by a person's word")

    def _done(self, done: Reclassified) -> None:
        if done.refused:
            number, reason = done.refused[0]
            more = len(done.refused) - 1
            self._refuse(
                f"{words.counted(done.changed, 'run')} reclassified. Run {number} was left alone:"
                f" {reason}{f' And {more} more.' if more else ''}"
            )
            self.preview()
            return
        self.done_.emit(f"Reclassified {words.counted(done.changed, 'run')}.")
        self.accept()

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
        self._offer()

    def _offer(self) -> None:
        number = len(self.chosen)
        self.submit_button.setEnabled(bool(number) and not self.work.is_running)
        self.submit_button.setText(
            f"Reclassify {words.counted(number, 'run')}" if number else "Reclassify"
        )
        self.look.setEnabled(not self.work.is_running)

    def _open(self, line: QTreeWidgetItem) -> None:
        top = line
        while (above := top.parent()) is not None:
            top = above
        self.run_wanted.emit(int(top.data(0, _RUN)), "online")

    def _make_tree(self) -> None:
        tree = self.tree
        tree.setAccessibleName("What changes")
        tree.setToolTip("Space ticks a run, Enter opens it")
        tree.setColumnCount(5)
        tree.setHeaderLabels(["Run", "What", "Stands", "Becomes", ""])
        tree.setUniformRowHeights(True)
        header = tree.header()
        header.setStretchLastSection(False)
        header.resizeSection(0, 150)
        for column in (1, 2, 3, 4):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def _dress(self, theme: Theme) -> None:
        self.tree.blockSignals(True)  # colours are no change
        for line in self._lines():
            self._paint(line, theme)
            for row in range(line.childCount()):
                child = line.child(row)
                if child is not None:
                    self._paint(child, theme)
        self.tree.blockSignals(False)

    def _paint(self, line: QTreeWidgetItem, theme: Theme) -> None:
        token = "muted" if line.data(0, _HIDDEN) else "text"
        for column in range(5):
            line.setForeground(column, theme.colour(token))
