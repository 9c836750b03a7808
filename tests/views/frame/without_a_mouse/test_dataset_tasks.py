"""Cycles, the tools of the Dataset menu, and lumisections taken in, without a mouse."""

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.domain.certification.cycles import Cycle
from app.domain.certification.datasets import COMPLETED
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.editing import lumisections
from app.services.pulling import runs as pull
from app.views.cycles.dialogs import (
    AddToCycleDialog,
    EditCycleDialog,
    MoveCycleDialog,
    NewCycleDialog,
    RemoveFromCycleDialog,
)
from app.views.datasets.csv_dialog import CsvDialog
from app.views.datasets.tool_dialog import ToolDialog
from app.views.datasets.tool_dialogs import (
    ChangeStatesDialog,
    CopyColumnsDialog,
    DuplicateDialog,
    HideDialog,
    SetColumnsDialog,
    UnhideDialog,
)
from app.views.widgets.check_list import CheckList
from tests.builders import EXPERT, a_run
from tests.services.offline_runs import EXPRESS, FIRST, LENGTH, PROMPT, states
from tests.views.hand import Hand


@pytest.fixture
def offline(hand: Hand) -> Hand:
    """The keyboard is in the table of datasets, all of them selected."""
    hand.press("Ctrl+2")
    hand.settle()
    hand.until(lambda: hand.window.offline.table.model.rowCount() == 2)
    hand.press("Home", "Ctrl+A")
    return hand


def tick(hand: Hand, ticks: CheckList, list_name: str, name: str) -> None:
    """Ticks one more, by arrows and Space."""
    hand.until(lambda: any(_texts(ticks)))
    hand.tab_to(list_name)
    hand.press("Home", *["Down"] * _texts(ticks).index(name), "Space")
    assert name in ticks.ticked()


def _texts(ticks: CheckList) -> list[str]:
    return [ticks.list.item(row).text() for row in range(ticks.list.count())]


def apply(hand: Hand, dialog: ToolDialog) -> None:
    """Gives a reason, and Enter once the preview is there."""
    hand.tab_to("Reason")
    hand.write("looked at")
    hand.until(dialog.submit_button.isEnabled)
    hand.press("Return")
    hand.until(lambda: not hand.window.findChildren(ToolDialog))
    hand.settle()


def dt(db: Database, name: str) -> str:
    value = lumisections.dataset_state(Acting(db), FIRST, name).rr.value("dt-dt", 2)
    return value.status if value is not None else ""


def test_that_states_are_changed(offline: Hand, database: Database) -> None:
    offline.do("Change states")
    apply(offline, offline.dialog(ChangeStatesDialog))
    assert states(database, FIRST, PROMPT)["global_state"] == "COMPLETED"
    assert states(database, FIRST, EXPRESS)["global_state"] == "COMPLETED"


def test_that_columns_are_set_and_copied(offline: Hand, database: Database) -> None:
    offline.do("Set columns")
    dialog = offline.dialog(SetColumnsDialog)
    offline.tab_to("Status in every LS")
    offline.write("STANDBY")
    tick(offline, dialog.columns, "Columns", "dt-dt")
    apply(offline, dialog)
    assert dt(database, PROMPT) == dt(database, EXPRESS) == "STANDBY"
    offline.press("Home", "Ctrl+A")
    offline.do("Copy columns")
    copying = offline.dialog(CopyColumnsDialog)
    offline.until(lambda: copying.source.count() == 3)
    offline.tab_to("From datasets named")
    offline.press("Ctrl+A")
    offline.write("online")
    offline.tab_to("Into datasets named")
    offline.press("Ctrl+A")
    offline.write(PROMPT)
    tick(offline, copying.columns, "Columns", "dt-dt")
    apply(offline, copying)
    assert (dt(database, PROMPT), dt(database, EXPRESS)) == ("GOOD", "STANDBY")


def test_that_datasets_are_duplicated(offline: Hand, database: Database) -> None:
    offline.press("Ctrl+Shift+U")
    dialog = offline.dialog(DuplicateDialog)
    offline.until(lambda: dialog.source.count() == 2)
    offline.write("/ReReco/Run2025A/DQM")
    apply(offline, dialog)
    assert states(database, FIRST, "/ReReco/Run2025A/DQM")


