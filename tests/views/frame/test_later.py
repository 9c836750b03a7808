from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.views.frame.later import Later


class Idle:
    """Says whether nothing is on its way."""

    def __init__(self) -> None:
        self.now = False
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.now


@pytest.fixture
def idle() -> Idle:
    return Idle()


@pytest.fixture
def later(qtbot: QtBot, idle: Idle) -> Iterator[Later]:
    parent = QObject()
    yield Later(idle, parent)
    parent.deleteLater()


def test_that_what_may_wait_is_done_in_turn_once_nothing_is_on_its_way(qtbot, idle, later):
    done: list[str] = []
    for name in ("offline", "cycles"):
        later.do(name, lambda name=name: done.append(name))
    qtbot.waitUntil(lambda: idle.asked > 5)
    assert (done, later.is_empty, later.waits("offline")) == ([], False, True)

    idle.now = True
    qtbot.waitUntil(lambda: done == ["offline", "cycles"])
    assert later.is_empty


def test_that_nothing_waits_for_what_reads_nothing(qtbot, idle, later):
    asked: list[int] = []
    for number in range(3):
        later.do(str(number), lambda: asked.append(idle.asked), reads=False)
    idle.now = True
    qtbot.waitUntil(lambda: len(asked) == 3)
    assert [each - asked[0] for each in asked] == [0, 1, 2]


def test_that_one_thing_waits_for_what_the_one_before_has_begun(qtbot, idle, later):
    done: list[str] = []

    def begin() -> None:
        done.append("offline")
        idle.now, idle.asked = False, 0

    later.do("offline", begin)
    later.do("cycles", lambda: done.append("cycles"))
    idle.now = True
    qtbot.waitUntil(lambda: idle.asked > 5 and done == ["offline"])

    idle.now = True
    qtbot.waitUntil(lambda: done == ["offline", "cycles"])


def test_that_what_somebody_wants_is_done_at_once_and_once(qtbot, idle, later):
    done: list[str] = []
    later.do("offline", lambda: done.append("offline"))
    later.do_now("offline")
    later.do_now("offline")
    later.do_now("cycles")
    assert (done, later.is_empty) == (["offline"], True)


def test_that_the_newest_of_a_name_is_done_alone(qtbot, idle, later):
    done: list[str] = []
    later.do("offline", lambda: done.append("old"))
    later.do("offline", lambda: done.append("new"))
    idle.now = True
    qtbot.waitUntil(lambda: later.is_empty)
    assert done == ["new"]


def test_that_nothing_waits_any_more_once_all_is_done(qtbot, idle, later):
    idle.now = True
    done: list[str] = []
    later.do("offline", lambda: done.append("offline"))
    qtbot.waitUntil(lambda: bool(done))
    idle.now = False

    later.do("cycles", lambda: done.append("cycles"))
    assert (done, later.is_empty) == (["offline", "cycles"], True)
