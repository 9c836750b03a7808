"""Actions of the golden JSON workbench on the run a person looks at, for menus and palette."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.configuration import permissions
from app.views.actions import ActionRow
from app.views.golden.explaining.why_dialog import WhyDialog
from app.views.golden.luminosity_dialog import LuminosityDialog
from app.views.places import PlaceContext
from app.views.subject import Subject, unless

RUN_MENU = ("run.why",)
GOLDEN_MENU = ("golden.luminosity",)


class WorkbenchActions(QObject):
    """Acts on the subject that `subject()` names when an action is triggered.

    Signals: `run_wanted(run_number, dataset)` to look at a run or one of its datasets; `acted()`
    when something was written.
    """

    run_wanted = Signal(int, str)
    acted = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, subject: Callable[[], Subject | None]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._subject = subject

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "run.why",
                "Why in the golden JSON?",
                self.why,
                "Ctrl+Shift+W",
                "golden",
                "Why the chosen lumisection is in the golden JSON or not, and who set the values",
                unless(self._subject),
                commands=("golden explain",),
                parameters=("run", "ls"),
            ),
            ActionRow(
                "golden.luminosity",
                "Import luminosity...",
                self.import_luminosity,
                "Ctrl+Shift+I",
                "lumisections",
                "Import luminosity from brilcalc, after a look at what it changes",
                right=lambda: (permissions.import_luminosity_path(),),
                commands=("luminosity import",),
                parameters=("file",),
            ),
        ]

    def import_luminosity(self) -> LuminosityDialog:
        """Opens the dialog that imports a file from brilcalc."""
        context = self._context
        dialog = LuminosityDialog(context, self._window)
        dialog.imported.connect(self._imported)
        dialog.run_wanted.connect(self.run_wanted)
        dialog.open()
        return dialog

    def _imported(self, text: str, version: int) -> None:
        self._context.notices.tell(text, version=version)
        self.acted.emit()

    def why(self) -> WhyDialog | None:
        """Opens the window that explains the lumisection that is chosen."""
        subject = self._subject()
        if subject is None:
            return None
        context = self._context
        dialog = WhyDialog(
            context.acting,
            context.background,
            context.themes,
            subject.run_number,
            subject.dataset,
            subject.ranges[0].first if subject.ranges else 1,
            self._window,
        )
        dialog.run_wanted.connect(self.run_wanted)
        dialog.show()
        return dialog
