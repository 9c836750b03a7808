"""What can be done with the run a person looks at, from menu, context menu or palette."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.certification.runs import OPEN, RUN_STATES
from app.domain.configuration import permissions
from app.services.certification import growth, runs
from app.views.actions import ActionRow
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.runs.dialogs import EditRunDialog, MoveDialog
from app.views.subject import Subject, unless
from app.views.widgets.dialogs.action_dialog import ActionDialog, Done, Outcome

MENU = (
    "run.significant",
    "run.edit",
    "view.lumisections",
    "",
    "run.move.OPEN",
    "run.move.SIGNOFF",
    "run.move.COMPLETED",
    "",
    "run.refresh",
    "run.reset",
    "run.take_in",
    "run.settle",
)

_SHORTCUTS = dict(zip(RUN_STATES, ("Ctrl+Shift+O", "Ctrl+Shift+S", "Ctrl+Shift+D"), strict=True))


class RunActions(QObject):
    """Acts on the subject that `subject()` names when an action is asked for.

    Signals: `acted()` when something was written; `cells_wanted(run_number, Unset)` for what
    forbids a sign-off.
    """

    acted = Signal()
    cells_wanted = Signal(int, object)

    def __init__(
        self, context: PlaceContext, window: QWidget, subject: Callable[[], Subject | None]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._window = window
        self._subject = subject

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "run.significant",
                "Mark significant...",
                self.mark_significant,
                "Ctrl+M",
                "significant",
                "Classify the run's columns. This can't be undone",
                self._unless(_not_insignificant),
                right=lambda: (permissions.mark_significant_path(),),
                commands=("runs significant",),
                parameters=("run",),
            ),
            ActionRow(
                "run.edit",
                "Class and stop reason...",
                self.edit_run,
                "Ctrl+E",
                "edit",
                "Set class and stop reason by hand",
                self._unless(_not_open),
                right=lambda: (self._edit_path("class"), self._edit_path("stop_reason")),
                commands=("runs class", "runs stop-reason"),
                parameters=("run", "class", "reason"),
            ),
            *(self._move_row(state, keys) for state, keys in _SHORTCUTS.items()),
            ActionRow(
                "run.refresh",
                "Refresh from OMS",
                self.refresh,
                "Ctrl+R",
                "refresh",
                "Fetch the run from OMS and classify it again",
                self._unless(_not_open),
                who="everybody",
                commands=("runs refresh",),
                parameters=("run",),
            ),
            ActionRow(
                "run.reset",
                "Reset and refresh...",
                self.reset,
                "Ctrl+Shift+R",
                "reset",
                "Like refresh, but compute class and significance from scratch",
                self._unless(_not_open),
                who="everybody",
                commands=("runs refresh",),
                parameters=("run", "--reset"),
            ),
            ActionRow(
                "run.take_in",
                "Take in new LS",
                self.take_in,
                "",
                "add",
                "Bring LS that the run gained since its sign-off into it and its datasets, without"
                " reopening it",
                self._unless(_not_signed_off),
                right=lambda: (permissions.move_run_path(OPEN, self._state()),),
                commands=("runs take-in",),
                parameters=("run",),
            ),
            ActionRow(
                "run.settle",
                "Mark manual update as done",
                self.settle,
                "",
                "done",
                "Remove the mark that the run needs a manual update",
                self._unless(_needs_no_update),
                right=lambda: (permissions.settle_manual_update_path(self._run_number()),),
                commands=("runs settle",),
                parameters=("run",),
            ),
        ]

    def _move_row(self, state: str, keys: str) -> ActionRow:
        return ActionRow(
            f"run.move.{state}",
            f"Move to {state}...",
            lambda: self.move(state),
            keys,
            "move",
            f"Move the run to state {state}",
            self._unless(lambda subject: _is_already(subject, state)),
            right=lambda: (permissions.move_run_path(self._state(), state),),
            commands=("runs move",),
            parameters=("run", "state"),
        )

    def mark_significant(self) -> None:
        """Asks, then marks."""
        subject = self._subject()
        if subject is not None:
            number = subject.run_number
            ask(
                self._window,
                "Mark significant",
                f"Mark run {number} significant? Its columns are then classified. This can't be"
                " undone.",
                "Mark significant",
                lambda: self._act(lambda: runs.mark_significant(self._acting, number).text),
            )

    def edit_run(self) -> None:
        """Opens the dialog for class and stop reason."""
        subject = self._subject()
        if subject is not None:
            self._open(
                EditRunDialog(
                    self._context,
                    subject.run_number,
                    subject.class_,
                    subject.stop_reason,
                    self._window,
                )
            )

    def move(self, to_state: str) -> None:
        """Opens the dialog that moves the run."""
        subject = self._subject()
        if subject is not None:
            dialog = MoveDialog(
                self._context,
                subject.run_number,
                subject.state,
                to_state,
                self._window,
            )
            dialog.cells_wanted.connect(self.cells_wanted)
            self._open(dialog)

    def refresh(self) -> None:
        """Fetches the run again."""
        subject = self._subject()
        if subject is not None:
            number = subject.run_number
            self._act(lambda: runs.refresh(self._acting, number).text)

    def reset(self) -> None:
        """Asks, then computes the run from scratch."""
        subject = self._subject()
        if subject is not None:
            number = subject.run_number
            ask(
                self._window,
                "Reset and refresh",
                f"Compute class and significance of run {number} from scratch? What was set by"
                " hand stays.",
                "Reset and refresh",
                lambda: self._act(lambda: runs.refresh(self._acting, number, reset=True).text),
            )

    def take_in(self) -> None:
        """Brings in the lumisections that the signed-off run gained."""
        subject = self._subject()
        if subject is not None:
            number = subject.run_number
            self._act(lambda: growth.take_in(self._acting, number).text)

    def settle(self) -> None:
        """Removes the mark that the run needs a manual update."""
        subject = self._subject()
        if subject is not None:
            number = subject.run_number
            self._act(lambda: runs.settle_manual_update(self._acting, number).text)

    def _act(self, work: Callable[[], Outcome]) -> None:
        self._background.run(self._do(work), self)

    async def _do(self, work: Callable[[], Outcome]) -> None:
        outcome = await self._background.act(work)
        self._done(*(outcome if isinstance(outcome, Done) else Done(outcome)))

    def _open(self, dialog: ActionDialog) -> None:
        dialog.acted.connect(self._done)
        dialog.open()

    def _done(self, text: str, version: int | None = None) -> None:
        self._notices.tell(text, version=version)
        self.acted.emit()

    def _unless(self, reason: Callable[[Subject], str]) -> Callable[[], str]:
        return unless(self._subject, reason)

    def _state(self) -> str:
        subject = self._subject()
        return "{state}" if subject is None else subject.state

    def _edit_path(self, attribute: str) -> str:
        return permissions.edit_run_path(self._run_number(), attribute)

    def _run_number(self) -> int | str:
        subject = self._subject()
        return "{run}" if subject is None else subject.run_number


def _not_open(subject: Subject) -> str:
    if subject.state == OPEN:
        return ""
    return f"Run {subject.run_number} is in state {subject.state}: it must be OPEN."


def _not_insignificant(subject: Subject) -> str:
    return (
        f"Run {subject.run_number} is already significant."
        if subject.significant
        else (_not_open(subject))
    )


def _not_signed_off(subject: Subject) -> str:
    if subject.state != OPEN:
        return ""
    return f"Run {subject.run_number} is OPEN: refresh it to take in what OMS has."


def _needs_no_update(subject: Subject) -> str:
    return (
        "" if subject.needs_manual_update else (f"Run {subject.run_number} needs no manual update.")
    )


def _is_already(subject: Subject, state: str) -> str:
    return (
        f"Run {subject.run_number} is in state {state} already." if subject.state == state else ""
    )
