"""The bridge to the pool: threads, errors by whose move it is, retries, an orderly end."""

import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Progress
from app.views.background import Background, Outage, Work


async def tell(work: Callable[[], Coroutine[Any, Any, Any]], hear: Callable[[Any], object]) -> None:
    """Hears the outcome of work."""
    hear(await work())


def test_that_work_runs_outside_the_gui_thread_and_its_outcome_comes_back(
    qtbot: QtBot, background: Background
) -> None:
    seen: list[tuple[int, int]] = []
    background.run(
        tell(
            lambda: background.read(threading.get_ident),
            lambda worker: seen.append((worker, threading.get_ident())),
        ),
        background,
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][1] == threading.get_ident()
    assert seen[0][0] != threading.get_ident()


def test_that_the_gui_goes_on_while_work_is_under_way(
    qtbot: QtBot, qapp: QApplication, background: Background
) -> None:
    gate = threading.Event()
    done: list[bool] = []
    background.run(tell(lambda: background.read(lambda: gate.wait(20)), done.append), background)
    for _ in range(50):
        qapp.processEvents()
    assert done == []
    assert background.busy
    gate.set()
    qtbot.waitUntil(lambda: done == [True])


def refuse() -> None:
    raise Refused("Run 1 is in state SIGNOFF.")


def test_that_a_refusal_goes_to_whoever_asked(qtbot: QtBot, background: Background) -> None:
    told: list[str] = []

    async def ask() -> None:
        try:
            await background.act(refuse)
        except Refused as error:
            told.append(str(error))

    background.run(ask(), background)
    qtbot.waitUntil(lambda: told == ["Run 1 is in state SIGNOFF."])


def test_that_a_refusal_nobody_takes_is_told_to_everybody(
    qtbot: QtBot, background: Background
) -> None:
    with qtbot.waitSignal(background.refused) as told:
        background.run(background.act(refuse), background)
    assert told.args is not None
    assert str(told.args[0]) == "Run 1 is in state SIGNOFF."


def test_that_an_action_that_does_not_reach_the_server_is_not_repeated(
    qtbot: QtBot, background: Background
) -> None:
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        raise Unavailable("gone")

    with qtbot.waitSignal(background.failed):
        background.run(background.act(act), background)
    background.retry_now()
    qtbot.waitUntil(lambda: not background.busy)
    assert len(calls) == 1


def test_that_a_read_is_tried_again_until_the_server_is_back(
    qtbot: QtBot, background: Background
) -> None:
    gone = [True]
    answers: list[str] = []

    def read() -> str:
        if gone[0]:
            raise Unavailable("the database is gone")
        return "here"

    with qtbot.waitSignal(background.outage) as outage:
        background.run(tell(lambda: background.read(read), answers.append), background)
    assert outage.args == [Outage("the database is gone", 2)]
    assert answers == []
    gone[0] = False
    with qtbot.waitSignal(background.restored):
        background.retry_now()
    qtbot.waitUntil(lambda: answers == ["here"])


def test_that_the_banner_heals_by_itself(qtbot: QtBot, background: Background) -> None:
    gone = [True]

    def read() -> None:
        if gone[0]:
            gone[0] = False
            raise Unavailable("the database is gone")

    with qtbot.waitSignal(background.restored):
        background.run(background.read(read), background)


def test_that_an_outage_is_told_each_second_also_while_it_is_tried(
    qtbot: QtBot, background: Background
) -> None:
    tries: list[threading.Event] = []

    def read() -> None:
        gate = threading.Event()
        tries.append(gate)
        if len(tries) == 1:
            raise Unavailable("the database is gone")
        gate.wait(20)

    told: list[Outage] = []
    background.outage.connect(told.append)
    background.run(background.read(read), background)
    qtbot.waitUntil(lambda: len(tries) == 2)
    trying = Outage("the database is gone", 0)
    qtbot.waitUntil(lambda: told.count(trying) > 2)
    tries[1].set()
    qtbot.waitUntil(lambda: not background.busy)


def test_that_a_bug_reaches_the_hook_and_nobody_else(
    qtbot: QtBot, background: Background, bugs: list[Exception]
) -> None:
    told: list[object] = []
    background.refused.connect(told.append)
    background.failed.connect(told.append)
    background.run(tell(lambda: background.act(lambda: 1 / 0), told.append), background)
    qtbot.waitUntil(lambda: bool(bugs))
    assert isinstance(bugs.pop(), ZeroDivisionError)
    assert told == []


def test_that_work_whose_owner_has_gone_tells_nobody(qtbot: QtBot, background: Background) -> None:
    owner, gate = QObject(), threading.Event()
    told: list[object] = []
    background.run(tell(lambda: background.read(lambda: gate.wait(20)), told.append), owner)
    delete(owner)
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert told == []


def test_that_a_cancelled_task_tells_nobody(qtbot: QtBot, background: Background) -> None:
    told: list[object] = []
    gate = threading.Event()
    task = background.run(
        tell(lambda: background.read(lambda: gate.wait(20)), told.append), background
    )
    assert task is not None
    task.cancel()
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert told == []


@pytest.mark.parametrize("local", [True, False])
def test_that_only_what_reached_the_server_ends_an_outage(
    qtbot: QtBot, background: Background, local: bool
) -> None:
    restored: list[bool] = []
    background.restored.connect(lambda: restored.append(True))
    background.lost("no answer")
    answered: list[int] = []
    background.run(
        tell(lambda: background.read(lambda: 1, reaches_server=not local), answered.append),
        background,
    )
    qtbot.waitUntil(lambda: answered == [1])
    assert restored == ([] if local else [True])
    background.back()
    assert restored == [True]


def test_that_work_goes_on_when_its_widget_is_deleted(qtbot: QtBot, background: Background) -> None:
    owner, gate = QObject(), threading.Event()
    work = Work(background, owner)
    started: list[bool] = []
    finished: list[bool] = []

    def write(progress: Progress) -> None:
        started.append(True)
        gate.wait(20)
        progress.at(0.5)
        finished.append(True)

    async def steps() -> None:
        progress = work.progress
        await background.act(lambda: write(progress))

    work.start(steps())
    qtbot.waitUntil(lambda: bool(started))
    delete(owner)
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert finished == [True]
