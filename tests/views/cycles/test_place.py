"""The place of the cycles on the real services: making, showing, completing."""

from datetime import UTC, date, datetime, timedelta

from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.domain.certification.cycles import Cycle, Progress
from app.domain.certification.datasets import COMPLETED, OPEN, SIGNOFF
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles
from app.views.cycles.dialogs import (
    AddToCycleDialog,
    EditCycleDialog,
    MoveCycleDialog,
    NewCycleDialog,
    RemoveFromCycleDialog,
)
from app.views.cycles.lines import cycle_lines, deadline_words, history_lines
from app.views.cycles.place import CyclesPlace
from app.views.frame.main_window import MainWindow
from app.views.runs.dialogs import MoveDatasetsDialog
from tests.builders import EXPERT
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, states
from tests.views.offline_window import opened, select, settle

TODAY = datetime.now(UTC).date()


def a_cycle(db: Database, name: str = "Call 1", days: int = 3) -> Cycle:
    keys = [(FIRST, PROMPT), (SECOND, PROMPT)]
    return cycles.create(Acting(db, EXPERT), name, TODAY + timedelta(days), ["dt", "csc"], keys)


def shown(qtbot: QtBot, window: MainWindow, number: int) -> None:
    window.go_to("cycles")
    qtbot.waitUntil(lambda: window.cycles.cycles.rowCount() == number)
    settle(qtbot, window)


def with_datasets(qtbot: QtBot, window: MainWindow, db: Database) -> CyclesPlace:
    """The place with a cycle of two datasets, which are shown."""
    a_cycle(db)
    shown(qtbot, window, 1)
    qtbot.waitUntil(lambda: window.cycles.datasets.model.rowCount() == 2)
    return window.cycles


def yes(window: MainWindow) -> None:
    """Says yes to the question that is asked."""
    boxes = [each for each in window.findChildren(QMessageBox) if each.isVisible()]
    boxes[-1].buttons()[0].click()


