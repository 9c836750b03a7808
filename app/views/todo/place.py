"""The place of what is left to do: where to look, how much of each kind, and the list."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.certification.cycles import Cycle
from app.domain.certification.todo import LEAST_LUMINOSITY, Task, TaskKind, Todo
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import BadInput, Refused
from app.services.certification.cycles import all_cycles
from app.services.certification.todo import TodoScope, todo
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Work
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext, PlaceWidget
from app.views.todo.again import LookAgain
from app.views.todo.lines import (
    KIND_TEXTS,
    OPEN_TITLES,
    TASK_TITLES,
    OpenGroup,
    filter_of,
    is_of_run,
    key_of,
    open_lines,
    task_lines,
)
from app.views.widgets.dimmer import Dimmer
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import TurningSplitter, WrappingLine
from app.views.widgets.plain import ChoiceBox, Label
from app.views.widgets.tables.details_table import DetailsTable
from app.views.widgets.tables.lines_model import Line, LinesModel

_RUNS = "Range of runs"
_PARTS = [420, 960]
_LEAST_TASKS, _LEAST_GROUPS = 540, 300
_WIDTHS = (76, 300, 100)
_OPEN_WIDTHS = (90, 250, 64)
_RUN_WIDTH = 84
_SCOPE_WIDTH = 160
_FILE = "todo.csv"
_FILTERED_RUNS = 200

Found = tuple[Todo, list[Line[Task]], list[Line[OpenGroup]]]


class TodoPlace(PlaceWidget):
    """Looks when it is asked to, the first time it is shown, and again when something that it
    shows has changed.

    Signals: `workspace_wanted(str)` and `filter_wanted(str)` before another place shows what is
    to be mended.
    """

    workspace_wanted = Signal(str)
    filter_wanted = Signal(str)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._acting = context.acting
        self._looking = Work(context.background, self)
        self._workspace = GLOBAL
        self._cycles: tuple[Cycle, ...] = ()
        self._todo: Todo | None = None
        self._scope_shown: TodoScope | None = None
        self.again = LookAgain(self)
        self.again.wanted.connect(self._look_again)
        self._lines: list[Line[Task]] = []
        self._kind: TaskKind | None = None
        themes = context.themes
        self.scope = ChoiceBox()
        self.scope.addItem(_RUNS)
        self.scope.setAccessibleName("Where to look")
        self.scope.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.scope.setMinimumWidth(_SCOPE_WIDTH)
        self.scope.setToolTip("A cycle, or the runs from one to another")
        self.run_from = QLineEdit(placeholderText="first run")
        self.run_to = QLineEdit(placeholderText="last run")
        for edit in (self.run_from, self.run_to):
            edit.setAccessibleName(edit.placeholderText())
            edit.setFixedWidth(_RUN_WIDTH)
        self.luminosity = QDoubleSpinBox()
        self.luminosity.setDecimals(3)
        self.luminosity.setRange(0.0, 1000.0)
        self.luminosity.setSingleStep(0.01)
        self.luminosity.setValue(LEAST_LUMINOSITY)
        self.luminosity.setAccessibleName("Least luminosity in pb^-1")
        self.luminosity.setToolTip("Runs with beam that recorded less than this are listed")
        self.look_button = QPushButton("Look")
        self.look_button.setDefault(True)
        self.stop_button = QPushButton("Cancel")
        self.export_button = QPushButton("Export...")
        self.bar = LoadingBar(themes)
        self.said = Label()
        self.said.setProperty("role", "muted")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.kinds = QButtonGroup(self)
        self.kind_buttons: dict[TaskKind | None, QToolButton] = {}
        self.tasks: LinesModel[Task] = LinesModel(TASK_TITLES, themes, self)
        self.table = DetailsTable("What is left to do")
        self.table.setModel(self.tasks)
        self.groups: LinesModel[OpenGroup] = LinesModel(OPEN_TITLES, themes, self, right=(2,))
        self.groups_table = DetailsTable("OPEN datasets by workspace and name")
        self.groups_table.setModel(self.groups)
        self.empty = Label(wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._set_looking(looking=False)
        self._show_kind(None)

    # The place

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        if workspace.name != self._workspace:
            self._workspace = workspace.name
            self._compare_scope()
            if self._todo is not None and self.isVisible():
                self.look()
            else:
                self._todo = None

    def shown(self) -> None:
        if self.again.is_outdated:
            self.look()
        self._context.background.run(self._read_cycles(), self)

    async def _read_cycles(self) -> None:
        acting = self._acting
        self._offer_cycles(await self._context.background.read(lambda: all_cycles(acting, GLOBAL)))

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        if self._todo is not None and _concerned(self._todo, self._scope_shown, run_numbers):
            self.again.note_change(in_front=in_front)

    def _look_again(self) -> None:
        if self.isVisible() and self._scope_shown is not None:
            self._looking.start(self._look(self._scope_shown))

    def home(self) -> QWidget:
        """What is left to do."""
        return self.table

    def panes(self) -> Sequence[QWidget]:
        return (self.table, self.groups_table)

    def focus_search(self) -> None:
        """Goes to where the person says what is looked through: a cycle, or a range of runs."""
        give_keys(self.scope)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        if self._todo is not None and self.isVisible():
            self.look()

    # Looking

    def look(self) -> None:
        """Finds out what is left, in the background."""
        self.stop()
        try:
            scope = self._scope()
        except Refused as error:
            self._refuse(str(error))
            return
        self._refuse("")
        self._looking.start(self._look(scope))

    async def _look(self, scope: TodoScope) -> None:
        acting, progress = self._acting, self._looking.progress

        self.again.begin()

        def find() -> Found:
            left = todo(acting, scope, progress)
            # Many lines: made here, so that the window doesn't wait.
            return left, task_lines(left.tasks), open_lines(left)

        self._set_looking(looking=True)
        try:
            found = await self._context.background.read(find)
            self.again.end()
            self._scope_shown = scope
            self._compare_scope()
            self._show(found)
        except Refused as error:
            self._refuse(str(error))
        self._set_looking(looking=False)

    def stop(self) -> None:
        """Stops looking; what was found before stays."""
        if self._looking.is_running:
            self._looking.drop()
            self._set_looking(looking=False)

    def _scope(self) -> TodoScope:
        workspace = None if self._workspace == GLOBAL else self._workspace
        least = self.luminosity.value()
        chosen = self.scope.currentIndex() - 1
        if chosen >= 0:
            return TodoScope(self._cycles[chosen].id, None, None, workspace, least)
        return TodoScope(None, _run_of(self.run_from), _run_of(self.run_to), workspace, least)

    def _show(self, found: Found) -> None:
        self._todo, self._lines, groups = found
        self.groups.show_lines(groups)
        self.groups_table.setVisible(bool(groups))
        counts = Counter(task.kind for task in self._todo.tasks)
        for kind, button in self.kind_buttons.items():
            number = len(self._todo.tasks) if kind is None else counts[kind]
            text = "All" if kind is None else KIND_TEXTS[kind][0]
            button.setText(f"{text}  {words.number(number)}")
        self._say(self._counted())
        self._show_lines()

    def _counted(self) -> str:
        if self._todo is None:
            return ""
        tasks, datasets = len(self._todo.tasks), self._todo.datasets
        return f"{words.counted(tasks, 'task')} in {words.counted(datasets, 'dataset')}."

    # The list

    def _show_kind(self, kind: TaskKind | None) -> None:
        self._kind = kind
        self.kind_buttons[kind].setChecked(True)
        self._show_lines()

    def _show_lines(self) -> None:
        chosen = self._chosen_groups()
        current = self.table.currentIndex()
        before = self.tasks.lines[current.row()].key if current.isValid() else None
        at = self.table.verticalScrollBar().value()
        self.tasks.show_lines(
            [
                line
                for line in self._lines
                if self._kind in (None, line.item.kind)
                and (not chosen or (line.item.workspace, line.item.dataset) in chosen)
            ]
        )
        row = self.tasks.row_of(before)
        if row is not None and row != self.table.currentIndex().row():
            self.table.selectRow(row)
            self.table.verticalScrollBar().setValue(at)
        nothing = self.tasks.rowCount() == 0
        self.table.setVisible(not nothing)
        self.empty.setVisible(nothing)
        self.empty.setText(self._empty_words())
        self.export_button.setEnabled(self._todo is not None and bool(self._todo.tasks))

    def _empty_words(self) -> str:
        if self._todo is None:
            return "Choose a cycle or a range of runs, then Look: what is left is listed here."
        if self._kind is None:
            return "Nothing is left to do here."
        return "Nothing of this kind is left."

    def _chosen_groups(self) -> set[OpenGroup]:
        chosen = self.groups_table.selectionModel().selectedRows()
        return {self.groups.item(index.row()) for index in chosen}

    def _group_chosen(self) -> None:
        if self._chosen_groups():
            self._show_kind(TaskKind.OPEN)
        else:
            self._show_lines()

    def open_chosen(self) -> None:
        """Opens the place where the chosen line can be mended."""
        index = self.table.currentIndex()
        if not index.isValid():
            return
        task = self.tasks.item(index.row())
        if task.kind is TaskKind.NO_CYCLE:
            self.filter_wanted.emit(filter_of(self._runs_in_no_cycle(task)))
            return
        if task.workspace:
            self.workspace_wanted.emit(task.workspace)
        self.run_wanted.emit(task.run_number, task.dataset)

    def _runs_in_no_cycle(self, task: Task) -> list[tuple[int, str]]:
        """Those that are selected: they become a cycle together."""
        chosen = [
            self.tasks.item(index.row())
            for index in self.table.selectionModel().selectedRows()[:_FILTERED_RUNS]
        ]
        runs = [each for each in chosen if each.kind is TaskKind.NO_CYCLE and is_of_run(each)]
        return [key_of(each) for each in runs] or [key_of(task)]

    # Export

    def ask_file(self) -> None:
        """Asks where to write the list to."""
        dialog = QFileDialog(self.window(), "Export what is left to do", _FILE, "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda file: self.export(Path(file)))
        dialog.open()

    def export(self, file: Path) -> None:
        """Writes the list as CSV."""
        if self._todo is None:
            return

        self._context.background.run(self._export(self._todo, file), self)

    async def _export(self, left: Todo, file: Path) -> None:
        await self._context.background.act(lambda: files.write(file, left.csv_text))
        self._context.notices.tell(f"Wrote {words.counted(len(left.tasks), 'task')} to {file}.")

    # Making

    def _offer_cycles(self, cycles: tuple[Cycle, ...]) -> None:
        chosen = self.scope.currentIndex() - 1
        before = self._cycles[chosen].id if 0 <= chosen < len(self._cycles) else None
        first = self._todo is None and not self._looking.is_running and not self._cycles
        self._cycles = cycles
        self.scope.blockSignals(True)
        self.scope.clear()
        self.scope.addItems([_RUNS, *(f"Cycle {each.name}" for each in cycles)])
        ids = [each.id for each in cycles]
        if before in ids:
            self.scope.setCurrentIndex(ids.index(before) + 1)
        elif first and cycles and cycles[0].pending_in(GLOBAL):
            self.scope.setCurrentIndex(1)
        self.scope.blockSignals(False)
        self._scope_changed()
        if self._todo is None and not self._looking.is_running:
            self.look()

    def _scope_changed(self) -> None:
        self._compare_scope()
        of_runs = self.scope.currentIndex() <= 0
        self.run_from.setVisible(of_runs)
        self.run_to.setVisible(of_runs)

    def _compare_scope(self) -> None:
        """What is listed is pale while another scope is asked for."""
        try:
            same = self._scope_shown in (None, self._scope())
        except Refused:
            same = False
        if same:
            self.dimmer.clear()
        else:
            self.dimmer.dim()

    def _set_looking(self, *, looking: bool) -> None:
        self.look_button.setVisible(not looking)
        self.stop_button.setVisible(looking)
        self.bar.set_loading(looking)
        self._say("Looking ..." if looking else self._counted())

    def _show_share(self, share: float) -> None:
        self._say(f"Looking ... {share:.0%}")

    def _say(self, text: str) -> None:
        self.said.setText(text)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = WrappingLine(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(2 * STEP)
        for widget in (self.scope, self.run_from, self.run_to):
            line.add(widget)
        least = Label("Least pb⁻¹")
        least.setProperty("role", "muted")
        for part in (least, self.luminosity, self.look_button, self.stop_button):
            line.add(part)
        line.add(self.said, 1)
        line.add(self.export_button)
        kinds = WrappingLine()
        kinds.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        kinds.setSpacing(STEP)
        for number, kind in enumerate((None, *KIND_TEXTS)):
            button = QToolButton()
            button.setText("All" if kind is None else KIND_TEXTS[kind][0])
            button.setToolTip("Everything" if kind is None else KIND_TEXTS[kind][1])
            button.setCheckable(True)
            self.kinds.addButton(button, number)
            self.kind_buttons[kind] = button
            kinds.add(button)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        for column, width in enumerate(_OPEN_WIDTHS):
            self.groups_table.setColumnWidth(column, width)
        header = self.groups_table.horizontalHeader()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        right = QWidget()
        right.setObjectName("pane")
        inside = QVBoxLayout(right)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(kinds)
        inside.addWidget(self.table, 1)
        inside.addWidget(self.empty, 1)
        self.groups_table.setMinimumWidth(_LEAST_GROUPS)
        right.setMinimumWidth(_LEAST_TASKS)
        splitter = _beside(self.groups_table, right)
        self.groups_table.hide()
        self.dimmer = Dimmer(splitter, self._context.themes, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.refusal)
        layout.addWidget(splitter, 1)

    def _connect(self) -> None:
        self.scope.currentIndexChanged.connect(self._scope_changed)
        self.look_button.clicked.connect(self.look)
        self.stop_button.clicked.connect(self.stop)
        self._looking.progressed.connect(self._show_share)
        self.export_button.clicked.connect(self.ask_file)
        for edit in (self.run_from, self.run_to):
            edit.returnPressed.connect(self.look)
            edit.textChanged.connect(self._compare_scope)
        self.luminosity.valueChanged.connect(self._compare_scope)
        kinds: Sequence[TaskKind | None] = (None, *KIND_TEXTS)
        self.kinds.idClicked.connect(lambda number: self._choose_kind(kinds[number]))
        self.groups_table.selectionModel().selectionChanged.connect(self._group_chosen)
        self.table.activated.connect(self._open)

    def _choose_kind(self, kind: TaskKind | None) -> None:
        if kind is not TaskKind.OPEN:
            self.groups_table.clearSelection()
        self._show_kind(kind)

    def _open(self, _index: QModelIndex) -> None:
        self.open_chosen()


def _concerned(known: Todo, scope: TodoScope | None, run_numbers: frozenset[int]) -> bool:
    """Whether a change of these runs, of any without numbers, may change what is left."""
    if not run_numbers or scope is None:
        return True
    return any(each in known.runs or scope.may_gain(each) for each in run_numbers)


def _run_of(edit: QLineEdit) -> int | None:
    text = edit.text().strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f'"{text}" is not a run number.')
    return int(text)


def _beside(groups: QWidget, tasks: QWidget) -> TurningSplitter:
    """Both in one splitter, of which the tasks take what room there is more."""
    splitter = TurningSplitter()
    splitter.addWidget(groups)
    splitter.addWidget(tasks)
    splitter.setSizes(_PARTS)
    splitter.setStretchFactor(0, 0)
    splitter.setStretchFactor(1, 1)
    return splitter
