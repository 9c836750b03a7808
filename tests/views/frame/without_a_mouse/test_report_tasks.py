"""Reports without a mouse: made, read and left."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

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


# Qt's file dialog reads folders in a thread, which ends with the dialog.
@pytest.mark.qt_log_ignore("QBasicTimer::start", extend=True)
def test_that_the_reports_of_a_call_and_an_era_are_made_and_saved(
    hand: Hand, tmp_path: Path
) -> None:
    hand.do("Report for the certification call")
    dialog = _made(hand)
    assert "Certification call" in dialog.text.toPlainText()
    _save(hand, tmp_path / "call.html")
    assert (tmp_path / "call.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    hand.tab_to("Kind of report")
    hand.press("Down")
    hand.tab_to("Datasets")
    hand.press("Ctrl+A")
    hand.write("%")
    hand.press("Return")
    before = dialog.shown
    hand.until(lambda: dialog.shown is not before and hand.at is dialog.text)
    _save(hand, tmp_path / "era.pdf")
    assert (tmp_path / "era.pdf").read_bytes().startswith(b"%PDF-")


def _made(hand: Hand) -> ReportsDialog:
    dialog = hand.dialog(ReportsDialog)
    hand.until(lambda: name_of(hand.at) == "Kind of report")
    hand.press("Return")
    hand.until(lambda: dialog.shown is not None and hand.at is dialog.text)
    return dialog


def _save(hand: Hand, file: Path) -> None:
    """By the button: Enter, the name, Enter."""
    hand.tab_to("Save as HTML or PDF...")
    hand.press("Return")
    hand.dialog(QFileDialog)
    hand.press("Ctrl+A")
    hand.write(str(file))
    hand.press("Return")
    hand.until(file.exists)
    hand.dialog(ReportsDialog)
