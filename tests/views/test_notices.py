"""What the person is told: notices, banner, report."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused, Unavailable
from app.views.background import Background
from app.views.notices import Level, NoticeBar, Notices, OutageBanner, ReportDialog, ask
from app.views.theme import Themes


@pytest.fixture
def bar(notices: Notices, themes: Themes, owner: QWidget) -> NoticeBar:
    return NoticeBar(notices, themes, owner)


def test_that_a_refusal_is_shown_as_written(bar: NoticeBar, notices: Notices) -> None:
    notices.refuse(Refused("Run 1 has no class: set one before signing it off."))
    assert bar.isVisible()
    assert bar.text.text() == "Run 1 has no class: set one before signing it off."
    assert bar.property("level") == "refused"


def test_that_what_was_done_goes_away_by_itself_and_a_refusal_does_not(
    bar: NoticeBar, notices: Notices
) -> None:
    notices.tell("Signed off run 1.")
    assert bar._timer.isActive()
    notices.refuse(Refused("No."))
    assert not bar._timer.isActive()


def test_that_a_notice_lies_at_the_bottom_and_moves_nothing(
    bar: NoticeBar, notices: Notices, owner: QWidget
) -> None:
    owner.resize(900, 500)
    notices.tell("Signed off run 1.")
    assert bar.geometry().bottom() == owner.rect().bottom() - 1
    owner.resize(700, 400)
    assert owner.rect().contains(bar.geometry())


def test_that_an_action_that_did_not_reach_the_server_says_that_nothing_was_written(
    bar: NoticeBar, notices: Notices
) -> None:
    notices.fail(Unavailable("The database is gone."))
    assert bar.text.text() == "The database is gone. Nothing was written: try again."


@pytest.mark.expected_log("ERROR app.views.notices: bug")
def test_that_a_bug_gives_a_report_that_can_be_copied(
    qtbot: QtBot,
    bar: NoticeBar,
    owner: QWidget,
    background: Background,
    bugs: list[Exception],
    notices: Notices,
) -> None:
    with qtbot.waitSignal(notices.shown) as shown:
        background.run(background.act(lambda: {}["missing"]), background)
    bugs.clear()
    assert shown.args is not None
    assert shown.args[0].level is Level.BUG
    qtbot.mouseClick(bar._detail, Qt.MouseButton.LeftButton)
    dialog = owner.findChild(ReportDialog)
    assert dialog is not None
    assert "KeyError: 'missing'" in dialog.report.toPlainText()
    copy = next(each for each in dialog.findChildren(QPushButton) if each.text() == "Copy")
    copy.click()
    assert "Traceback" in QGuiApplication.clipboard().text()


def test_that_the_banner_counts_down_and_goes_when_the_server_is_back(
    qtbot: QtBot, background: Background, themes: Themes, owner: QWidget
) -> None:
    banner = OutageBanner(background, themes, owner)
    background.lost("no route to host")
    assert banner.isVisible()
    assert "next try in 2 s" in banner.text.text()
    qtbot.waitUntil(lambda: "next try in 1 s" in banner.text.text())
    background.back()
    assert not banner.isVisible()


@pytest.mark.parametrize("says_yes", [True, False])
def test_that_only_a_yes_does_what_was_asked(qtbot: QtBot, owner: QWidget, says_yes: bool) -> None:
    done: list[bool] = []
    box = ask(owner, "Mark significant", "Really?", "Mark", lambda: done.append(True))
    role = QMessageBox.ButtonRole.AcceptRole if says_yes else QMessageBox.ButtonRole.RejectRole
    button = next(each for each in box.buttons() if box.buttonRole(each) == role)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ([True] if says_yes else [])
