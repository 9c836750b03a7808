"""Dialogs that act on a run or on datasets; a refusal is shown inside them."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.domain.certification.datasets import WAITING, where
from app.domain.certification.runs import OPEN, StatusMissing, Unset
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.keys import DatasetKey
from app.domain.lumisections import count
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.views.background import Background
from app.views.focus import give_keys
from app.views.looks.theme import Themes
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
        acting: Acting,
        background: Background,
        themes: Themes,
        run_number: int,
        from_state: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(background, f"Move run {run_number}", f"Move to {to_state}", parent)
        self._acting = acting
        self._run_number = run_number
        self._from_state, self._to_state = from_state, to_state
        text = f"Move run {run_number} from {from_state} to {to_state}."
        if to_state != OPEN:
            text += " Its offline datasets that don't exist yet are made."
        self.form.addRow(Label(text, wordWrap=True))
        self.unset = UnsetList(themes)
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

    def work(self) -> Callable[[], Done]:
        def work() -> Done:
            moved = runs.move(
                self._acting, self._run_number, self._to_state, from_state=self._from_state
            )
            return Done(moved.text, moved.version)

        return work


class MoveDatasetsDialog(ActionDialog):
    """Moves offline datasets to another state in a workspace."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        states: Mapping[DatasetKey, str],
        workspace: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        moving = {key: state for key, state in states.items() if state != to_state}
        many = counted(len(moving), "dataset")
        super().__init__(background, f"Move {many}", f"Move to {to_state}", parent)
        self._acting = acting
        from_states = set(moving.values())
        from_state = (from_states.pop() or None) if len(from_states) == 1 else None
        self._keys, self._workspace = tuple(moving), workspace
        self._from_state, self._to_state = from_state, to_state
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

    def work(self) -> Callable[[], Done]:
        def work() -> Done:
            moved = datasets.move(
                self._acting,
                self._keys,
                self._workspace,
                self._to_state,
                from_state=self._from_state,
            )
            return Done(moved.text, moved.atomic_version)

        return work


class EditRunDialog(ActionDialog):
    """Class and stop reason of a run."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        run_number: int,
        class_: str,
        stop_reason: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(background, f"Run {run_number}", "Save", parent)
        self._acting = acting
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
        background.run(self._offer_classes(), self)

    def work(self) -> Callable[[], Done]:
        now = {
            "class": self.class_.currentText().strip(),
            "stop_reason": self.stop_reason.toPlainText().strip(),
        }
        changed = {name: text for name, text in now.items() if text != self._before[name]}
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
