"""A tab about the golden JSON that is chosen in the list."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class GoldenPanel(QWidget):
    """Shows something about one golden JSON; asked only while it is in front.

    Signals: `run_wanted(run_number, dataset)` to look at a run or one of its datasets;
    `golden_wanted(int)` to choose another golden JSON.
    """

    tab = ""
    """What the tab says."""
    tab_tip = ""

    run_wanted = Signal(int, str)
    golden_wanted = Signal(int)

    def show_golden(self, id_: int | None) -> None:
        """Shows another golden JSON, or what to do when None is chosen."""
        raise NotImplementedError

    def renew(self) -> None:
        """Something was written to the database."""
