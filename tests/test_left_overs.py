"""The look at what a test leaves behind finds each kind."""

import asyncio
import logging
import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.left_overs import LeftOvers, LoggedWarnings, Timers


def test_that_a_thread_is_found_until_it_ends() -> None:
    before = LeftOvers(Timers())
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()

    assert before.found(0) == ["thread left: forgotten"]
    end.set()
    assert before.found() == []


def test_that_a_task_is_found() -> None:
    loop = asyncio.new_event_loop()
    before = LeftOvers(Timers())
    task = loop.create_task(asyncio.sleep(3600))

    (left,) = before.found(0)
    assert left.startswith("task left: <coroutine object sleep")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    assert before.found() == []


@pytest.mark.skipif(sys.platform != "linux", reason="child processes are listed on Linux only")
def test_that_a_child_process_is_found() -> None:
    before = LeftOvers(Timers())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        (left,) = before.found(0)
        assert left.startswith(f"process left: {child.pid} ")
        child.communicate(b"\n")
    assert before.found() == []


def test_that_an_active_timer_is_found_with_the_place_it_was_made_at(qtbot: QtBot) -> None:
    before = LeftOvers(Timers())
    timer = QTimer(interval=3_600_000)
    assert before.found(0) == []
    timer.start()

    (left,) = before.found(0)
    assert left.startswith("timer left: test_left_overs.py:")
    timer.stop()
    assert before.found() == []


def test_that_an_open_dialog_is_found(qtbot: QtBot) -> None:
    before = LeftOvers(Timers())
    dialog = QDialog()
    dialog.setWindowTitle("Forgotten")
    qtbot.addWidget(dialog)
    dialog.open()

    assert before.found(0) == ["window left: QDialog 'Forgotten'"]
    dialog.close()
    assert before.found() == []


def test_that_a_warning_has_to_be_expected_and_an_expected_one_logged() -> None:
    logged = LoggedWarnings()
    logger = logging.getLogger("elsewhere")
    logger.addHandler(logged)
    logger.info("nothing")
    logger.warning("no answer from %s", "OMS")

    assert logged.compared(["no answer"]) == []
    assert logged.compared([]) == ["logged: WARNING elsewhere: no answer from OMS"]
    assert logged.compared(["no answer", "gone"]) == ["expected in the log and not there: gone"]
