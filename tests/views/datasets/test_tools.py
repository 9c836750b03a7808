"""The tools over datasets in the window: what is shown is what happens, to what was chosen."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.domain.certification.datasets import COMPLETED, OPEN
from app.domain.errors import Refused
from app.models.database.engine import Database
from app.models.events.action import begin
from app.services.editing import dataset_tools
from app.views.datasets.csv_dialog import CsvDialog
from app.views.datasets.tool_dialogs import (
    ChangeStatesDialog,
    CopyColumnsDialog,
    DuplicateDialog,
    HideDialog,
    SetColumnsDialog,
    UnhideDialog,
)
from app.views.frame.main_window import MainWindow
from app.views.history.undo_dialog import UndoDialog
from app.views.tables.dataset_groups import DatasetGroup
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, newest_version, states
from tests.views.offline_window import opened, select, settle


def tick(dialog: SetColumnsDialog | CopyColumnsDialog | CsvDialog, name: str) -> None:
    """Ticks this column and no other."""
    ticks = dialog.columns.list
    for row in range(ticks.count()):
        item = ticks.item(row)
        wanted = item.text() == name
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)


def previewed(qtbot: QtBot, dialog) -> list[tuple[str, ...]]:
    """The lines of the preview, once it is there."""
    qtbot.waitUntil(lambda: bool(dialog.effects.lines) and not dialog._previewing.is_running)
    return [line.texts for line in dialog.effects.lines]


def test_that_states_change_as_the_preview_says_and_the_notice_undoes_it(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    select(real_window.offline.table, 0, 1)
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    lines = previewed(qtbot, dialog)
    assert lines == [
        (str(SECOND), EXPRESS, "global OPEN -> COMPLETED"),
        (str(SECOND), PROMPT, "global OPEN -> COMPLETED"),
    ]
    assert dialog.summary.text().endswith("2 datasets will change.")
    dialog.reason.setText("looked at")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert states(database, SECOND)["global_state"] == COMPLETED
    assert states(database, FIRST)["global_state"] == OPEN
    assert newest_version(database)[2] == "looked at"
    settle(qtbot, real_window)
    assert real_window.status.notice.undo.isVisible()
    real_window.status.notice.undo.click()
    undo = real_window.findChild(UndoDialog)
    qtbot.waitUntil(undo.submit_button.isEnabled)
    undo.submit_button.click()
    qtbot.waitUntil(lambda: states(database, SECOND)["global_state"] == OPEN)
    settle(qtbot, real_window)


def test_that_everything_the_table_shows_can_be_meant_instead_of_the_selection(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    real_window.offline.table.filter.set_text(f'name = "{PROMPT}"')
    qtbot.waitUntil(lambda: real_window.offline.table.model.rowCount() == 2)
    select(real_window.offline.table, 0)
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    assert dialog.scope.selected.text() == "1 selected dataset"
    assert dialog.scope.everything.text() == "All 2 that the table shows"
    assert len(previewed(qtbot, dialog)) == 1
    dialog.scope.everything.setChecked(True)
    qtbot.waitUntil(lambda: len(dialog.effects.lines) == 2)
    assert {line.texts[1] for line in dialog.effects.lines} == {PROMPT}


def test_that_waiting_datasets_are_changed_only_when_they_are_ticked(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    previewed(qtbot, dialog)
    for state, box in dialog.from_states.items():
        assert box.isChecked() is (state in ("OPEN", "SIGNOFF", "COMPLETED"))
    for box in dialog.from_states.values():
        box.setChecked(False)
    qtbot.waitUntil(lambda: dialog.summary.text() == "Tick the states to change.")
    assert not dialog.submit_button.isEnabled()


def test_that_datasets_are_duplicated_under_another_name(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    real_window.offline.table.table.selectAll()
    dialog = opened(real_window, "dataset.duplicate", DuplicateDialog)
    qtbot.waitUntil(lambda: dialog.source.count() == 2)
    assert "name of the copies" in dialog.summary.text()
    dialog.source.setCurrentText(PROMPT)
    dialog.target.setText("/ReReco/Run2025A/DQM")
    lines = previewed(qtbot, dialog)
    assert [line[0] for line in lines] == [str(FIRST), str(SECOND)]
    assert all(line[2].startswith("new, 10 LS in ") for line in lines)
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    qtbot.waitUntil(lambda: real_window.offline.table.model.rowCount() == 6)


def test_that_a_problem_of_one_dataset_is_listed_first_and_nothing_can_be_done(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    real_window.offline.table.table.selectAll()
    dialog = opened(real_window, "dataset.duplicate", DuplicateDialog)
    qtbot.waitUntil(lambda: dialog.source.count() == 2)
    dialog.source.setCurrentText(PROMPT)
    dialog.target.setText(EXPRESS)
    lines = previewed(qtbot, dialog)
    assert lines[0][2] == f"Run {FIRST} already has a dataset {EXPRESS}."
    assert dialog.summary.property("role") == "refusal"
    assert not dialog.submit_button.isEnabled()


def test_that_columns_are_set_and_copied(qtbot: QtBot, real_window: MainWindow) -> None:
    real_window.offline.table.table.selectAll()
    dialog = opened(real_window, "dataset.set_columns", SetColumnsDialog)
    qtbot.waitUntil(lambda: "dt-dt" in _texts(dialog))
    dialog.status.setCurrentText("BAD")
    tick(dialog, "dt-dt")
    assert {line[2] for line in previewed(qtbot, dialog)} == {"10 cells in 10 LS"}
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    settle(qtbot, real_window)
    real_window.offline.table.table.selectAll()
    copy = opened(real_window, "dataset.copy_columns", CopyColumnsDialog)
    qtbot.waitUntil(lambda: copy.source.count() == 3 and "dt-dt" in _texts(copy))
    copy.source.setCurrentText("online")
    copy.target.setCurrentText(PROMPT)
    tick(copy, "dt-dt")
    lines = previewed(qtbot, copy)
    assert [line[:2] for line in lines] == [(str(FIRST), PROMPT), (str(SECOND), PROMPT)]


def test_that_hiding_wants_a_reason_and_hidden_datasets_can_be_seen_and_unhidden(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    table = real_window.offline.table
    select(table, 0)
    dialog = opened(real_window, "dataset.hide", HideDialog)
    previewed(qtbot, dialog)
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "A reason is required: it is kept with the datasets."
    dialog.reason.setText("a test run")
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    qtbot.waitUntil(lambda: table.model.rowCount() == 3)
    table.show_group(DatasetGroup.HIDDEN)
    qtbot.waitUntil(lambda: table.model.rowCount() == 1)
    settle(qtbot, real_window)
    select(table, 0)
    assert not real_window.actions_["dataset.hide"].isEnabled()
    unhide = opened(real_window, "dataset.unhide", UnhideDialog)
    previewed(qtbot, unhide)
    unhide.reason.setText("it is none")
    with qtbot.waitSignal(unhide.acted):
        unhide.submit_button.click()
    table.show_group(DatasetGroup.ALL)
    qtbot.waitUntil(lambda: table.model.rowCount() == 4)


def test_that_datasets_are_written_as_csv_with_the_ticked_columns(
    qtbot: QtBot, real_window: MainWindow, tmp_path: Path
) -> None:
    select(real_window.offline.table, 1)
    dialog = opened(real_window, "dataset.csv", CsvDialog)
    tick(dialog, "dt-dt")
    file = tmp_path / "datasets.csv"
    with qtbot.waitSignal(dialog.accepted):
        dialog.write(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("run_number,dataset_name,class,")
    assert ",dt-dt,oms_attributes" in lines[0]
    assert "csc-csc" not in lines[0]
    assert len(lines) == 2


def test_that_a_refusal_of_the_service_is_shown_and_the_form_stays(
    qtbot: QtBot, real_window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise Refused("Somebody was quicker.")

    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    previewed(qtbot, dialog)
    monkeypatch.setattr(dataset_tools, "apply", refuse)
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "Somebody was quicker."
    assert dialog.isVisible()


def test_that_cancelling_stops_the_work_and_changes_nothing(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    before = newest_version(database)
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    previewed(qtbot, dialog)
    with begin(database, {FIRST, SECOND}):  # so that the tool waits for somebody else
        dialog.submit_button.click()
        assert not dialog.submit_button.isEnabled()
        assert not dialog.fields.isEnabled()
        dialog.cancel_button.click()
    qtbot.waitUntil(lambda: dialog.summary.text() == "Cancelled: nothing was changed.")
    assert newest_version(database) == before
    assert dialog.isVisible()
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    dialog.cancel_button.click()
    assert not dialog.isVisible()


def test_that_a_lost_connection_is_said_in_the_dialog_which_stays_as_it_was(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    before = newest_version(database)
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    previewed(qtbot, dialog)
    with begin(database, {FIRST, SECOND}):  # so that the tool waits for somebody else
        dialog.submit_button.click()
        qtbot.waitUntil(lambda: terminated(database))
        qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text().endswith("Nothing was written: try again.")
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    assert newest_version(database) == before
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()


def test_that_a_preview_of_an_earlier_form_is_never_shown(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    dialog = opened(real_window, "dataset.states", ChangeStatesDialog)
    previewed(qtbot, dialog)
    with database.transaction() as connection:
        connection.execute(text('LOCK TABLE "Dataset" IN ACCESS EXCLUSIVE MODE'))
        dialog.to_state.setCurrentText("SIGNOFF")
        dialog.preview()
        assert dialog.effects.lines == ()
        dialog.from_states[OPEN].setChecked(False)
        dialog.preview()
        assert not dialog.submit_button.isEnabled()
    qtbot.waitUntil(lambda: not dialog._previewing.is_running)
    assert dialog.summary.text().endswith("nothing would change.")
    assert not dialog.submit_button.isEnabled()


def terminated(db: Database) -> bool:
    """Ends the connections that wait for a lock; false while there are none."""
    # Those of the client are in use.
    with db.raw_connection("control") as connection:
        (ended,) = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return ended != (0,)


def _texts(dialog: SetColumnsDialog | CopyColumnsDialog) -> list[str]:
    box = dialog.columns.list
    return [box.item(row).text() for row in range(box.count())]
