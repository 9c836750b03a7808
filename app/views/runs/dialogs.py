"""Dialogs that act on a run or on datasets; a refusal is shown inside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.domain.certification.datasets import WAITING, where
from app.domain.certification.runs import OPEN, StatusMissing, Unset
from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.keys import DatasetKey
from app.domain.lumisections import count
from app.services.certification import datasets, runs
from app.views.focus import give_keys
from app.views.places import PlaceContext
from app.views.runs.unset_list import UnsetList
from app.views.widgets.dialogs.action_dialog import ActionDialog, Done
from app.views.widgets.plain import ChoiceBox, Label

_COMMENT_HEIGHT = 64
_DATASETS_LISTED = 12
_WIDTH_WITH_LIST = 560


class MoveDialog(ActionDialog):
    """Moves a run to another state.

    Signals: `cells_wanted(run_number, Unset)` for a column without a status that forbids it; the
    dialog closes then.
    """

    cells_wanted = Signal(int, object)

    def __init__(
        self,
        context: PlaceContext,
        run_number: int,
        from_state: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            context.background,
            f"Move run {run_number}",
            f"Move to {to_state}",
            parent,
            rights=context.rights,
        )
        self._acting = context.acting
        self._run_number = run_number
        self._from_state, self._to_state = from_state, to_state
        text = f"Move run {run_number} from {from_state} to {to_state}."
        if to_state != OPEN:
            text += " Its offline datasets that don't exist yet are made."
        self.form.addRow(Label(text, wordWrap=True))
        self.unset = UnsetList(context.themes)
        self.unset.hide()
        self.unset.chosen.connect(self._go_to)
        self.parts.insertWidget(self.parts.indexOf(self.buttons), self.unset)

    def show_refusal(self, error: Refused) -> None:
        if not isinstance(error, StatusMissing):
            super().show_refusal(error)
            return
        cells = sum(count(each.ranges) for each in error.unset)
        self.refuse(
            f"{counted(cells, 'cell')} without a status in run {error.run_number}. Set them or ask"
            " the experts, then sign off. Enter or a click goes there."
        )
        self.unset.show_unset(error.unset)
        self.unset.show()
        self.setMinimumWidth(_WIDTH_WITH_LIST)
        self.adjustSize()
        give_keys(self.unset.table)

    def refuse(self, text: str) -> None:
        super().refuse(text)
        self.unset.hide()

    def _go_to(self, unset: Unset) -> None:
        self.reject()
        self.cells_wanted.emit(self._run_number, unset)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.move_run_path(self._from_state, self._to_state),)]

    def work(self) -> Callable[[], Done]:
        def work() -> Done:
            moved = runs.move(
                self._acting, self._run_number, self._to_state, from_state=self._from_state
            )
            return Done(moved.text, moved.version)

        return work


def move_paths(workspace: str, states: Iterable[str], to_state: str) -> Sequence[str]:
    """Paths of which one must be allowed to move datasets in these states.

    Of datasets in several states one that may be moved is enough: the service says which others
    may not. A pending cycle, which only the database knows, opens a second way.
    """
    return [
        path
        for state in sorted(states)
        for path in permissions.move_dataset_paths(
            workspace, state, to_state, in_pending_cycle=True
        )
    ]


class MoveDatasetsDialog(ActionDialog):
    """Moves offline datasets to another state in a workspace."""

    def __init__(
        self,
        context: PlaceContext,
        states: Mapping[DatasetKey, str],
        workspace: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        moving = {key: state for key, state in states.items() if state != to_state}
        many = counted(len(moving), "dataset")
        super().__init__(
            context.background,
            f"Move {many}",
            f"Move to {to_state}",
            parent,
            rights=context.rights,
        )
        self._acting = context.acting
        from_states = set(moving.values())
        from_state = (from_states.pop() or None) if len(from_states) == 1 else None
        self._keys, self._workspace = tuple(moving), workspace
        self._from_state, self._to_state = from_state, to_state
        self._paths = move_paths(workspace, set(moving.values()), to_state)
        text = f"Move {many} to {to_state} in workspace {workspace}."
        unchanged = len(states) - len(moving)
        if unchanged:
            text += f" {counted(unchanged, 'dataset')} already in {to_state} will not change."
        if workspace == GLOBAL and WAITING in moving.values():
            text += " Datasets that wait for the DQM GUI become OPEN in the other workspaces too."
        self.form.addRow(Label(text, wordWrap=True))
        lines = [
            f"{where(*key)}: {state or 'no state'}"
            for key, state in list(moving.items())[:_DATASETS_LISTED]
        ]
        if len(moving) > _DATASETS_LISTED:
            lines.append(f"and {len(moving) - _DATASETS_LISTED} more")
        self.listed = Label("\n".join(lines))
        self.listed.setTextFormat(Qt.TextFormat.PlainText)
        self.listed.setProperty("role", "muted")
        self.form.addRow(self.listed)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [self._paths]

    def work(self) -> Callable[[], Done]:
        reason = self.given_reason

        def work() -> Done:
            moved = datasets.move(
                self._acting,
                self._keys,
                self._workspace,
                self._to_state,
                from_state=self._from_state,
                comment=reason,
            )
            return Done(moved.text, moved.atomic_version)

        return work


class EditRunDialog(ActionDialog):
    """Class and stop reason of a run."""

    def __init__(
        self,
        context: PlaceContext,
        run_number: int,
        class_: str,
        stop_reason: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            context.background, f"Run {run_number}", "Save", parent, rights=context.rights
        )
        self._acting = context.acting
        self._run_number = run_number
        self._before = {"class": class_, "stop_reason": stop_reason}
        self.class_ = ChoiceBox()
        self.class_.setEditable(True)
        self.class_.setCurrentText(class_)
        self.stop_reason = QPlainTextEdit(stop_reason)
        self.stop_reason.setTabChangesFocus(True)
        self.stop_reason.setFixedHeight(_COMMENT_HEIGHT)
        self.form.addRow("Class", self.class_)
        self.form.addRow("Stop reason", self.stop_reason)
        self.class_.currentTextChanged.connect(self.look)
        self.stop_reason.textChanged.connect(self.look)
        context.background.run(self._offer_classes(), self)

    def wanted(self) -> Iterable[Sequence[str]]:
        if changed := self._changed():
            return [(permissions.edit_run_path(self._run_number, name),) for name in changed]
        return [[permissions.edit_run_path(self._run_number, name) for name in self._before]]

    def _changed(self) -> dict[str, str]:
        now = {
            "class": self.class_.currentText().strip(),
            "stop_reason": self.stop_reason.toPlainText().strip(),
        }
        return {name: text for name, text in now.items() if text != self._before[name]}

    def work(self) -> Callable[[], Done]:
        changed = self._changed()
        if not changed:
            raise Refused("Nothing was changed.")
        acting, run_number = self._acting, self._run_number

        def work() -> Done:
            sentences: list[str] = []
            version = None
            for name, text in changed.items():
                try:
                    edited = runs.edit_attribute(acting, run_number, name, text)
                except Refused as error:
                    raise Refused(" ".join([*sentences, str(error)])) from error
                sentences.append(edited.text)
                version = edited.version
            # Two attributes are two versions: no one of them is the whole.
            return Done(" ".join(sentences), version if len(changed) == 1 else None)

        return work

    async def _offer_classes(self) -> None:
        acting = self._acting
        classes = await self._background.read(lambda: runs.classes(acting))
        typed = self.class_.currentText()
        self.class_.clear()
        self.class_.addItems(list(classes))
        self.class_.setCurrentText(typed)
