"""Moving offline datasets in the window: which ones, where to, and what is said of it."""

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.filters import Field, Source
from app.services.acting import Acting
from app.services.certification import datasets, tables
from app.views.frame.main_window import MainWindow
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.runs.dialogs import MoveDatasetsDialog
from tests.views.many_runs import NAMES, NEWEST, SIGNED_OFF, add_copies, open_datasets
from tests.views.offline_window import select

FIRST, SECOND = (SIGNED_OFF[0], NAMES[0]), (SIGNED_OFF[0], NAMES[1])
THIRD = (SIGNED_OFF[1], NAMES[0])
COUNT = len(SIGNED_OFF) * len(NAMES)


@pytest.fixture
def offline(qtbot: QtBot, window: MainWindow, acting: Acting) -> MainWindow:
    """The window at the offline datasets in workspace dt, all OPEN, the first row selected."""
    open_datasets(acting.db)
    window.refresh()
    window.go_to("offline")
    window.workspace.setCurrentText("dt")
    qtbot.waitUntil(lambda: shown_states(window) == ["OPEN"] * COUNT)
    qtbot.waitUntil(window.offline.table.table.selectionModel().hasSelection)
    qtbot.waitUntil(lambda: window.is_settled)
    return window


def shown_states(window: MainWindow) -> list[object]:
    """States in workspace dt of the rows that are shown."""
    model = window.offline.table.model
    rows = (model.row_at(place) for place in range(model.rowCount()))
    return [row.dataset_attributes["dt_state"] for row in rows if row is not None]


def opened(window: MainWindow, to_state: str) -> MoveDatasetsDialog:
    window.actions_[f"dataset.move.{to_state}"].trigger()
    dialog = window.findChild(MoveDatasetsDialog)
    assert isinstance(dialog, MoveDatasetsDialog)
    return dialog


def test_that_the_selected_datasets_move_in_the_workspace_that_is_shown(
    qtbot: QtBot, offline: MainWindow, acting: Acting, notices: Notices
) -> None:
    select(offline.offline.table, 0, 1)
    dialog = opened(offline, "SIGNOFF")
    assert dialog.submit_button.text() == "Move to SIGNOFF"
    assert f"{FIRST[1]} of run {FIRST[0]}: OPEN" in dialog.listed.text()
    with qtbot.waitSignal(notices.shown):
        dialog.submit_button.click()
    assert notices.last is not None
    assert notices.last.text == "Moved 2 datasets to SIGNOFF in workspace dt."
    keys = [FIRST, SECOND, THIRD]
    assert list(tables.states(acting, keys, "dt").values()) == ["SIGNOFF", "SIGNOFF", "OPEN"]
    assert set(tables.states(acting, keys, "global").values()) == {"OPEN"}
    qtbot.waitUntil(lambda: shown_states(offline)[:3] == ["SIGNOFF", "SIGNOFF", "OPEN"])


def test_that_a_refusal_is_said_as_written_and_the_dialog_stays(
    qtbot: QtBot, offline: MainWindow, acting: Acting
) -> None:
    dialog = opened(offline, "SIGNOFF")
    datasets.move(acting, [FIRST], "dt", "COMPLETED")
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == (
        f"{FIRST[1]} of run {FIRST[0]} is COMPLETED in workspace dt, no longer OPEN: somebody"
        " else has moved it."
    )
    assert dialog.isVisible()
    assert tables.states(acting, [FIRST], "dt") == {FIRST: "COMPLETED"}
    dialog.reject()


def test_that_menus_name_the_workspace_and_offer_only_what_moves_something(
    qtbot: QtBot, offline: MainWindow
) -> None:
    actions = offline.actions_
    actions.update()
    assert actions["dataset.move.SIGNOFF"].text() == "Move to SIGNOFF in workspace dt..."
    assert actions["dataset.move.SIGNOFF"].isEnabled()
    assert not actions["dataset.move.OPEN"].isEnabled()
    assert actions["dataset.move.SIGNOFF"] in offline.offline_menu.actions()
    offline.go_to("online")
    assert not actions["dataset.move.SIGNOFF"].isEnabled()
    offline.workspace.setCurrentText("global")
    assert actions["dataset.move.SIGNOFF"].text() == "Move to SIGNOFF in workspace global..."


def test_that_the_state_in_the_workspace_is_a_column_of_the_table(
    qtbot: QtBot, offline: MainWindow
) -> None:
    def shown() -> bool:
        fields = [each.field for each in offline.offline.table.columns]
        return Field(Source.DATASET, f"{offline.offline.table.workspace}_state") in fields

    assert offline.offline.table.workspace == "dt"
    assert shown()
    offline.workspace.setCurrentText("global")
    assert offline.offline.table.workspace == "global"
    assert shown()


def test_that_the_dataset_of_a_tab_is_what_moves_there(qtbot: QtBot, offline: MainWindow) -> None:
    select(offline.offline.table, 0, 1)
    offline.offline.open_tab(*SECOND)
    qtbot.waitUntil(lambda: offline.offline.subject() is not None)
    selection = offline.offline.selection()
    assert selection is not None
    assert selection.states == {SECOND: "OPEN"}


def test_that_selected_datasets_that_nobody_scrolled_to_are_moved_too(
    qtbot: QtBot, offline: MainWindow, acting: Acting
) -> None:
    add_copies(acting.db, NEWEST + 1, NEWEST + 150, of=SIGNED_OFF[0])
    offline.refresh()
    table = offline.offline.table
    qtbot.waitUntil(lambda: table.model.rowCount() == COUNT + 300)
    qtbot.waitUntil(lambda: offline.is_settled)
    table.table.selectAll()
    offline.actions_["dataset.move.SIGNOFF"].trigger()
    qtbot.waitUntil(lambda: offline.findChild(MoveDatasetsDialog) is not None)
    dialog = offline.findChild(MoveDatasetsDialog)
    assert dialog is not None
    with qtbot.waitSignal(dialog.acted) as acted:
        dialog.submit_button.click()
    assert acted.args is not None
    assert acted.args[0] == f"Moved {COUNT + 300} datasets to SIGNOFF in workspace dt."


def test_that_those_that_are_there_already_are_named_and_left_alone(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    datasets.move(acting, [SECOND], "dt", "OPEN")
    states = {FIRST: "waiting dqm gui", SECOND: "OPEN", THIRD: "waiting dqm gui"}
    dialog = MoveDatasetsDialog(context, states, "dt", "OPEN", owner)
    dialog.open()
    assert SECOND[1] not in dialog.listed.text()
    with qtbot.waitSignal(dialog.acted) as acted:
        dialog.submit_button.click()
    assert acted.args is not None
    assert acted.args[0] == "Moved 2 datasets to OPEN in workspace dt."
