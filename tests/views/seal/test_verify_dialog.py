"""Verifying the history in the window: what is found, checkpoints, cancelling."""

from collections.abc import Callable

import psycopg
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.seal.verifying import verify
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.notices import Notices
from app.views.seal.verify_dialog import VerifyDialog
from tests.builders import EXPERT
from tests.sealing import seal

Open = Callable[[], VerifyDialog]
INSERT = (
    'INSERT INTO "Version" ("by", comment, "createdAt")'
    " VALUES ('a@cern.ch', 'HV <b>trip</b>', now())"
)


@pytest.fixture
def sealed(database: Database) -> Database:
    """Two versions that are sealed."""
    with database.transaction() as connection:
        connection.exec_driver_sql(INSERT)
        connection.exec_driver_sql(INSERT)
    seal(database)
    return database


@pytest.fixture
def open_dialog(
    database: Database, background: Background, notices: Notices, owner: QWidget
) -> Open:
    """Opens the dialog."""

    def open_() -> VerifyDialog:
        dialog = VerifyDialog(Acting(database, EXPERT), background, notices, None, owner)
        dialog.open()
        return dialog

    return open_


def test_that_nothing_is_read_before_it_is_asked_for(sealed, open_dialog, qtbot: QtBot):
    dialog = open_dialog()
    assert (dialog.verdict.text(), dialog.work.is_running) == ("", False)
    dialog.verify_button.click()
    qtbot.waitUntil(lambda: dialog.verdict.text() != "")
    assert dialog.verdict.text().startswith("Nothing was altered: 2 versions and ")
    assert dialog.verdict.property("role") == "success"
    assert "No root is signed" in dialog.details.text()
    assert dialog.findings.isHidden()


def test_that_what_was_altered_is_shown_as_text(sealed, open_dialog, dsn, qtbot: QtBot):
    with psycopg.connect(dsn) as control:
        control.execute('UPDATE "Version" SET "by" = \'b@cern.ch\' WHERE atomic_version = 2')
    dialog = open_dialog()
    dialog.verify_button.click()
    qtbot.waitUntil(dialog.findings.isVisible)
    assert dialog.verdict.property("role") == "refusal"
    assert dialog.verdict.text().startswith("1 fault in 2 versions")
    shown = dialog.findings.toPlainText()
    assert shown.startswith("version 2, by a@cern.ch, was altered")
    assert "HV <b>trip</b>" in shown


def test_that_a_checkpoint_is_copied_saved_and_compared(
    sealed, open_dialog, tmp_path, dsn, qtbot: QtBot
):
    dialog = open_dialog()
    dialog.copy_button.click()
    qtbot.waitUntil(lambda: dialog.verdict.text().startswith("Copied the checkpoint of "))
    note = QGuiApplication.clipboard().text()
    assert note.startswith("run-registry/")
    file = tmp_path / "kept.txt"
    file.write_text(note)
    with sealed.transaction() as connection:
        connection.exec_driver_sql(INSERT)
    seal(sealed)
    dialog.compare(file)
    qtbot.waitUntil(lambda: dialog.verdict.text().startswith("Nothing was altered"))
    assert "Compared with kept.txt" in dialog.details.text()
    file.write_text(note.replace(note.split("\n")[2], "A" * 43 + "="))
    # The verdict is there a moment before the work is over, which begins nothing else meanwhile.
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    dialog.compare(file)
    qtbot.waitUntil(dialog.findings.isVisible)
    assert "had another root" in dialog.findings.toPlainText()


def test_that_a_file_that_is_no_checkpoint_is_refused_in_the_dialog(
    sealed, open_dialog, tmp_path, qtbot: QtBot
):
    dialog = open_dialog()
    file = tmp_path / "other.txt"
    file.write_text("something else")
    dialog.compare(file)
    qtbot.waitUntil(lambda: dialog.verdict.property("role") == "refusal")
    assert "is not a signed note" in dialog.verdict.text()


def test_that_a_database_without_leaves_says_so(database, open_dialog, qtbot: QtBot):
    dialog = open_dialog()
    dialog.verify_button.click()
    qtbot.waitUntil(lambda: dialog.verdict.text() != "")
    assert dialog.verdict.text().startswith("Nothing is sealed yet")
    dialog.save_button.click()
    qtbot.waitUntil(lambda: dialog.verdict.property("role") == "refusal")


def test_that_escape_cancels_first_and_closes_then(sealed, open_dialog, qtbot: QtBot):
    dialog = open_dialog()
    closed = []
    dialog.finished.connect(closed.append)
    dialog.verify_button.click()
    assert not dialog.verify_button.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert closed == []
    assert dialog.verdict.text() in {
        "Cancelled before the end: nothing is known.",
        verify(Acting(sealed)).summary,
    }
    dialog.reject()
    assert len(closed) == 1


def test_that_the_help_menu_opens_it(window: MainWindow, qtbot: QtBot):
    window.actions_["help.verify"].trigger()
    (dialog,) = window.findChildren(VerifyDialog)
    assert dialog.isVisible()
    dialog.close()
