"""Dialogs of cycles: new, edit, add and take out datasets, move them all, complete."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from PySide6.QtCore import QDate
from PySide6.QtWidgets import QCheckBox, QDateEdit, QLineEdit, QWidget

from app.domain.certification.cycles import MOST_DATASETS, Cycle
from app.domain.certification.datasets import EDITABLE_STATES, NOT_SIGNIFICANT, WAITING
from app.domain.certification.second_eyes import Freeze
from app.domain.clock import server_now
from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import BadInput
from app.services.certification import cycles, second_eyes, tables
from app.services.certification.tables import Chosen
from app.services.configuration import workspaces as known_workspaces
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.focus import give_keys
from app.views.looks import words
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.check_list import CheckList
from app.views.widgets.dialogs.action_dialog import ActionDialog
from app.views.widgets.dialogs.scope_choice import ScopeChoice
from app.views.widgets.plain import ChoiceBox, Label

_LIST_HEIGHT = 200
_FIRST_DEADLINE = timedelta(days=7)


class DeadlineEdit(QDateEdit):
    """The day of a deadline, which ends with the day."""

    def __init__(self, day: date, parent: QWidget | None = None) -> None:
        super().__init__(QDate(day.year, day.month, day.day), parent)
        self.setDisplayFormat("yyyy-MM-dd")
        self.setCalendarPopup(True)
        self.setAccessibleName("Deadline")
        self.setToolTip("The cycle is overdue once this day is over, in UTC")

    @property
    def day(self) -> date:
        chosen = self.date()
        return date(chosen.year(), chosen.month(), chosen.day())


class NewCycleDialog(ActionDialog):
    """Creates a cycle of the datasets that are selected or shown."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context.background, "New cycle", "Create", parent, rights=context.rights)
        self._acting = context.acting
        self.scope = ScopeChoice(selection)
        self.name = QLineEdit(placeholderText="Call 12, week 34")
        self.name.setAccessibleName("Name")
        today = server_now().date()
        self.deadline = DeadlineEdit(today + _FIRST_DEADLINE)
        self.workspaces = CheckList("Workspaces")
        self.workspaces.setFixedHeight(_LIST_HEIGHT)
        self.form.addRow("Datasets", self.scope)
        self.form.addRow("Name", self.name)
        self.form.addRow("Deadline", self.deadline)
        self.form.addRow("Workspaces", self.workspaces)
        self.form.addRow(
            Label(
                f"A cycle has at most {MOST_DATASETS} datasets; {GLOBAL} always takes part.",
                wordWrap=True,
            )
        )
        give_keys(self.name)
        context.background.run(self._read(context), self)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.cycles_path(),)]

    def work(self) -> Callable[[], str]:
        acting, chosen = self._acting, self.scope.chosen()
        name, day, workspaces = (
            self.name.text().strip(),
            self.deadline.day,
            self.workspaces.ticked(),
        )
        if not name:
            raise BadInput("A cycle needs a name.")

        def work() -> str:
            keys = tables.chosen_keys(acting, chosen)
            cycle = cycles.create(acting, name, day, workspaces, keys)
            return f"Created cycle {cycle.name} with {counted(cycle.datasets, 'dataset')}."

        return work

    async def _read(self, context: PlaceContext) -> None:
        acting = self._acting
        self._offer(
            await context.background.read(
                lambda: known_workspaces.with_columns(acting, online=False)
            )
        )

    def _offer(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        names = [each.name for each in workspaces if each.name != GLOBAL]
        self.workspaces.offer(names, names)


class AddToCycleDialog(ActionDialog):
    """Adds datasets to an existing cycle."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context.background, "Add to a cycle", "Add", parent, rights=context.rights)
        self._acting = context.acting
        self.scope = ScopeChoice(selection)
        self.cycle = ChoiceBox()
        self.cycle.setAccessibleName("Cycle")
        self._cycles: tuple[Cycle, ...] = ()
        self.form.addRow("Datasets", self.scope)
        self.form.addRow("Cycle", self.cycle)
        self.set_possible(False)
        context.background.run(self._read(context), self)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.add_to_cycle_path(),)]

    def work(self) -> Callable[[], str]:
        acting, chosen = self._acting, self.scope.chosen()
        id_cycle = self._cycles[self.cycle.currentIndex()].id
        return lambda: cycles.add(acting, id_cycle, tables.chosen_keys(acting, chosen)).text

    async def _read(self, context: PlaceContext) -> None:
        acting = self._acting
        self._offer(await context.background.read(lambda: cycles.all_cycles(acting, GLOBAL)))

    def _offer(self, known: tuple[Cycle, ...]) -> None:
        self._cycles = tuple(each for each in known if each.pending_in(GLOBAL))
        self.cycle.addItems([f"{each.name}   until {each.deadline}" for each in self._cycles])
        self.set_possible(bool(self._cycles))
        if not self._cycles:
            self.refuse("There is no pending cycle. Create a new one with these datasets.")


class RemoveFromCycleDialog(ActionDialog):
    """Removes datasets from a cycle; they stay as they are."""

    def __init__(
        self,
        context: PlaceContext,
        cycle: Cycle,
        chosen: Chosen,
        count: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            context.background, f"Cycle {cycle.name}", "Remove", parent, rights=context.rights
        )
        self._acting = context.acting
        self._cycle, self._chosen = cycle, chosen
        self.form.addRow(
            Label(
                f"Remove {counted(count, 'dataset')} from cycle {cycle.name}. The datasets"
                " stay as they are.",
                wordWrap=True,
            )
        )

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.delete_from_cycle_path(),)]

    def work(self) -> Callable[[], str]:
        acting, cycle, chosen = self._acting, self._cycle, self._chosen
        return lambda: cycles.remove(acting, cycle.id, tables.chosen_keys(acting, chosen)).text


class EditCycleDialog(ActionDialog):
    """Name, deadline and workspaces of a cycle."""

    def __init__(self, context: PlaceContext, cycle: Cycle, parent: QWidget | None = None) -> None:
        super().__init__(
            context.background, f"Cycle {cycle.name}", "Save", parent, rights=context.rights
        )
        self._acting = context.acting
        self._cycle = cycle
        self.name = QLineEdit(cycle.name)
        self.name.setAccessibleName("Name")
        self.deadline = DeadlineEdit(cycle.deadline)
        self.workspaces = CheckList("Workspaces")
        self.workspaces.setFixedHeight(_LIST_HEIGHT)
        self.form.addRow("Name", self.name)
        self.form.addRow("Deadline", self.deadline)
        self.form.addRow("Workspaces", self.workspaces)
        self.form.addRow(
            Label(
                "New workspaces start as pending. A completed workspace always stays.",
                wordWrap=True,
            )
        )
        self.workspaces.offer(self._own, self._own)
        context.background.run(self._read(context), self)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.cycles_path(),)]

    def work(self) -> Callable[[], str]:
        acting, id_cycle = self._acting, self._cycle.id
        name, day, workspaces = self.name.text(), self.deadline.day, self.workspaces.ticked()

        def work() -> str:
            cycle = cycles.edit(acting, id_cycle, name=name, deadline=day, workspaces=workspaces)
            return f"Changed cycle {cycle.name}."

        return work

    @property
    def _own(self) -> list[str]:
        return [each for each in self._cycle.workspaces if each != GLOBAL]

    async def _read(self, context: PlaceContext) -> None:
        acting = self._acting
        self._offer(
            await context.background.read(
                lambda: known_workspaces.with_columns(acting, online=False)
            )
        )

    def _offer(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        names = {each.name for each in workspaces if each.name != GLOBAL}
        self.workspaces.offer(sorted(names | set(self._own)), self.workspaces.ticked())


class FreezeDialog(ActionDialog):
    """Freezes a cycle, or thaws it with a reason."""

    def __init__(
        self,
        context: PlaceContext,
        cycle: Cycle,
        freeze: Freeze | None,
        parent: QWidget | None = None,
    ) -> None:
        """`freeze`: how the cycle is frozen, which is to be thawed then."""
        frozen = freeze is None
        verb = "Freeze" if frozen else "Thaw"
        super().__init__(
            context.background, f"Cycle {cycle.name}", verb, parent, rights=context.rights
        )
        self._acting = context.acting
        self._cycle, self._is_frozen = cycle, not frozen
        held = counted(cycle.datasets, "dataset")
        about = (
            f"Nothing in cycle {cycle.name} changes any more, neither its {held} nor the cycle"
            " itself, until it is thawed. That holds for everybody, tools, agents and pullers"
            " included."
            if frozen
            else f"The {held} of cycle {cycle.name} can be changed again."
        )
        self.form.addRow(Label(about, wordWrap=True))
        if freeze is not None:
            said = f": {freeze.why}" if freeze.why else ", without a reason."
            froze = f"{freeze.by} froze it, {words.time(freeze.at)}{said}"
            self.form.addRow(Label(froze, wordWrap=True))
        kept = "Kept with the cycle, for everybody to read"
        self.why = QLineEdit(placeholderText=f"{kept} (optional)" if frozen else kept)
        self.why.setAccessibleName("Reason")
        self.form.addRow("Reason", self.why)
        give_keys(self.why)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.freeze_cycle_path(),)]

    def work(self) -> Callable[[], str]:
        acting, id_cycle, why = self._acting, self._cycle.id, self.why.text()
        act = second_eyes.thaw if self._is_frozen else second_eyes.freeze
        return lambda: act(acting, id_cycle, why).text


class MoveCycleDialog(ActionDialog):
    """Moves all datasets of a cycle in a workspace."""

    def __init__(
        self,
        context: PlaceContext,
        cycle: Cycle,
        workspace: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            context.background, f"Cycle {cycle.name}", "Move", parent, rights=context.rights
        )
        self._acting = context.acting
        self._cycle, self._workspace = cycle, workspace
        self.to_state = ChoiceBox()
        self.to_state.addItems(list(reversed(EDITABLE_STATES)))
        self.to_state.setAccessibleName("To")
        self.words = Label(wordWrap=True)
        self.waiting = QCheckBox(f"Also those that are {WAITING}")
        self.not_significant = QCheckBox(f"Also those that are {NOT_SIGNIFICANT}")
        self.form.addRow("To", self.to_state)
        self.form.addRow(self.waiting)
        self.form.addRow(self.not_significant)
        self.form.addRow(self.words)
        self.to_state.currentTextChanged.connect(self._count)
        self.waiting.toggled.connect(self._count)
        self.not_significant.toggled.connect(self._count)
        self._count()

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.move_all_datasets_path(self._workspace),)]

    def work(self) -> Callable[[], str]:
        acting, id_cycle, workspace = self._acting, self._cycle.id, self._workspace
        to_state, also = self.to_state.currentText(), self._also()
        reason = self.given_reason
        return lambda: (
            cycles.move_all(acting, id_cycle, workspace, to_state, also=also, comment=reason).text
        )

    def _also(self) -> list[str]:
        boxes = ((WAITING, self.waiting), (NOT_SIGNIFICANT, self.not_significant))
        return [state for state, box in boxes if box.isChecked()]

    def _count(self) -> None:
        progress = self._cycle.progress[self._workspace]
        there = dict(
            zip(
                EDITABLE_STATES,
                (progress.open, progress.signed_off, progress.completed),
                strict=True,
            )
        )
        moved = sum(there.values()) - there[self.to_state.currentText()]
        moved += progress.waiting if self.waiting.isChecked() else 0
        moved += progress.not_significant if self.not_significant.isChecked() else 0
        self.words.setText(
            f"Moves {counted(moved, 'dataset')} in workspace {self._workspace}, as one version."
        )
