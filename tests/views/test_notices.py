"""What the person is told: notices, banner, report."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import LoginRefused, NotPermitted, Refused, Unavailable
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Level, NoticeBar, Notices, OutageBanner, ReportDialog, ask


@pytest.fixture
def bar(notices: Notices, themes: Themes, owner: QWidget) -> NoticeBar:
    bar = NoticeBar(notices, themes, owner)
    bar.resize(600, 24)
    return bar


def test_that_a_refusal_is_shown_as_written(bar: NoticeBar, notices: Notices) -> None:
    notices.refuse(Refused("Run 1 has no class: set one before signing it off."))
    assert bar.isVisible()
    assert bar.text.text() == "Run 1 has no class: set one before signing it off."
    assert bar.property("level") == "refused"


@pytest.mark.parametrize("egroups", [("shifters",), ("cms-dqm-runregistry-experts", "shifters")])
def test_that_the_pages_of_the_e_groups_that_could_do_it_are_opened(
    bar: NoticeBar, notices: Notices, egroups: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(bar.egroups, "_open_url", lambda url: opened.append(url.toString()))
    notices.refuse(NotPermitted("You may not do this.", egroups))
    assert bar.egroups.isVisible()
    # Reached without a mouse.
    assert bar.egroups.focusPolicy() & Qt.FocusPolicy.TabFocus
    QTest.keyClick(bar.egroups, Qt.Key.Key_Space)
    if len(egroups) > 1:
        assert bar.egroups.pages.isVisible()
        QTest.keyClick(bar.egroups.pages, Qt.Key.Key_Down)
        QTest.keyClick(bar.egroups.pages, Qt.Key.Key_Return)
    page = "https://e-groups.cern.ch/e-groups/Egroup.do?egroupName={}&tab=3"
    assert opened == [page.format(egroups[0])]
    notices.refuse(Refused("No."))
    assert not bar.egroups.isVisible()


@pytest.mark.parametrize("refused", [True, False])
def test_that_every_notice_is_quiet_after_a_while_and_keeps_its_undo(
    bar: NoticeBar, notices: Notices, refused: bool
) -> None:
    undone: list[int] = []
    notices.undo_wanted.connect(undone.append)
    if refused:
        notices.refuse(Refused("No."))
    else:
        notices.tell("Signed off run 1.", version=812)
    assert bar._timer.isActive()
    bar._timer.timeout.emit()
    assert bar.isVisible()
    assert bar.property("level") == ""
    assert bar.undo.isVisible() != refused
    if not refused:
        bar.undo.click()
        assert not bar.isVisible()
    assert undone == ([] if refused else [812])


def test_that_a_text_that_does_not_fit_can_be_read_in_a_box(
    qtbot: QtBot, bar: NoticeBar, notices: Notices, owner: QWidget
) -> None:
    notices.tell("Short.")
    assert not bar.whole.isVisible()
    long = "dt-dt is EMPTY in LS 12-40. " * 20
    notices.refuse(Refused(long))
    assert bar.text.shown.endswith("…")
    qtbot.mouseClick(bar.whole, Qt.MouseButton.LeftButton)
    box = owner.findChild(QMessageBox)
    assert box is not None
    assert box.text() == long
    box.close()
    bar.resize(20_000, 24)
    assert not bar.whole.isVisible()


def test_that_what_is_no_version_is_taken_back_its_own_way(
    bar: NoticeBar, notices: Notices
) -> None:
    taken: list[bool] = []
    notices.tell("Saved the rule.", take_back=lambda: taken.append(True))
    assert bar.undo.isVisible()
    bar.undo.click()
    assert taken == [True]


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
    background.retry_now()
    assert "it is being tried now" in banner.text.text()
    background.back()
    assert not banner.isVisible()


def test_that_the_banner_says_what_a_person_has_to_mend(
    qtbot: QtBot, background: Background, themes: Themes, owner: QWidget
) -> None:
    banner = OutageBanner(background, themes, owner)
    wrong: list[Exception] = [LoginRefused("The password has expired."), Unavailable("It's away.")]
    answers: list[str] = []

    def read() -> str:
        if wrong:
            raise wrong[0]
        return "here"

    async def ask_and_keep() -> None:
        answers.append(await background.read(read))

    background.run(ask_and_keep(), owner)
    qtbot.waitUntil(lambda: ": The password has expired. What is" in banner.text.text())
    background.lost("no news")  # whoever listens says less
    assert ": The password has expired. What is" in banner.text.text()
    del wrong[0]
    background.retry_now()
    qtbot.waitUntil(lambda: "expired" not in banner.text.text())
    wrong.clear()
    background.retry_now()
    qtbot.waitUntil(lambda: answers == ["here"])
    assert not banner.isVisible()


@pytest.mark.parametrize("says_yes", [True, False])
def test_that_only_a_yes_does_what_was_asked(qtbot: QtBot, owner: QWidget, says_yes: bool) -> None:
    done: list[bool] = []
    box = ask(owner, "Mark significant", "Really?", "Mark", lambda: done.append(True))
    role = QMessageBox.ButtonRole.AcceptRole if says_yes else QMessageBox.ButtonRole.RejectRole
    button = next(each for each in box.buttons() if box.buttonRole(each) == role)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ([True] if says_yes else [])
