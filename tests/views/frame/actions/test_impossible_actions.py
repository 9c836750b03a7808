"""Actions that can't be done now: greyed with the reason, which a key tells, too."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import Kind
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.configuration import edits
from app.views.frame.main_window import MainWindow
from app.views.notices import Level, Notices
from app.views.session import Workplace
from tests.builders import EXPERT, NOBODY
from tests.views.many_runs import NEWEST
from tests.views.workplaces import a_workplace

SIGN_OFF = "run.move.SIGNOFF"


@pytest.fixture
def actor() -> Actor:
    return EXPERT


@pytest.fixture
def workplace(thirty_runs: Database, actor: Actor) -> Workplace:
    return a_workplace(thirty_runs, actor)


def loaded(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.subject() is not None)
    window.actions_.update()


def test_that_a_menu_greys_an_action_with_the_reason_as_its_tip(
    qtbot: QtBot, window: MainWindow
) -> None:
    loaded(qtbot, window)
    again = window.actions_["run.move.OPEN"]
    assert not again.isEnabled()
    assert again.toolTip() == f"Run {NEWEST} is in state OPEN already."
    assert window.run_menu.toolTipsVisible()
    assert window.actions_[SIGN_OFF].toolTip() == "Move the run to state SIGNOFF"
    assert window.actions_["cycle.edit"].toolTip() == "Choose a cycle in Cycles first."


def test_that_the_key_of_an_impossible_action_tells_the_reason(
    qtbot: QtBot, window: MainWindow, notices: Notices
) -> None:
    loaded(qtbot, window)
    window.activateWindow()
    QTest.keySequence(window, QKeySequence("Ctrl+Shift+O"))
    assert notices.last is not None
    assert notices.last.level is Level.REFUSED
    assert notices.last.text == f"Run {NEWEST} is in state OPEN already."


@pytest.mark.parametrize("actor", [NOBODY])
def test_that_who_may_not_reads_which_e_group_it_takes(
    qtbot: QtBot, window: MainWindow, notices: Notices
) -> None:
    loaded(qtbot, window)
    qtbot.waitUntil(lambda: not window.actions_[SIGN_OFF].isEnabled())
    sentence = (
        "nobody@cern.ch may not do this (/runs/move_run/OPEN/SIGNOFF). It takes a member of"
        " one of cms-dqm-runregistry-experts, shifters."
    )
    assert window.actions_[SIGN_OFF].toolTip().replace("\n", " ") == sentence
    window.activateWindow()
    QTest.keySequence(window, QKeySequence("Ctrl+Shift+S"))
    assert notices.last is not None
    assert notices.last.text == sentence
    assert notices.last.egroups == ("cms-dqm-runregistry-experts", "shifters")
    assert window.actions_["run.refresh"].isEnabled()


READ_AGAIN: dict[str, Callable[[MainWindow], object]] = {
    "reload": MainWindow.refresh,
    "place": lambda window: window.go_to("offline"),
    "news": lambda window: window._show_changes(frozenset({NEWEST})),
}


@pytest.mark.parametrize("actor", [NOBODY])
@pytest.mark.parametrize("by", READ_AGAIN)
def test_that_a_right_that_is_given_is_seen_when_something_is_read_again(
    qtbot: QtBot, window: MainWindow, workplace: Workplace, by: str
) -> None:
    loaded(qtbot, window)
    qtbot.waitUntil(lambda: not window.actions_[SIGN_OFF].isEnabled())
    member = Actor(NOBODY.email, frozenset({"cms-dt"}))
    window._context.rights._acting = workplace.acting.by(member)
    given = {"egroup": "cms-dt", "routes": ["/runs/move_run/.*"]}
    edits.add_item(workplace.acting.by(EXPERT), Kind.PERMISSION, given)
    # Changes aren't announced: they are read when somebody reloads, or when a minute has passed.
    window._context.rights._read_at -= 61
    READ_AGAIN[by](window)
    qtbot.waitUntil(lambda: not window._context.rights.why_not(["/runs/move_run/OPEN/SIGNOFF"]))


def test_that_the_context_menu_of_a_golden_json_is_greyed_like_the_others(
    window: MainWindow,
) -> None:
    window.golden_menu.aboutToShow.emit()
    shown = {action.objectName(): action for action in window.golden_menu.actions()}
    assert not shown["golden.delete"].isEnabled()
    assert shown["golden.delete"].toolTip() == "Choose a golden JSON first."
