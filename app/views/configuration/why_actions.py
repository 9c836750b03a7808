"""What the classifiers say of the run a person looks at, from menu or palette."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow
from app.views.backend.configuration import CLASS
from app.views.configuration.why_dialog import WhyClassDialog
from app.views.places import PlaceContext
from app.views.runs.details import DetailsView
from app.views.subject import Subject

RUN_MENU = ("run.why_class", "run.why_status")


class WhyActions(QObject):
    """Asks about the subject that `subject()` names when an action is asked for."""

    def __init__(
        self,
        context: PlaceContext,
        window: QWidget,
        subject: Callable[[], Subject | None],
        shown: Callable[[], DetailsView | None],
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._subject = subject
        self._shown = shown

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "run.why_class",
                "Why this class?",
                self.why_class,
                "Ctrl+Shift+K",
                "search",
                "The classifiers over the run as trees: why it has its class, or not another",
                lambda: self._subject() is not None,
            ),
            ActionRow(
                "run.why_status",
                "Why this status?",
                self.why_status,
                "Ctrl+Shift+J",
                "lumisections",
                "The classifiers of the chosen column in the chosen lumisection, each as a tree",
                lambda: self._column() != "",
            ),
        ]

    def why_class(self) -> WhyClassDialog | None:
        """Opens the window that explains the class."""
        subject = self._subject()
        return None if subject is None else self._open(subject, CLASS)

    def why_status(self) -> WhyClassDialog | None:
        """Opens the window that explains the chosen cell."""
        subject = self._subject()
        return None if subject is None else self._open(subject, self._column() or CLASS)

    def _column(self) -> str:
        """The chosen column of the grid; bits have no hyphen in their names."""
        details = self._shown()
        keys = () if details is None else details.lumisections.selection()[0]
        return next((key for key in keys if "-" in key), "")

    def _open(self, subject: Subject, asked: str) -> WhyClassDialog:
        context = self._context
        dialog = WhyClassDialog(
            context.backend,
            context.background,
            context.themes,
            subject.run_number,
            subject.dataset,
            asked,
            subject.ranges[0].first if subject.ranges else 1,
            self._window,
        )
        dialog.show()
        return dialog
