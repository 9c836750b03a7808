"""A tab about the golden JSON that is chosen in the list."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class GoldenPanel(QWidget):
    """Shows something about one golden JSON while it is in front.

    Signals: `run_wanted(run_number, dataset)` to look at a run or one of its datasets;
    `golden_wanted(int)` to choose another golden JSON.
    """

    tab = ""
    """Title of the tab."""
    tab_tip = ""

    run_wanted = Signal(int, str)
    golden_wanted = Signal(int)

    def show_golden(self, id_: int | None) -> None:
        """Shows another golden JSON; with None, what to do."""
        raise NotImplementedError

    def renew(self) -> None:
        """Takes up that something was written to the database."""
