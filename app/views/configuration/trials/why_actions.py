"""Actions that explain the classification of the run in front."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.services.classifying.why import CLASS
from app.views.actions import ActionRow
from app.views.configuration.trials.why_dialog import WhyClassDialog
from app.views.places import PlaceContext
from app.views.runs.details import DetailsView
from app.views.subject import Subject, unless

RUN_MENU = ("run.why_class", "run.why_status")


class WhyActions(QObject):
    """Explains the dataset that `subject()` names when an action is triggered."""

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
                "Show the class classifiers of the run as trees, with their results",
                unless(self._subject),
                commands=("config why",),
                parameters=("run", "what", "--dataset", "--ls"),
            ),
            ActionRow(
                "run.why_status",
                "Why this status?",
                self.why_status,
                "Ctrl+Shift+J",
                "lumisections",
                "Show the classifiers of the selected column in the selected lumisection as trees",
                lambda: "" if self._column() else "Select a cell of a column in the grid first.",
                commands=("config why",),
                parameters=("run", "what", "--dataset", "--ls"),
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

    def _open(self, subject: Subject, question: str) -> WhyClassDialog:
        context = self._context
        dialog = WhyClassDialog(
            context.acting,
            context.background,
            context.themes,
            subject.run_number,
            subject.dataset,
            question,
            subject.ranges[0].first if subject.ranges else 1,
            self._window,
        )
        dialog.show()
        return dialog
