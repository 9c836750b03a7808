"""Permissions, accepted datasets and what follows from classifiers, without a mouse."""

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.trials.reclassify_dialog import ReclassifyDialog
from app.views.datasets_accepted.window import DatasetsAcceptedWindow
from tests.views.frame.without_a_mouse.steps import RUN
from tests.views.hand import Hand, name_of


def turn_to(hand: Hand, section: str) -> ListPane:
    """One of the lists of the configuration, by arrows."""
    hand.press("Ctrl+8")
    hand.settle()
    place = hand.window.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    hand.tab_to("Lists of the configuration")
    sections = place.sections
    texts = [sections.item(row).text() for row in range(sections.count())]
    at = next(row for row, text in enumerate(texts) if text.startswith(section))
    hand.press("Home", *["Down"] * at)
    hand.settle()
    pane = place.pane
    assert isinstance(pane, ListPane)
    return pane


def test_that_a_permission_is_added_checked_and_removed(hand: Hand, database: Database) -> None:
    def groups() -> set[str]:
        return {egroup for egroup, _ in in_force.current(Acting(database)).permissions.rows}

    pane = turn_to(hand, "Permissions")
    hand.press("Ctrl+N")
    hand.settle()
    hand.tab_to("E-group")
    hand.write("cms-zdc")
    hand.tab_to("Routes")
    hand.write("/runs/mark_significant")
    hand.press("Ctrl+Return")
    hand.settle()
    assert pane.rights is not None
    assert pane.tabs.currentWidget() is pane.rights
    assert "cms-zdc" not in groups()
    hand.press("Ctrl+S")
    hand.until(lambda: "cms-zdc" in groups())
    hand.settle()
    hand.press("Ctrl+Shift+Tab")
    hand.tab_to("Remove...")
    hand.press("Space")
    hand.dialog(QMessageBox)
    hand.press("Return")
    hand.until(lambda: "cms-zdc" not in groups())
    hand.settle()


def test_that_an_accepted_dataset_is_added_and_deleted(hand: Hand, database: Database) -> None:
    def names() -> set[str]:
        return {each.name for each in in_force.accepted_datasets(Acting(database))}

    hand.press("Ctrl+Shift+A")
    window = hand.dialog(DatasetsAcceptedWindow)
    hand.settle()
    hand.tab_to("New")
    hand.press("Space")
    assert name_of(hand.at) == "Dataset"
    hand.write("/PromptReco/ZDC2026/DQM")
    hand.tab_to("Class")
    hand.write("Collisions26")
    hand.tab_to("Regular expressions")
    hand.write("/PromptReco/.*")
    hand.tab_to("Add")
    hand.press("Return")
    hand.until(lambda: "/PromptReco/ZDC2026/DQM" in names())
    hand.settle()
    assert not window.editor.refusal.text()
    hand.tab_to("Delete...")
    hand.press("Space")
    hand.dialog(QMessageBox)
    hand.press("Return")
    hand.until(lambda: "/PromptReco/ZDC2026/DQM" not in names())
    hand.settle()
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Runs")


def test_that_open_runs_are_reclassified(hand: Hand) -> None:
    hand.do("Reclassify open runs")
    dialog = hand.dialog(ReclassifyDialog)
    hand.until(lambda: not dialog.work.is_running)
    assert name_of(hand.at) == "Runs"
    hand.write(str(RUN))
    hand.press("Return")
    hand.until(lambda: not dialog.work.is_running and dialog.summary.text())
    hand.press("Escape")
    hand.until(lambda: not QApplication.activeModalWidget())
    hand.settle()


@pytest.mark.parametrize("section", ["Classes", "Permissions"])
def test_that_a_change_is_dropped(hand: Hand, section: str) -> None:
    pane = turn_to(hand, section)
    hand.tab_to("Priority" if section == "Classes" else "E-group")
    hand.press("Ctrl+A")
    hand.write("7")
    assert pane.editor.is_changed
    hand.tab_to("Revert")
    hand.press("Space")
    assert not pane.editor.is_changed
