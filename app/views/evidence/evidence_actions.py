"""The actions on evidence: the histograms beside the grid, and pages with the selection."""

from collections.abc import Callable
from typing import Protocol

from app.views.actions import ActionRow

MENU = ("evidence.show",)


class ShownRun(Protocol):
    """The run that is looked at."""

    @property
    def is_loaded(self) -> bool: ...

    @property
    def has_evidence(self) -> bool: ...

    def show_evidence(self, *, shown: bool) -> None: ...


class EvidenceActions:
    """Shows and hides the histograms of the run in front."""

    def __init__(self, shown_run: Callable[[], ShownRun | None]) -> None:
        self._shown_run = shown_run

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "evidence.show",
                "Histograms of the DQM GUI",
                self.toggle,
                "Ctrl+Alt+V",
                "golden",
                "Show histograms of the run beside its lumisections",
                self._why_not,
                is_checked=self.is_shown,
                commands=("evidence",),
                parameters=("run", "dataset", "--workspace", "--layout"),
            ),
        ]

    def is_shown(self) -> bool:
        """Whether the histograms are beside the grid."""
        run = self._shown_run()
        return run is not None and run.has_evidence

    def toggle(self) -> None:
        """Shows the histograms, or hides them."""
        run = self._shown_run()
        if run is not None:
            run.show_evidence(shown=not run.has_evidence)

    def _why_not(self) -> str:
        run = self._shown_run()
        return "" if run is not None and run.is_loaded else "Select a run or a dataset first."
