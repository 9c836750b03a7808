"""Reports without a mouse: made, read and left."""

from app.views.reports.dialog import ReportsDialog
from tests.views.frame.without_a_mouse.steps import RUN
from tests.views.hand import Hand, name_of


def test_that_the_report_of_a_shift_is_made_and_read_and_its_plots_looked_at(hand: Hand) -> None:
    hand.press("Ctrl+Shift+P")
    dialog = hand.dialog(ReportsDialog)
    hand.until(lambda: name_of(hand.at) == "Kind of report")
    hand.tab_to("From")
    hand.write("2025-05-01")
    hand.tab_to("Until")
    hand.write("2025-05-02")
    hand.press("Return")
    hand.until(lambda: dialog.shown is not None and hand.at is dialog.text)
    assert str(RUN) in dialog.text.toPlainText()
    hand.press("Shift+Tab", "Right")
    hand.tab_to("Plots")
    assert dialog.view.plot is not None
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Runs")
