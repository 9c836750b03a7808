"""The state of the database in the window: sentences, what was false, counting all of it."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.recount import recounting
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.recount.standing_dialog import StandingDialog
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, sign_off_runs

Open = Callable[[], StandingDialog]
FORGED = """UPDATE "Run" SET rr_attributes = rr_attributes || '{"class": "For<b>ged"}'"""


@pytest.fixture
def acting(database: Database) -> Acting:
    sign_off_runs(database, FIRST)
    return Acting(database, EXPERT)


@pytest.fixture
def open_dialog(acting: Acting, background: Background, owner: QWidget) -> Open:
    def open_() -> StandingDialog:
        dialog = StandingDialog(acting, background, owner)
        dialog.open()
        return dialog

    return open_


def forge(acting: Acting) -> None:
    with acting.db.transaction() as connection:
        connection.exec_driver_sql(FORGED)


def test_that_it_tells_what_is_known_and_changes_nothing(acting, open_dialog, qtbot: QtBot):
    forge(acting)
    dialog = open_dialog()
    qtbot.waitUntil(lambda: "Nothing was counted again yet." in dialog.standing.text())
    assert "\n0 of 3 datasets were counted since" in dialog.standing.text()
    assert dialog.findings.isHidden()
    assert recounting.standing(acting).last is None


def test_that_everything_is_counted_when_asked_and_told_as_text(acting, open_dialog, qtbot: QtBot):
    forge(acting)
    dialog = open_dialog()
    dialog.count_button.click()
    qtbot.waitUntil(lambda: not dialog.work.is_running and dialog.outcome.text() != "")
    assert dialog.outcome.text().endswith("0 brought up to date, 1 false value found.")
    assert dialog.outcome.property("role") == "success"
    assert 'rr.class was "For<b>ged"' in dialog.findings.toPlainText()
    assert "expert@cern.ch" in dialog.findings.toPlainText()
    assert "\n3 of 3 datasets were counted since" in dialog.standing.text()


def test_that_a_login_that_may_not_repair_still_tells(
    acting, open_dialog, qtbot: QtBot, monkeypatch
):
    forge(acting)
    monkeypatch.setattr(Database, "writes_automatically", False)
    dialog = open_dialog()
    assert "a puller puts right" in dialog.count_button.toolTip()
    dialog.count_button.click()
    qtbot.waitUntil(lambda: not dialog.work.is_running and dialog.outcome.text() != "")
    assert dialog.outcome.property("role") == "refusal"
    assert "It isn't repaired." in dialog.findings.toPlainText()
    assert recounting.recount_all(acting, repair=False).findings


def test_that_closing_stops_the_counting_first(acting, open_dialog, qtbot: QtBot):
    dialog = open_dialog()
    dialog.count_button.click()
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert "Cancelled before the end" in dialog.outcome.text() or "counted" in dialog.outcome.text()
    assert dialog.isVisible()


def test_that_help_opens_it(window: MainWindow, qtbot: QtBot):
    window.actions_["help.state"].trigger()
    dialog = window.findChild(StandingDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.standing.text() != "Reading ...")
    dialog.reject()
