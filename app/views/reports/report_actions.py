"""The actions that open the reports."""

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow
from app.views.places import PlaceContext
from app.views.reports.dialog import CALL, ERA, SHIFT, ReportsDialog

MENU = ("report.shift", "report.call", "report.era")


class ReportActions(QObject):
    """Opens the window of reports."""

    def __init__(self, context: PlaceContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "report.shift",
                "Report of a shift...",
                lambda: self.open(SHIFT),
                "Ctrl+Shift+P",
                "file",
                "Runs taken, flags and why, sign-offs, what is open, notes; as page or PDF",
                commands=("report shift",),
                parameters=("--from", "--to", "--as-of", "--out"),
            ),
            ActionRow(
                "report.call",
                "Report for the certification call...",
                lambda: self.open(CALL),
                tip="Cycle by cycle what is golden, lost, changed since the last call, and left",
                commands=("report call",),
                parameters=("--cycle", "--since", "--as-of", "--out"),
            ),
            ActionRow(
                "report.era",
                "Report of an era...",
                lambda: self.open(ERA),
                tip="Luminosity accumulated over time, and efficiencies of sub-systems",
                commands=("report era",),
                parameters=("--datasets", "--rule", "--as-of", "--out"),
            ),
        ]

    def open(self, kind: str) -> ReportsDialog:
        """Opens the window with one of the reports chosen."""
        dialog = ReportsDialog(self._context, self._window, kind)
        dialog.open()
        return dialog
