"""The list and the pane below it show the same run."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.views.focus import give_keys
from app.views.frame.main_window import MainWindow
from tests.builders import EXPERT
from tests.views.many_runs import COUNT, NEWEST, SIGNED_OFF, add_run, locked


def loaded(qtbot: QtBot, window: MainWindow, run_number: int | None) -> None:
    details = window.online.details
    qtbot.waitUntil(
        lambda: (
            (details.details.run_number if details.details else None) == run_number
            and not window._background.busy
        )
    )


def test_that_after_a_filter_the_pane_shows_a_run_of_the_list(
    qtbot: QtBot, window: MainWindow
) -> None:
    table = window.online.table
    loaded(qtbot, window, NEWEST)
    table.filter.set_text(f"run < {NEWEST - 3}")
    loaded(qtbot, window, NEWEST - 4)
    assert table.chosen is not None
    assert table.chosen.run_number == NEWEST - 4
    table.filter.set_text(f"run = {NEWEST + 1}")
    loaded(qtbot, window, None)
    pane = window.online.details
    assert pane.line.title.text() == "No run is selected"
    assert pane.lumisections.grid.snapshot is None
    assert pane.history.model.rowCount() == 0
    assert pane.line.not_listed.text() == ""
    assert window.online.subject() is None
    table.filter.set_text("")
    qtbot.waitUntil(lambda: table.model.rowCount() == COUNT)
    loaded(qtbot, window, NEWEST)


def test_that_a_run_that_leaves_the_list_stays_in_the_pane_which_says_so(
    qtbot: QtBot, window: MainWindow, thirty_runs: Database
) -> None:
    table, pane = window.online.table, window.online.details
    loaded(qtbot, window, NEWEST)
    table.filter.set_text(f"state = OPEN and run > {NEWEST - 3}")
    qtbot.waitUntil(lambda: table.model.rowCount() == 3)
    loaded(qtbot, window, NEWEST)
    runs.move(Acting(thirty_runs, EXPERT), NEWEST, "SIGNOFF")
    window.online.refresh(frozenset({NEWEST}))
    qtbot.waitUntil(lambda: table.model.rowCount() == 2)
    qtbot.waitUntil(lambda: pane.line.not_listed.text() == "not in this list")
    loaded(qtbot, window, NEWEST)
    table.table.selectRow(0)
    loaded(qtbot, window, NEWEST - 1)
    assert pane.line.not_listed.text() == ""


def test_that_the_pane_is_pale_until_the_marked_run_is_there_and_forgets_typed_lumisections(
    qtbot: QtBot, window: MainWindow, runs_dsn: str
) -> None:
    loaded(qtbot, window, NEWEST)
    pane = window.online.details
    pane.lumisections.ranges.setText("3-5")
    with locked(runs_dsn):
        window.online.table.table.selectRow(1)
        qtbot.waitUntil(pane.dimmer.isVisible)
    loaded(qtbot, window, NEWEST - 1)
    assert not pane.dimmer.is_dimming
    assert pane.lumisections.ranges.text() == ""


def test_that_a_place_that_nobody_has_looked_at_opens_at_its_newest_rows(
    qtbot: QtBot, window: MainWindow, thirty_runs: Database
) -> None:
    for number in (NEWEST, NEWEST - 1, NEWEST - 2):
        runs.move(Acting(thirty_runs, EXPERT), number, "SIGNOFF")
    table = window.offline.table
    before = table.model.rowCount()
    window.offline.refresh()
    qtbot.waitUntil(lambda: table.model.rowCount() > before)
    for number in range(NEWEST + 1, NEWEST + 40):
        add_run(thirty_runs, number)
        runs.move(Acting(thirty_runs, EXPERT), number, "SIGNOFF")
    window.offline.refresh()
    qtbot.waitUntil(table.newest.calm.isActive)
    table.newest.calm.setInterval(0)
    newest = NEWEST + 39
    qtbot.waitUntil(lambda: table.chosen is not None and table.chosen.run_number == newest)
    window.go_to("offline")
    qtbot.waitUntil(lambda: not window._background.busy)
    assert table.table.rows_in_sight().start == 0
    qtbot.waitUntil(lambda: window.offline.details.details is not None)
    assert window.offline.details.details.run_number == newest


@pytest.mark.parametrize("hand", ["none", "list", "pane", "tab"])
def test_that_the_newest_run_is_shown_until_a_hand_touches_anything(
    qtbot: QtBot, window: MainWindow, thirty_runs: Database, hand: str
) -> None:
    loaded(qtbot, window, NEWEST)
    place = window.online
    match hand:
        case "list":
            table = place.table.table
            top = table.visualRect(table.currentIndex()).center()
            qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=top)
        case "pane":
            give_keys(place.details.lumisections.grid)
        case "tab":
            place.details.tabs.setCurrentIndex(1)
    add_run(thirty_runs, NEWEST + 1)
    window.refresh()
    qtbot.waitUntil(lambda: place.table.model.rowCount() == 31)
    assert place.details.run_number == NEWEST
    assert place.table.newest.calm.isActive() == (hand == "none")
    place.table.newest.calm.setInterval(0)
    loaded(qtbot, window, NEWEST + 1 if hand == "none" else NEWEST)


def test_that_the_grid_is_pale_until_the_chosen_dataset_is_there(
    qtbot: QtBot, window: MainWindow, runs_dsn: str
) -> None:
    window.show_run(SIGNED_OFF[0])
    details = window.online.shown_details
    pane = details.lumisections
    qtbot.waitUntil(lambda: pane.grid.snapshot is not None and not window._background.busy)
    with locked(runs_dsn, "DatasetEvent"):
        pane.datasets.setCurrentIndex(1)
        qtbot.waitUntil(pane.dimmer.isVisible)
    qtbot.waitUntil(lambda: not pane.dimmer.is_dimming)
    assert pane.grid.snapshot is not None
    assert pane.grid.snapshot.dataset == pane.datasets.currentText()
    qtbot.waitUntil(lambda: not window._background.busy)
