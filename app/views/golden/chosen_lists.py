"""What acts on the lists that are chosen."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.views.places import PlaceContext


class OnChosenLists(QObject):
    """Acts on the lists that `chosen()` names when an action is triggered.

    Signals: `done()` when something has become of them.
    """

    done = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, chosen: Callable[[], Sequence[int]]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._chosen = chosen

    def why_not(self) -> str:
        """Why nothing can be done now; empty when a list is chosen."""
        return "" if self._chosen() else "Choose a golden JSON first."
