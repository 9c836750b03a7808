"""The dialog that reclassifies open runs, after a preview of what would change."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.lumisections import format_ranges
from app.domain.progress import Cancelled, Progress
from app.services.classifying import reclassify
from app.services.classifying.reclassify import Reclassified, RunPlan
from app.services.classifying.trials import parse_runs
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme
from app.views.places import PlaceContext
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.plain import Label, TreeItem

_SIZE = (920, 620)
_RUN = Qt.ItemDataRole.UserRole
_HIDDEN = Qt.ItemDataRole.UserRole + 1


class ReclassifyDialog(QDialog):
    """Lists the changes run by run; the ticked runs are reclassified.

    Signals: `done_(str)` with the outcome; the dialog closes then. `run_wanted(run_number,
    dataset)`.
    """

    done_ = Signal(str)
    run_wanted = Signal(int, str)

    def __init__(
        self,
        context: PlaceContext,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Reclassify open runs")
        resize_to_fit(self, *_SIZE)
        self._acting = context.acting
        self._background = background = context.background
        self._themes = themes = context.themes
        self.plans: tuple[RunPlan, ...] = ()
        about = Label(
            "Every run gets one automatic action in your name. Values set by hand stay visible"
            " where marked; the new values are hidden there.",
            wordWrap=True,
        )
        about.setProperty("role", "muted")
        self.runs = QLineEdit(placeholderText="the newest open runs")
        self.runs.setAccessibleName("Runs")
        self.runs.setToolTip("Run numbers and ranges, e.g. 355100-355110; empty: the newest")
        self.preview_button = QPushButton("Preview")
        self.preview_button.setToolTip("Show what would change in these runs (Enter)")
        self.preview_button.setAutoDefault(False)
        self.summary = Label(wordWrap=True)
        self.summary.setProperty("role", "title")
        self.tree = QTreeWidget()
        self.work = LongWork(background)
        self.refusal = RefusalLine(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(
            "Reclassify", QDialogButtonBox.ButtonRole.AcceptRole
        )
        # Everybody may ask for it, though not over a connection that is read-only.
        rights = context.rights
        self.right = RightLine(rights, self.submit_button, lambda: rights.refusal_of_all(()), self)
        self._lay_out(about)
        self._make_tree()
        self.preview_button.clicked.connect(self.preview)
        self.runs.returnPressed.connect(self.preview)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self.work.failed.connect(self._refuse)
        self.work.running_changed.connect(self._offer)
        self.tree.itemChanged.connect(self._offer)
        self.tree.itemActivated.connect(self._open)
        themes.changed.connect(self._apply_theme)
        self.preview()

    def preview(self) -> None:
        """Shows what would change."""
        if self.work.is_running:
            return
        self._refuse("")
        try:
            chosen = parse_runs(text) if (text := self.runs.text().strip()) else ()
        except Refused as error:
            self._refuse(str(error))
            return
        self._clear()
        self.summary.setText("Checking what would change ...")
        self.work.start("Checking", lambda progress: self._preview(chosen, progress))

    async def _preview(self, chosen: Sequence[int], progress: Progress) -> None:
        acting = self._acting
        self._show(
            await self._background.read(
                lambda: reclassify.preview(acting, chosen or reclassify.open_runs(acting), progress)
            )
        )

    def submit(self) -> None:
        """Reclassifies the ticked runs."""
        chosen = self.chosen
        if chosen and not self.work.is_running:
            self._refuse("")
            self.work.start("Reclassifying", lambda progress: self._reclassify(chosen, progress))

    async def _reclassify(self, chosen: Sequence[int], progress: Progress) -> None:
        acting = self._acting
        try:
            outcome = await self._background.act(lambda: reclassify.apply(acting, chosen, progress))
        except Cancelled:
            self._refuse("Cancelled: runs that were done before stay reclassified.")
            return
        if isinstance(outcome, Reclassified) and outcome.refused:
            await self._preview(chosen, progress)
            self._refuse(outcome.text)
        else:
            self.done_.emit(outcome.text)
            self.accept()

    @property
    def chosen(self) -> tuple[int, ...]:
        """The ticked runs."""
        return tuple(
            int(line.data(0, _RUN))
            for line in self._lines()
            if line.checkState(0) == Qt.CheckState.Checked
        )

    def reject(self) -> None:
        """Stops the work under way; otherwise closes the dialog."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _lines(self) -> list[QTreeWidgetItem]:
        tops = (self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount()))
        return [line for line in tops if line is not None]

    def _show(self, plans: tuple[RunPlan, ...]) -> None:
        self._clear()
        self.plans = plans
        changing = [plan for plan in plans if plan.changes]
        refused = [plan for plan in plans if plan.refused]
        self.tree.blockSignals(True)  # these ticks are not the person's
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
        self._apply_theme(self._themes.theme)
        hidden = sum(plan.hidden for plan in changing)
        text = f"{words.counted(len(plans), 'run')} checked, "
        text += f"{words.number(len(changing))} would change" if changing else "none would change"
        if hidden:
            text += f"; {words.counted(hidden, 'new value')} hidden by values set by hand"
        self.summary.setText(f"{text}.")
        self._offer()

    def _clear(self) -> None:
        self.tree.clear()
        self.plans = ()

    def _line(self, plan: RunPlan) -> QTreeWidgetItem:
        cells = sum(
            status.lumisections.last - status.lumisections.first + 1 for status in plan.statuses
        )
        what = [attribute.name for attribute in plan.attributes]
        if cells:
            what.append(words.counted(cells, "cell"))
        line = TreeItem([str(plan.run_number), ", ".join(what)])
        line.setData(0, _RUN, plan.run_number)
        line.setSizeHint(0, QSize(0, ROW_HEIGHT))
        line.setFlags(line.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        line.setCheckState(0, Qt.CheckState.Checked)
        for attribute in plan.attributes:
            child = TreeItem(
                ["", attribute.name, words.value(attribute.visible), words.value(attribute.value)]
            )
            self._mark(child, hidden=attribute.hidden)
            line.addChild(child)
        for status in plan.statuses:
            child = TreeItem(
                [
                    f"LS {format_ranges((status.lumisections,))}",
                    status.column,
                    status.visible,
                    status.status,
                ]
            )
            self._mark(child, hidden=status.hidden)
            line.addChild(child)
        return line

    def _mark(self, line: QTreeWidgetItem, *, hidden: bool) -> None:
        line.setData(0, _HIDDEN, hidden)
        if hidden:
            line.setText(4, "hidden by a value set by hand")

    def _refuse(self, text: str) -> None:
        self.refusal.say(text)
        self._offer()

    def _offer(self) -> None:
        number = len(self.chosen)
        self.right.offer(possible=bool(number) and not self.work.is_running)
        self.submit_button.setText(
            f"Reclassify {words.counted(number, 'run')}" if number else "Reclassify"
        )
        self.preview_button.setEnabled(not self.work.is_running)

    def _open(self, line: QTreeWidgetItem) -> None:
        top = line
        while (above := top.parent()) is not None:
            top = above
        self.run_wanted.emit(int(top.data(0, _RUN)), "online")

    def _lay_out(self, about: QLabel) -> None:
        line = QHBoxLayout()
        line.addWidget(Label("Runs"))
        line.addWidget(self.runs, 1)
        line.addWidget(self.preview_button)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        layout.addWidget(about)
        layout.addLayout(line)
        layout.addWidget(self.summary)
        layout.addWidget(self.tree, 1)
        for widget in (self.work, self.refusal, self.right, self.buttons):
            layout.addWidget(widget)

    def _make_tree(self) -> None:
        tree = self.tree
        tree.setAccessibleName("Changes")
        tree.setToolTip("Space ticks a run, Enter opens it")
        tree.setColumnCount(5)
        tree.setHeaderLabels(["Run", "What", "Now", "New", ""])
        tree.setUniformRowHeights(True)
        header = tree.header()
        header.setStretchLastSection(False)
        header.resizeSection(0, 150)
        for column in (1, 2, 3, 4):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def _apply_theme(self, theme: Theme) -> None:
        self.tree.blockSignals(True)  # colours are not changes
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
