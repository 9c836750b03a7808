"""What can be done with the run a person looks at, from menu, context menu or palette."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.certification.runs import OPEN, RUN_STATES
from app.services.acting import Acting
from app.services.certification import growth, runs
from app.views.actions import ActionRow
from app.views.background import Background
from app.views.notices import Notices, ask
from app.views.runs.dialogs import EditRunDialog, MoveDialog
from app.views.subject import Subject
from app.views.widgets.action_dialog import ActionDialog

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

_SHORTCUTS = {"OPEN": "Ctrl+Shift+O", "SIGNOFF": "Ctrl+Shift+S", "COMPLETED": "Ctrl+Shift+D"}


class RunActions(QObject):
    """Acts on the subject that `subject()` names when an action is asked for.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self,
        acting: Acting,
        background: Background,
        notices: Notices,
        window: QWidget,
        subject: Callable[[], Subject | None],
    ) -> None:
        super().__init__(window)
        self._acting = acting
        self._background = background
        self._notices = notices
        self._window = window
        self._subject = subject

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        moves = [
            ActionRow(
                f"run.move.{state}",
                f"Move to {state}...",
                lambda state=state: self.move(state),  # type: ignore[misc]
                _SHORTCUTS[state],
                "move",
                f"Move the run to state {state}",
                self._is(lambda subject, state=state: subject.state != state),  # type: ignore[misc]
            )
            for state in RUN_STATES
        ]
        is_open = self._is(lambda subject: subject.state == OPEN)
        return [
            ActionRow(
                "run.significant",
                "Mark significant...",
                self.mark_significant,
                "Ctrl+M",
                "significant",
                "Classify the run's columns. This can't be undone",
                self._is(lambda subject: subject.state == OPEN and not subject.significant),
            ),
            ActionRow(
                "run.edit",
                "Class and stop reason...",
                self.edit_run,
                "Ctrl+E",
                "edit",
                "Set class and stop reason by hand",
                is_open,
            ),
            *moves,
            ActionRow(
                "run.refresh",
                "Refresh from OMS",
                self.refresh,
                "Ctrl+R",
                "refresh",
                "Fetch the run from OMS and classify it again",
                is_open,
            ),
            ActionRow(
                "run.reset",
                "Reset and refresh...",
                self.reset,
                "Ctrl+Shift+R",
                "reset",
                "Like refresh, but compute class and significance from scratch",
                is_open,
            ),
            ActionRow(
                "run.take_in",
                "Take in new LS",
                self.take_in,
                "",
                "add",
                "Bring LS that the run gained since its sign-off into it and its datasets, without"
                " reopening it",
                self._is(lambda subject: subject.state != OPEN),
            ),
            ActionRow(
                "run.settle",
                "Mark manual update as done",
                self.settle,
                "",
                "done",
                "Remove the mark that the run needs a manual update",
                self._is(lambda subject: subject.needs_manual_update),
            ),
        ]

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
                    self._acting,
                    self._background,
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
            self._open(
                MoveDialog(
                    self._acting,
                    self._background,
                    subject.run_number,
                    subject.state,
                    to_state,
                    self._window,
                )
            )

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
            self._act(lambda: runs.settle_manual_update(self._acting, number))

    def _act(self, work: Callable[[], str]) -> None:
        self._background.run(self._do(work), self)

    async def _do(self, work: Callable[[], str]) -> None:
        self._done(await self._background.act(work))

    def _open(self, dialog: ActionDialog) -> None:
        dialog.acted.connect(self._done)
        dialog.open()

    def _done(self, text: str) -> None:
        self._notices.tell(text)
        self.acted.emit()

    def _is(self, condition: Callable[[Subject], bool]) -> Callable[[], bool]:
        def holds() -> bool:
            subject = self._subject()
            return subject is not None and condition(subject)

        return holds
