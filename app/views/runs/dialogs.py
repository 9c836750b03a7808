"""Dialogs that act on a run: what a rule refuses is said inside them, and they stay open."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QPlainTextEdit,
    QWidget,
)

from app.domain.certification.datasets import WAITING, where
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.views.background import Background
from app.views.widgets.action_dialog import ActionDialog
from app.views.widgets.plain import Label

_COMMENT_HEIGHT = 64
_DATASETS_LISTED = 12


class MoveDialog(ActionDialog):
    """Moves a run to another state."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        run_number: int,
        from_state: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(background, f"Move run {run_number}", f"Move to {to_state}", parent)
        self._acting = acting
        self._run_number = run_number
        self._from_state, self._to_state = from_state, to_state
        words = f"Move run {run_number} from {from_state} to {to_state}."
        if to_state != "OPEN":
            words += " The offline datasets that wait for it are made."
        self.form.addRow(Label(words, wordWrap=True))

    def work(self) -> Callable[[], str]:
        return lambda: (
            runs.move(
                self._acting, self._run_number, self._to_state, from_state=self._from_state
            ).text
        )


class MoveDatasetsDialog(ActionDialog):
    """Moves offline datasets to another state in a workspace; those there already stay."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        states: Mapping[tuple[int, str], str],
        workspace: str,
        to_state: str,
        parent: QWidget | None = None,
    ) -> None:
        moving = {key: state for key, state in states.items() if state != to_state}
        many = f"{len(moving)} datasets" if len(moving) != 1 else "1 dataset"
        super().__init__(background, f"Move {many}", f"Move to {to_state}", parent)
        self._acting = acting
        from_states = set(moving.values())
        from_state = (from_states.pop() or None) if len(from_states) == 1 else None
        self._keys, self._workspace = tuple(moving), workspace
        self._from_state, self._to_state = from_state, to_state
        words = f"Move {many} to {to_state} in workspace {workspace}."
        there = len(states) - len(moving)
        if there:
            words += f" {there} {'is' if there == 1 else 'are'} there already."
        if workspace == GLOBAL and WAITING in moving.values():
            words += " Where they wait in other workspaces they are opened, too."
        self.form.addRow(Label(words, wordWrap=True))
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

    def work(self) -> Callable[[], str]:
        return lambda: (
            datasets.move(
                self._acting,
                self._keys,
                self._workspace,
                self._to_state,
                from_state=self._from_state,
            ).text
        )


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
        self.class_ = QComboBox()
        self.class_.setEditable(True)
        self.class_.setCurrentText(class_)
        self.stop_reason = QPlainTextEdit(stop_reason)
        self.stop_reason.setTabChangesFocus(True)
        self.stop_reason.setFixedHeight(_COMMENT_HEIGHT)
        self.form.addRow("Class", self.class_)
        self.form.addRow("Stop reason", self.stop_reason)
        background.read_then(lambda: runs.classes(acting), self._offer, owner=self)

    def work(self) -> Callable[[], str]:
        now = {
            "class": self.class_.currentText().strip(),
            "stop_reason": self.stop_reason.toPlainText().strip(),
        }
        changed = {name: text for name, text in now.items() if text != self._before[name]}
        if not changed:
            raise Refused("Nothing was changed.")
        acting, run_number = self._acting, self._run_number

        def work() -> str:
            done: list[str] = []
            for name, text in changed.items():
                try:
                    done.append(runs.edit_attribute(acting, run_number, name, text).text)
                except Refused as error:
                    raise Refused(" ".join([*done, str(error)])) from error
            return " ".join(done)

        return work

    def _offer(self, classes: Sequence[str]) -> None:
        typed = self.class_.currentText()
        self.class_.clear()
        self.class_.addItems(list(classes))
        self.class_.setCurrentText(typed)
