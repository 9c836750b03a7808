"""Moving offline datasets in the window: which ones, where to, and what is said of it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.filters import Field, Source
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.notices import Notices
from app.views.runs.dialogs import MoveDatasetsDialog
from tests.views.fake_backend import OFFLINE, FakeBackend

FIRST, SECOND = (396_226, OFFLINE), (396_221, OFFLINE)


@pytest.fixture
def offline(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The window at the offline datasets in workspace tracker, the first row selected."""
    window.go_to("offline")
    window.workspace.setCurrentText("tracker")
    qtbot.waitUntil(lambda: window.offline.table.model.rowCount() == 6)
    qtbot.waitUntil(window.offline.table.table.selectionModel().hasSelection)
    qtbot.waitUntil(lambda: window.is_settled)
    return window


def select(window: MainWindow, *places: int) -> None:
    table = window.offline.table
    flags = QItemSelectionModel.SelectionFlag
    table.table.clearSelection()
    for place in places:
        table.table.selectionModel().select(table.model.index(place, 0), flags.Select | flags.Rows)


def opened(window: MainWindow, to_state: str) -> MoveDatasetsDialog:
    window.actions_[f"dataset.move.{to_state}"].trigger()
    dialog = window.findChild(MoveDatasetsDialog)
    assert isinstance(dialog, MoveDatasetsDialog)
    return dialog


def test_that_the_selected_datasets_move_in_the_workspace_that_is_shown(
    qtbot: QtBot, offline: MainWindow, backend: FakeBackend, notices: Notices
) -> None:
    select(offline, 0, 1)
    dialog = opened(offline, "SIGNOFF")
    assert dialog.submit_button.text() == "Move to SIGNOFF"
    assert f"{OFFLINE} of run {FIRST[0]}: OPEN" in dialog.listed.text()
    assert backend.acts == []
    with qtbot.waitSignal(notices.shown):
        dialog.submit_button.click()
    assert backend.acts == [("move datasets", (FIRST, SECOND), "tracker", "OPEN", "SIGNOFF")]
    assert notices.last is not None
    assert notices.last.text == "Done: move datasets."
    model = offline.offline.table.model
    qtbot.waitUntil(
        lambda: (
            [
                row.dataset_attributes["tracker_state"]
                for place in range(3)
                if (row := model.row_at(place)) is not None
            ]
            == ["SIGNOFF", "SIGNOFF", "OPEN"]
        )
    )


def test_that_a_refusal_is_said_as_written_and_the_dialog_stays(
    qtbot: QtBot, offline: MainWindow, backend: FakeBackend
) -> None:
    dialog = opened(offline, "COMPLETED")
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == f"{OFFLINE} of run {FIRST[0]} is in no cycle."
    assert dialog.isVisible()
    assert backend.acts == []
    dialog.reject()


def test_that_menus_name_the_workspace_and_offer_only_what_moves_something(
    qtbot: QtBot, offline: MainWindow, backend: FakeBackend
) -> None:
    actions = offline.actions_
    actions.update()
    assert actions["dataset.move.SIGNOFF"].text() == "Move to SIGNOFF in workspace tracker..."
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

    assert offline.offline.table.workspace == "tracker"
    assert shown()
    offline.workspace.setCurrentText("global")
    assert offline.offline.table.workspace == "global"
    assert shown()


def test_that_the_dataset_of_a_tab_is_what_moves_there(qtbot: QtBot, offline: MainWindow) -> None:
    select(offline, 0, 1)
    offline.offline.open_tab(*SECOND)
    qtbot.waitUntil(lambda: offline.offline.subject() is not None)
    selection = offline.offline.selection()
    assert selection is not None
    assert selection.states == {SECOND: "OPEN"}


def test_that_selected_datasets_that_nobody_scrolled_to_are_moved_too(
    qtbot: QtBot, offline: MainWindow, backend: FakeBackend
) -> None:
    backend.datasets = [
        replace(backend.datasets[0], run_number=396_500 - place) for place in range(300)
    ]
    offline.refresh()
    table = offline.offline.table
    qtbot.waitUntil(lambda: table.model.rowCount() == 300)
    qtbot.waitUntil(lambda: offline.is_settled)
    table.table.selectAll()
    offline.actions_["dataset.move.SIGNOFF"].trigger()
    qtbot.waitUntil(lambda: offline.findChild(MoveDatasetsDialog) is not None)
    dialog = offline.findChild(MoveDatasetsDialog)
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert len(backend.acts[-1][1]) == 300


def test_that_those_that_are_there_already_are_named_and_left_alone(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    states = {FIRST: "waiting dqm gui", SECOND: "OPEN", (396_216, OFFLINE): "SIGNOFF"}
    dialog = MoveDatasetsDialog(backend, background, states, "global", "OPEN", owner)
    dialog.open()
    assert "run 396221" not in dialog.listed.text()
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    moved = (FIRST, (396_216, OFFLINE))
    assert backend.acts == [("move datasets", moved, "global", None, "OPEN")]
