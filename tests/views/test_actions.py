"""Actions of a window: their keys, and what is asked before they are done."""

from collections.abc import Sequence

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow, Actions
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.rights import Rights
from tests.builders import EXPERT


class Lamp:
    """Something that can be switched on once."""

    def __init__(self) -> None:
        self.is_on = False
        self.switched = 0

    def why_not(self) -> str:
        return "It is on." if self.is_on else ""

    def switch_on(self) -> None:
        self.is_on = True
        self.switched += 1

    def path(self) -> Sequence[str]:
        return ("/lamps",)


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


@pytest.fixture
def rights(workplace, background: Background) -> Rights:
    return Rights(workplace.acting, background)


@pytest.fixture
def actions(
    owner: QWidget, themes: Themes, notices: Notices, rights: Rights, lamp: Lamp
) -> Actions:
    actions = Actions(owner, themes, notices, rights)
    row = ActionRow("lamp", "On", lamp.switch_on, "Ctrl+J", why_not=lamp.why_not, right=lamp.path)
    actions.add([row])
    actions.update()
    owner.activateWindow()
    return actions


def press(owner: QWidget) -> None:
    QTest.keySequence(owner, QKeySequence("Ctrl+J"))


def test_that_a_key_does_the_action_once_and_then_tells_why_not(
    owner: QWidget, actions: Actions, lamp: Lamp, notices: Notices
) -> None:
    press(owner)
    assert (lamp.switched, notices.last) == (1, None)
    assert not actions["lamp"].isEnabled()
    press(owner)
    assert lamp.switched == 1
    assert notices.last is not None
    assert notices.last.text == "It is on."


def test_that_a_key_asks_the_state_of_now_not_that_of_the_last_menu(
    owner: QWidget, actions: Actions, lamp: Lamp, notices: Notices
) -> None:
    lamp.is_on = True
    assert actions["lamp"].isEnabled()
    press(owner)
    assert lamp.switched == 0
    assert notices.last is not None
    lamp.is_on = False
    assert not actions["lamp"].isEnabled()
    press(owner)
    assert lamp.switched == 1


def test_that_a_right_is_not_missed_before_the_permissions_are_read(
    qtbot, rights: Rights, actions: Actions
) -> None:
    rights._acting = rights._acting.by(rights._acting.actor.__class__("nobody@cern.ch"))
    assert actions.choices()[0].why_not == ""
    with qtbot.waitSignal(rights.changed):
        rights.load()
    assert actions.choices()[0].why_not.startswith("nobody@cern.ch may not do this (/lamps).")
    assert not actions["lamp"].isEnabled()
    assert rights.why_not(["/lamps/{which}"]) == ""
    rights._acting = rights._acting.by(EXPERT)
    rights._permissions = None
    with qtbot.waitSignal(rights.changed):
        rights.load()
    assert actions["lamp"].isEnabled()
