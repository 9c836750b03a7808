"""Filters saved, used, renamed and shared, without a mouse."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from app.views.tables.save_dialog import SaveDialog
from app.views.tables.saved_filters import SavedFiltersDialog
from tests.services.offline_runs import FIRST
from tests.views.frame.without_a_mouse.steps import RUN
from tests.views.hand import Hand, name_of


@pytest.fixture
def saved(hand: Hand) -> Hand:
    """A filter is in force and saved; the keyboard is on the button of the saved ones."""
    hand.press("Ctrl+F")
    hand.write(f"run = {FIRST}")
    hand.press("Escape", "Return")
    hand.until(lambda: hand.window.online.table.model.rowCount() == 1)
    hand.settle()
    hand.tab_to("Saved filters")
    choose(hand, "Save this filter...")
    hand.dialog(SaveDialog)
    hand.write("the first")
    hand.press("Return")
    hand.until(lambda: not QApplication.activeModalWidget())
    return hand


def choose(hand: Hand, text: str) -> None:
    """Opens the menu of the button that has the keyboard, and chooses by arrows."""
    assert name_of(hand.at) == "Saved filters", hand.story()
    seen: list[str] = []

    def in_menu() -> None:
        menu = QApplication.activePopupWidget()
        if not isinstance(menu, QMenu):
            return
        clock.stop()  # Qt waits in the menu until it is closed
        seen.extend(each.text() for each in menu.actions())
        for _ in seen:
            hand.press("Down")
            active = menu.activeAction()
            if active is not None and active.text() == text:
                hand.press("Return")
                return
        hand.press("Escape")
        seen.append("")

    clock = QTimer(interval=20)
    clock.timeout.connect(in_menu)
    clock.start()
    hand.press("Space")
    hand.until(lambda: not clock.isActive())
    assert "" not in seen[-1:], seen


def test_that_a_filter_is_saved_and_used_again(saved: Hand) -> None:
    table = saved.window.online.table
    saved.press("Ctrl+F", "Ctrl+A", "Delete", "Return")
    saved.until(lambda: table.model.rowCount() == 2)
    saved.settle()
    saved.tab_to("Saved filters")
    choose(saved, "the first")
    saved.until(lambda: table.model.rowCount() == 1)
    saved.settle()
    assert table.filter.edit.text() == f"run = {FIRST}"


def test_that_a_view_is_saved_and_its_filter_comes_back_with_it(saved: Hand) -> None:
    choose(saved, "Save this view...")
    saved.dialog(SaveDialog)
    saved.write("as it was")
    saved.press("Return")
    saved.until(lambda: not QApplication.activeModalWidget())
    saved.press("Ctrl+F", "Ctrl+A", "Delete", "Return")
    table = saved.window.online.table
    saved.until(lambda: table.model.rowCount() == 2)
    saved.settle()
    saved.tab_to("Saved filters")
    choose(saved, "as it was")
    saved.until(lambda: table.filter.edit.text() == f"run = {FIRST}")
    saved.until(lambda: table.model.rowCount() == 1)
    saved.settle()


def test_that_saved_filters_are_renamed_shared_and_deleted(saved: Hand) -> None:
    choose(saved, "Edit, copy and paste saved filters...")
    dialog = saved.dialog(SavedFiltersDialog)
    saved.tab_to("Name")
    saved.press("Ctrl+A")
    saved.write("mine")
    saved.tab_to("Rename")
    saved.press("Space")
    assert dialog.list.item(0).text().startswith("mine ")
    saved.tab_to("Copy all")
    saved.press("Space")
    assert QGuiApplication.clipboard().text() == f"mine: run = {FIRST}\n"
    saved.tab_to("Filters of others")
    saved.write(f"theirs: run = {RUN}")
    saved.tab_to("Add pasted")
    saved.press("Space")
    assert dialog.list.count() == 2
    assert dialog.list.currentItem().text().startswith("theirs ")
    saved.tab_to("Saved filters")
    saved.press("Home")
    saved.tab_to("Delete")
    saved.press("Space")
    assert dialog.list.count() == 1
    saved.tab_to("Saved filters")
    saved.press("Return")
    table = saved.window.online.table
    saved.until(lambda: table.filter.edit.text() == f"run = {RUN}")
    assert not QApplication.activeModalWidget()
    saved.settle()
