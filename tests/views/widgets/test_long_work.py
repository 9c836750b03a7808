"""Long work in a bar: it shows how far it is, can be stopped, and says why it came to nothing."""

import threading
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Progress
from app.views.background import Background, Steps
from app.views.widgets.dialogs.long_work import LongWork


@pytest.fixture
def bar(qtbot: QtBot, background: Background) -> LongWork:
    bar = LongWork(background)
    qtbot.addWidget(bar)
    return bar


def acting(background: Background, work: Callable[[Progress], None]) -> Callable[[Progress], Steps]:
    """A coroutine that awaits the work in the pool."""

    async def steps(progress: Progress) -> None:
        await background.act(lambda: work(progress))

    return steps


def test_that_the_bar_is_there_while_work_is_under_way(
    qtbot: QtBot, background: Background, bar: LongWork
) -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> None:
        progress.at(0.5)
        go_on.wait(20)

    bar.start("Writing", acting(background, work))
    assert bar.is_running
    assert bar.isVisible()
    qtbot.waitUntil(lambda: bar.progress.value() == bar.progress.maximum() / 2 > 0)
    with qtbot.waitSignal(bar.running_changed):
        go_on.set()
    assert not bar.is_running
    assert not bar.isVisible()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Refused("The run is not OPEN."), "The run is not OPEN."),
        (Unavailable("No server."), "No server. Nothing was written: try again."),
    ],
)
def test_that_the_reason_arrives_after_the_work_has_ended(
    qtbot: QtBot, background: Background, bar: LongWork, error: Exception, text: str
) -> None:
    running: list[bool] = []
    bar.failed.connect(lambda _text: running.append(bar.is_running))

    def work(_progress: Progress) -> None:
        raise error

    with qtbot.waitSignal(bar.failed) as failed:
        bar.start("Writing", acting(background, work))
    assert failed.args == [text]
    assert running == [False]


def test_that_work_is_stopped_at_its_next_checkpoint_and_only_one_runs_at_a_time(
    qtbot: QtBot, background: Background, bar: LongWork
) -> None:
    begun, second = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        while True:
            progress.checkpoint()

    bar.start("Writing", acting(background, work))
    bar.start("Writing again", acting(background, lambda _progress: second.set()))
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(bar.failed) as failed:
        bar.stop_button.click()
    assert failed.args == ["Cancelled: nothing was written."]
    assert not second.is_set()
