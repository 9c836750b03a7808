"""Starts the program, does what is said there, and takes pictures of it on the way:

python packaging/pose.py STEPS [arguments of the program, with --screenshot FILE]

STEPS is a list in JSON. "Ctrl+1" is pressed, "report.era" is done as if it were chosen in the menu
(the names are those of the actions), "*Show" is the button with that text, "=text" is typed,
"~2" waits two seconds for what comes by itself. ">name" takes a picture of the dialog that is in
front, else of the window, into a file of that name beside FILE, which is the last picture.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from app.__main__ import main as start
from app.views.frame import application
from app.views.frame.main_window import MainWindow

_SIZE = QSize(1440, 900)
_TICK_MS = 100
_QUIET_TICKS = 8
_SECOND = 1000 // _TICK_MS


def main(words: Sequence[str]) -> int:
    """Runs the program; returns its exit code."""
    steps: list[str] = json.loads(words[0])

    class Sitter(_Sitter):
        """Does these steps."""

        def __init__(self, window: MainWindow, path: Path) -> None:
            super().__init__(window, path, steps)

    # The program makes one where it was asked for a picture.
    vars(application)["_Photographer"] = Sitter
    sys.argv[1:] = words[1:]
    return start()


class _Sitter(QObject):
    """Does one step after the other, each once nothing is on its way any more."""

    def __init__(self, window: MainWindow, path: Path, steps: Sequence[str]) -> None:
        super().__init__(window)
        self._window = window
        self._path = path
        self._steps = list(steps)
        self._quiet = 0
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        window.resize(_SIZE)

    def _look(self) -> None:
        self._quiet = self._quiet + 1 if self._window.is_settled else 0
        if self._quiet < _QUIET_TICKS:
            return
        self._quiet = 0
        if self._steps:
            self._do(self._steps.pop(0))
            return
        self._timer.stop()
        application.screenshot(self._front(), self._path)
        for dialog in self._dialogs():
            dialog.close()
        self._window.close()

    def _do(self, step: str) -> None:
        front = self._front()
        front.activateWindow()
        target = QApplication.activePopupWidget() or front.focusWidget() or front
        if step.startswith("~"):
            self._quiet = -_SECOND * int(step[1:])
        elif step.startswith("="):
            QTest.keyClicks(target, step[1:])
        elif step.startswith(">"):
            application.screenshot(front, self._path.with_name(f"{step[1:]}.png"))
        elif step.startswith("*"):
            buttons = front.findChildren(QAbstractButton)
            next(each for each in buttons if each.isVisible() and each.text() == step[1:]).click()
        elif action := self._window.findChild(QAction, step):
            action.trigger()
        else:
            QTest.keySequence(target, QKeySequence(step))

    def _front(self) -> QWidget:
        return next(reversed(self._dialogs()), self._window)

    def _dialogs(self) -> list[QWidget]:
        top = QApplication.topLevelWidgets()
        return [each for each in top if isinstance(each, QDialog) and each.isVisible()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