def test_that_datasets_are_hidden_and_shown_again(offline: Hand, database: Database) -> None:
    table = offline.window.offline.table
    offline.do("Hide")
    apply(offline, offline.dialog(HideDialog))
    offline.until(lambda: table.model.rowCount() == 0)
    offline.tab_to("Hidden", back=True)
    offline.press("Space")
    offline.until(lambda: table.model.rowCount() == 2)
    offline.settle()
    offline.tab_to("Datasets")
    offline.press("Home", "Ctrl+A")
    offline.do("Un-hide")
    apply(offline, offline.dialog(UnhideDialog))
    offline.until(lambda: table.model.rowCount() == 0)


def test_that_the_file_of_an_export_is_asked_for(offline: Hand) -> None:
    offline.press("Ctrl+Shift+V")
    dialog = offline.dialog(CsvDialog)
    offline.settle()
    offline.tab_to("Save as...")
    offline.press("Space")
    offline.dialog(QFileDialog)
    offline.press("Escape")
    offline.until(lambda: QApplication.activeModalWidget() is dialog)
    offline.press("Escape")
    offline.until(lambda: not QApplication.activeModalWidget())


def test_that_a_cycle_is_made_and_filled(offline: Hand, database: Database) -> None:
    offline.press("Ctrl+Shift+N")
    offline.dialog(NewCycleDialog)
    offline.settle()
    offline.write("Call 12")
    offline.press("Return")
    offline.until(lambda: len(cycles.all_cycles(Acting(database), "global")) == 2)
    offline.settle()
    offline.press("Home", "Ctrl+A")
    offline.do("Add to a cycle")
    dialog = offline.dialog(AddToCycleDialog)
    offline.until(dialog.submit_button.isEnabled)
    offline.tab_to("Cycle")
    offline.write("Week")
    offline.press("Return")
    offline.until(lambda: _cycle(database).datasets == 2)
    offline.settle()


def _cycle(db: Database) -> Cycle:
    return next(each for each in cycles.all_cycles(Acting(db), "global") if "Week" in each.name)


def test_that_a_cycle_is_worked_through(hand: Hand, database: Database) -> None:
    datasets.move(Acting(database, EXPERT), [(FIRST, PROMPT)], "dt", COMPLETED)
    cycles.complete(Acting(database, EXPERT), _cycle(database).id, "dt")
    hand.press("Ctrl+3")
    hand.settle()
    hand.until(lambda: hand.window.cycles.cycle is not None)
    hand.do("Edit the cycle")
    hand.dialog(EditCycleDialog)
    hand.settle()
    hand.tab_to("Name")
    hand.press("End")
    hand.write("b")
    hand.press("Return")
    hand.until(lambda: _cycle(database).name == "Week 20b")
    hand.settle()
    hand.do("Move all datasets of the cycle")
    hand.dialog(MoveCycleDialog)
    hand.press("Return")
    hand.until(lambda: states(database, FIRST, PROMPT)["global_state"] == "COMPLETED")
    hand.settle()
    hand.do("Complete the cycle")
    hand.answer()
    hand.until(lambda: not _cycle(database).pending_in("global"))
    hand.settle()
    hand.do("Reopen the cycle")
    hand.answer()
    hand.until(lambda: _cycle(database).pending_in("global"))
    hand.settle()
    hand.tab_to("Datasets")
    hand.press("Home", "Ctrl+A")
    hand.do("Remove datasets from the cycle")
    hand.dialog(RemoveFromCycleDialog)
    hand.press("Return")
    hand.until(lambda: not _cycle(database).datasets)
    hand.settle()
    hand.do("Delete the cycle")
    hand.answer()
    hand.until(lambda: not cycles.all_cycles(Acting(database), "global"))
    hand.settle()


def test_that_lumisections_that_come_later_are_taken_in(hand: Hand, database: Database) -> None:
    pull.apply(Acting(database, EXPERT), a_run(FIRST, LENGTH + 5))
    hand.settle()
    hand.press("Down")
    button = hand.window.online.details.line.take_in_button
    hand.until(button.isVisible)
    hand.settle()
    hand.tab_to("Take them in")
    hand.press("Space")
    said = hand.window.status.notice.text
    hand.until(lambda: f"of run {FIRST}" in said.text())
    hand.settle()
