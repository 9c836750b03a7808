"""Undo in the window: the dialog with its preview, and the ways that lead to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.models.events.action import begin
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history.look import run_history_of
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import Themes
from app.views.notices import NoticeBar, Notices
from tests.builders import EXPERT, a_run
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, open_all, sign_off_runs
from tests.views.history.conftest import BAD, LENGTH, RUN, STANDBY, Set

DT_EXPERT = Actor("dt@cern.ch", frozenset({"dt-experts"}))
Open = Callable[..., UndoDialog]


@pytest.fixture
def open_dialog(background: Background, themes: Themes, owner: QWidget) -> Open:
    """Opens the dialog for a version."""

    def open_(acting: Acting, version: int) -> UndoDialog:
        dialog = UndoDialog(acting, background, themes, version, owner)
        dialog.open()
        return dialog

    return open_


@pytest.fixture
def pulled(run: Database) -> int:
    """A pull in which the DTs were off in LS 2 to 6, and which brought new lumisections."""
    off = {number: {"dt0_ready": False} for number in range(2, 7)}
    pull.apply(Acting(run), a_run(RUN, LENGTH + 5, changed=off))
    return newest(run)


@contextmanager
def nobody_let_in(server: TestServer, db: Database) -> Iterator[None]:
    """Ends every connection to a database and allows no other one for a while."""
    name = db.dsn_without_password.rsplit("/", 1)[1]
    with psycopg.connect(server.dsn("run_registry"), autocommit=True) as control:
        control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def newest(db: Database) -> int:
    return run_history_of(Acting(db), RUN, limit=1).entries[0].action.version


def dialog_of(qtbot: QtBot, window: MainWindow) -> UndoDialog:
    """The dialog that the window opens."""
    qtbot.waitUntil(lambda: window.findChild(UndoDialog) is not None)
    dialog = window.findChild(UndoDialog)
    assert isinstance(dialog, UndoDialog)
    return dialog


def show_history(qtbot: QtBot, window: MainWindow, rows: int) -> None:
    details = window.online.shown_details
    details.tabs.setCurrentWidget(details.history)
    qtbot.waitUntil(lambda: details.history.model.rowCount() == rows)


# --- the dialog -----------------------------------------------------------------------------------


def test_that_what_comes_back_and_what_stays_is_listed_before_anything_is_written(
    qtbot: QtBot, acting: Acting, open_dialog: Open, pulled: int, set_dt: Set
) -> None:
    since = set_dt(5, 6, STANDBY)
    dialog = open_dialog(acting, pulled)
    assert not dialog.submit_button.isEnabled()
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    assert dialog.summary.text().startswith(f"Undo version {pulled}: ")
    groups = list(dict.fromkeys(line.group for line in dialog.changes.model.lines))
    assert groups == ["Comes back", "Changed since, left alone", "Stays as it is"]
    assert dialog.made.text().startswith("automatic, by auto@auto")
    assert dialog.by_hand.isVisible()
    assert not dialog.leave_out.isVisible()
    assert newest(acting.db) == since
    dialog.comment.setText("wrong run")
    with qtbot.waitSignal(dialog.undone) as undone:
        dialog.submit_button.click()
    (outcome,) = undone.args
    assert outcome.text.startswith(f"Undid version {pulled}: ")
    written = run_history_of(acting, RUN, limit=1).entries[0].action
    assert written.version == outcome.version
    assert written.comment.endswith("(wrong run)")


def test_that_one_outcome_can_be_looked_at_alone(
    qtbot: QtBot, acting: Acting, open_dialog: Open, pulled: int
) -> None:
    dialog = open_dialog(acting, pulled)
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    qtbot.mouseClick(dialog.changes.chips.button("Stays as it is"), Qt.MouseButton.LeftButton)
    lines = dialog.changes.model.lines
    assert {line.group for line in lines} == {"Stays as it is"}
    assert "these lumisections came with this version" in {line.note for line in lines}


def test_that_a_refused_part_stops_the_whole_unless_it_is_left_out(
    qtbot: QtBot, database: Database, open_dialog: Open
) -> None:
    sign_off_runs(database, FIRST)
    open_all(database, FIRST)
    edits = [
        ColumnEdit(FIRST, PROMPT, column, (LumiRange(1, 2),), BAD)
        for column in ("dt-dt", "csc-csc")
    ]
    version = bulk_edit.write(Acting(database, EXPERT), edits).version
    assert version is not None
    dialog = open_dialog(Acting(database, DT_EXPERT), version)
    qtbot.waitUntil(dialog.leave_out.isVisible)
    refused = dialog.changes.model.lines[-1]
    assert (refused.group, refused.piece.key) == ("Refused", "csc-csc")
    assert not dialog.submit_button.isEnabled()
    dialog.leave_out.setChecked(True)
    with qtbot.waitSignal(dialog.undone):
        dialog.submit_button.click()
    rr = lumisections.dataset_state(Acting(database), FIRST, PROMPT).rr
    assert [rr.value(column, 1).status for column in ("dt-dt", "csc-csc")] == ["GOOD", "BAD"]


def test_that_what_is_refused_while_undoing_is_said_inside_and_the_dialog_stays(
    qtbot: QtBot, acting: Acting, open_dialog: Open, set_dt: Set
) -> None:
    dialog = open_dialog(acting, set_dt(2, 6))
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    set_dt(2, 6, STANDBY)
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text().endswith("all that it changed was changed again since.")
    assert dialog.isVisible()
    qtbot.waitUntil(dialog.submit_button.isEnabled)


def test_that_an_undo_without_the_server_says_that_nothing_was_written(
    qtbot: QtBot, server: TestServer, acting: Acting, open_dialog: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    dialog = open_dialog(acting, edited)
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with nobody_let_in(server, acting.db):
        dialog.submit_button.click()
        qtbot.waitUntil(dialog.refusal.isVisible)
        assert dialog.refusal.text().endswith("Nothing was written: try again.")
    assert newest(acting.db) == edited
    with qtbot.waitSignal(dialog.undone):
        dialog.submit_button.click()


def test_that_cancel_stops_an_undo_under_way_and_leaves_nothing_behind(
    qtbot: QtBot, acting: Acting, open_dialog: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    dialog = open_dialog(acting, edited)
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with begin(acting.db, [RUN]):  # Somebody else's action, for which the undo has to wait.
        dialog.submit_button.click()
        qtbot.waitUntil(lambda: dialog.work.is_running)
        dialog.reject()
        assert dialog.work.step.text() == "Cancelling ..."
        assert dialog.isVisible()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "Cancelled: nothing was written."
    assert newest(acting.db) == edited


# --- the ways to it -------------------------------------------------------------------------------


def test_that_the_history_offers_the_version_that_is_selected(
    qtbot: QtBot, run_window: MainWindow, notices: Notices, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    show_history(qtbot, run_window, 2)
    history = run_window.online.shown_details.history
    history.table.selectRow(0)
    history.undo_button.click()
    dialog = dialog_of(qtbot, run_window)
    assert dialog.version == edited
    qtbot.waitUntil(dialog.submit_button.isEnabled)
    with qtbot.waitSignal(notices.shown):
        dialog.submit_button.click()
    assert notices.last is not None
    assert notices.last.text.startswith(f"Undid version {edited}: 5 cells.")
    assert notices.last.version == edited + 1


def test_that_the_notice_offers_to_undo_what_it_tells(
    qtbot: QtBot, run_window: MainWindow, notices: Notices, set_dt: Set
) -> None:
    edited = set_dt(2, 4)
    notices.tell("Changed 3 cells in 1 dataset.", version=edited)
    (bar,) = run_window.findChildren(NoticeBar)
    assert bar.undo.isVisible()
    bar.undo.click()
    dialog = dialog_of(qtbot, run_window)
    assert dialog.version == edited
    assert not bar.isVisible()
    dialog.reject()
    notices.tell("Asking OMS.")
    assert not bar.undo.isVisible()


def test_that_the_context_menu_of_the_history_acts_on_the_entry_below_it(
    qtbot: QtBot, run_window: MainWindow, set_dt: Set
) -> None:
    created = set_dt(2, 6) - 1
    show_history(qtbot, run_window, 2)
    history = run_window.online.shown_details.history
    place = history.table.visualRect(history.model.index(1, 2)).center()
    qtbot.mouseClick(history.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    history.table.customContextMenuRequested.emit(place)
    menu = history.findChild(QMenu)
    assert menu is not None
    texts = [action.text() for action in menu.actions()]
    assert texts[:3] == [
        f"Undo version {created}...",
        f"As of version {created}",
        f"As of before version {created}",
    ]
    menu.actions()[0].trigger()
    menu.close()
    dialog = dialog_of(qtbot, run_window)
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == f"Version {created} created run {RUN}: that can't be undone."
    assert not dialog.submit_button.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("keys", ["Ctrl+Z", "Z"])
def test_that_undo_offers_what_this_person_did_last(
    qtbot: QtBot, run_window: MainWindow, set_dt: Set, keys: str
) -> None:
    edited = set_dt(2, 6)
    run_window.activateWindow()
    grid = run_window.online.shown_details.lumisections.grid
    grid.setFocus()
    QTest.keySequence(grid, QKeySequence(keys))
    dialog = dialog_of(qtbot, run_window)
    assert dialog.version == edited
    dialog.reject()


def test_that_a_person_who_undid_nothing_is_told_so(
    qtbot: QtBot, run_window: MainWindow, notices: Notices
) -> None:
    with qtbot.waitSignal(notices.shown):
        run_window.actions_["edit.redo"].trigger()
    assert notices.last is not None
    assert "There is nothing to redo" in notices.last.text
    assert run_window.findChild(UndoDialog) is None


def test_that_a_text_that_is_typed_has_its_own_undo(qtbot: QtBot, run_window: MainWindow) -> None:
    run_window.online.tabs.setCurrentIndex(0)
    run_window.activateWindow()
    edit = run_window.online.table.filter.edit
    edit.setFocus()
    qtbot.keyClicks(edit, "run")
    QTest.keySequence(edit, QKeySequence("Ctrl+Z"))
    assert edit.text() == ""
    assert run_window.findChild(UndoDialog) is None
