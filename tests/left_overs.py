"""What a test leaves running, open or logged behind it."""

import asyncio
import logging
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_GRACE_S = 20.0
"""How long what has been told to end may take, on a machine with other work."""


def threads() -> set[threading.Thread]:
    """Threads that Python started; those of Qt show themselves only while they run Python."""
    return {each for each in threading.enumerate() if not isinstance(each, threading._DummyThread)}


def child_processes() -> dict[int, str]:
    """Child processes by id, with their name; empty where the system has no such list."""
    found: dict[int, str] = {}
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            ids = task.read_text("ascii").split()
        except OSError:
            continue  # the thread has ended meanwhile
        for id_ in ids:
            try:
                found[int(id_)] = Path(f"/proc/{id_}/comm").read_text("utf-8").strip()
            except OSError:
                continue
    return found


def tasks() -> set["asyncio.Task[Any]"]:
    """Tasks of whatever loop that haven't ended."""
    module: Any = asyncio.tasks
    # Python 3.12 has split the one set in two.
    known = module._all_tasks if hasattr(module, "_all_tasks") else module._scheduled_tasks
    return {each for each in list(known) if not each.done()}


def windows() -> set[str]:
    """Windows and dialogs that are on the screen."""
    if "PySide6.QtWidgets" not in sys.modules:
        return set()
    from PySide6.QtWidgets import QApplication

    return {
        f"{type(each).__name__} {each.windowTitle()!r}"
        for each in QApplication.topLevelWidgets()
        if each.isVisible()
    }


class Timers:
    """Remembers each QTimer that is made, and where."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._installed = False

    def watch(self) -> None:
        """From now on timers are remembered; nothing where Qt isn't loaded."""
        if self._installed or "PySide6.QtCore" not in sys.modules:
            return
        from PySide6.QtCore import QTimer

        make = QTimer.__init__

        def remembered(timer: QTimer, *words: object, **options: object) -> None:
            make(timer, *words, **options)  # type: ignore[call-overload]
            frame = sys._getframe(1)
            place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            self._made[id(timer)] = (weakref.ref(timer), place)

        QTimer.__init__ = remembered  # type: ignore[method-assign]
        self._installed = True

    def running(self) -> set[str]:
        """Where timers were made that are active."""
        if not self._made:
            return set()
        import shiboken6

        active: set[str] = set()
        for key, (reference, place) in list(self._made.items()):
            timer = reference()
            if timer is None or not shiboken6.isValid(timer):
                self._made.pop(key, None)
            elif timer.isActive():
                active.add(f"{place} ({timer.interval()} ms)")
        return active


class LoggedWarnings(logging.Handler):
    """Keeps what the program logs at WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def compared(self, expected: Sequence[str], possible: Sequence[str] = ()) -> list[str]:
        """What is wrong: logged and neither expected nor possible, or expected and not logged."""
        surprises = [
            f"logged: {text}"
            for text in self._texts
            if not any(re.search(pattern, text) for pattern in (*expected, *possible))
        ]
        missing = [
            f"expected in the log and not there: {pattern}"
            for pattern in expected
            if not any(re.search(pattern, text) for text in self._texts)
        ]
        return surprises + missing


class LeftOvers:
    """Compares what is there now with what was there before a test."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        timers.watch()
        self._threads = threads()
        self._children = set(child_processes())
        self._tasks = tasks()
        self._timers_before = timers.running()
        self._windows = windows()

    def found(self, grace_s: float = _GRACE_S) -> list[str]:
        """What the test has left; what is ending already is waited for."""
        until = time.monotonic() + grace_s
        while (left := self._now()) and time.monotonic() < until:
            _let_qt_work()
            time.sleep(0.01)
        return left

    def _now(self) -> list[str]:
        children = child_processes()
        looks: tuple[tuple[str, Callable[[], Sequence[str]]], ...] = (
            ("thread", lambda: sorted(each.name for each in threads() - self._threads)),
            (
                "process",
                lambda: [
                    f"{id_} {name}" for id_, name in children.items() if id_ not in self._children
                ],
            ),
            ("task", lambda: sorted(repr(each.get_coro()) for each in tasks() - self._tasks)),
            ("timer", lambda: sorted(self._timers.running() - self._timers_before)),
            ("window", lambda: sorted(windows() - self._windows)),
        )
        return [f"{what} left: {each}" for what, look in looks for each in look()]


def _let_qt_work() -> None:
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is not None:
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QApplication.processEvents()