def test_that_a_cycle_is_made_of_the_selected_datasets_and_shows_them(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    select(real_window.offline.table, 0, 2)
    dialog = opened(real_window, "dataset.new_cycle", NewCycleDialog)
    qtbot.waitUntil(lambda: dialog.workspaces.list.count() > 0)
    dialog.submit_button.click()
    assert dialog.refusal.text() == "A cycle needs a name."
    dialog.name.setText("Call 7")
    dialog.deadline.setDate(QDate(2031, 5, 6))
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    (made,) = cycles.all_cycles(Acting(database))
    assert (made.name, made.deadline, made.datasets) == ("Call 7", date(2031, 5, 6), 2)
    shown(qtbot, real_window, 1)
    place = real_window.cycles
    assert place.title.text() == "Call 7"
    qtbot.waitUntil(lambda: place.datasets.model.rowCount() == 2)
    assert real_window.places.item(2).text() == "Cycles  1"


def test_that_overdue_cycles_are_marked_and_completed_ones_are_muted() -> None:
    states_ = {"global": "pending", "dt": "completed"}
    late = Cycle(1, "A", states_, date(2025, 5, 1), datetime.now(UTC), 3, {"dt": Progress(2, 0, 1)})
    (line,) = cycle_lines([late], "global", date(2025, 5, 3), {})
    assert (line.texts[1], line.token) == ("2025-05-01, overdue", "danger")
    (line,) = cycle_lines([late], "dt", date(2025, 5, 3), {})
    assert line.texts[1:] == ("2025-05-01", "2 of 3")
    assert line.token == "muted"
    assert deadline_words(date(2025, 5, 1), date(2025, 5, 1)).startswith("until the end of today")


def test_that_the_datasets_are_moved_and_the_cycle_completed_and_taken_back(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    made = a_cycle(database)
    real_window.workspace.setCurrentText("dt")
    shown(qtbot, real_window, 1)
    place = real_window.cycles
    assert place.cycles.lines[0].texts[2] == "0 of 2"
    real_window.actions_["cycle.complete"].trigger()
    yes(real_window)
    qtbot.waitUntil(lambda: real_window.notices.last is not None)
    assert "aren't COMPLETED in dt" in real_window.notices.last.text
    dialog = opened(real_window, "cycle.move", MoveCycleDialog)
    assert dialog.words.text() == "Moves 2 datasets in workspace dt, as one version."
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert states(database, FIRST)["dt_state"] == COMPLETED
    assert states(database, FIRST, EXPRESS)["dt_state"] != COMPLETED
    qtbot.waitUntil(lambda: place.cycles.lines[0].texts[2] == "2 of 2")
    settle(qtbot, real_window)
    real_window.actions_["cycle.complete"].trigger()
    yes(real_window)
    qtbot.waitUntil(lambda: not cycles.cycle(Acting(database), made.id).pending_in("dt"))
    qtbot.waitUntil(place.buttons["cycle.reopen"].isVisible)
    settle(qtbot, real_window)
    assert real_window.places.item(2).text() == "Cycles"
    real_window.actions_["cycle.reopen"].trigger()
    yes(real_window)
    qtbot.waitUntil(lambda: cycles.cycle(Acting(database), made.id).pending_in("dt"))
    settle(qtbot, real_window)
    what = [entry.what for entry in cycles.history(Acting(database), made.id)]
    assert what == ["moved back to pending", "completed", "datasets moved", "created"]
    qtbot.waitUntil(lambda: place.history.rowCount() == 4)


def test_that_datasets_are_put_into_a_cycle_and_taken_out(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    made = a_cycle(database)
    select(real_window.offline.table, 0)
    add = opened(real_window, "dataset.add_to_cycle", AddToCycleDialog)
    qtbot.waitUntil(add.submit_button.isEnabled)
    with qtbot.waitSignal(add.acted):
        add.submit_button.click()
    assert len(cycles.datasets(Acting(database), made.id)) == 3
    shown(qtbot, real_window, 1)
    place = real_window.cycles
    qtbot.waitUntil(lambda: place.datasets.model.rowCount() == 3)
    select(place.datasets, 0, 1)
    take = opened(real_window, "cycle.remove", RemoveFromCycleDialog)
    with qtbot.waitSignal(take.acted):
        take.submit_button.click()
    assert len(cycles.datasets(Acting(database), made.id)) == 1
    qtbot.waitUntil(lambda: place.datasets.model.rowCount() == 1)


def test_that_a_cycle_is_edited_and_deleted(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    made = a_cycle(database)
    shown(qtbot, real_window, 1)
    dialog = opened(real_window, "cycle.edit", EditCycleDialog)
    qtbot.waitUntil(lambda: dialog.workspaces.list.count() > 2)
    dialog.name.setText("Call 1b")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    qtbot.waitUntil(lambda: real_window.cycles.title.text() == "Call 1b")
    entries = cycles.history(Acting(database), made.id)
    assert history_lines(entries, datetime.now(UTC))[0].texts[3] == "name: Call 1 -> Call 1b"
    settle(qtbot, real_window)
    real_window.actions_["cycle.delete"].trigger()
    yes(real_window)
    qtbot.waitUntil(lambda: real_window.cycles.cycles.rowCount() == 0)
    assert real_window.cycles.empty.isVisible()
    assert "choose Dataset, New cycle" in real_window.cycles.empty.text()


def test_that_actions_on_datasets_apply_to_those_of_the_cycle(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    place = with_datasets(qtbot, real_window, database)
    select(place.datasets, 1)
    dialog = opened(real_window, f"dataset.move.{SIGNOFF}", MoveDatasetsDialog)
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert states(database, FIRST)["global_state"] == SIGNOFF
    assert states(database, SECOND)["global_state"] == OPEN


def test_that_the_keyboard_reaches_the_filter_of_the_datasets(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    place = with_datasets(qtbot, real_window, database)
    place.tabs.setCurrentIndex(1)
    place.list.setFocus()
    qtbot.keyClick(place.list, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(place.datasets.filter.edit.hasFocus)
    qtbot.keyClicks(place.datasets.filter.edit, f"run = {FIRST}")
    qtbot.keyClick(place.datasets.filter.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: place.datasets.model.rowCount() == 1)
