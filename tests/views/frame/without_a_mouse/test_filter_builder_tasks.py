"""A filter built without a mouse."""

from PySide6.QtWidgets import QApplication

from app.views.tables.filter_builder import FilterBuilder
from tests.views.frame.without_a_mouse.steps import RUN
from tests.views.hand import Hand


def test_that_a_filter_is_built_for_the_table(hand: Hand) -> None:
    hand.press("Ctrl+Shift+B")
    hand.dialog(FilterBuilder)
    hand.write(f"run = {RUN} ")
    hand.press("Return", "Ctrl+Return")
    hand.until(lambda: QApplication.activeModalWidget() is None)
    hand.settle()
    table = hand.window.online.table
    assert table.filter.text == f"run = {RUN}"
    assert table.model.rowCount() == 1

    table.filter.set_text("run >")
    hand.press("Ctrl+Shift+B")
    builder = hand.dialog(FilterBuilder)
    assert "Expected a value" in builder.whole.refusal.text()
    hand.press("Escape")
    hand.until(lambda: QApplication.activeModalWidget() is None)
    assert table.filter.text == "run >"
