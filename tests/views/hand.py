"""A person without a mouse: presses keys in the window that is in front, and notes where they go.

A key goes the way a real one does, through the window in front, its shortcuts and whoever has the
keyboard; nothing here gives the keyboard to a widget.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.views.frame.main_window import MainWindow

_MOST_TABS = 80

Dialog = TypeVar("Dialog", bound=QDialog)


def name_of(widget: QWidget | None) -> str:
    """What a screen reader would call it."""
    if widget is None:
        return "nobody"
    if widget.accessibleName():
        return widget.accessibleName()
    for label in widget.window().findChildren(QLabel):
        if label.buddy() is widget:
            return label.text().replace("&", "")
    text = str(widget.property("text") or "").replace("&", "")
    return text or widget.objectName() or type(widget).__name__


@dataclass
class Hand:
    """Presses keys; `log` has each with who had the keyboard before and after."""

    window: MainWindow
    qtbot: QtBot
    log: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def at(self) -> QWidget | None:
        """Who has the keyboard in the window in front."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup.focusWidget() or popup
        return QApplication.focusWidget() or self._front().focusWidget()

    def press(self, *keys: str) -> None:
        """Keys by name, one after the other: `Ctrl+K`, `Return`, `Shift+Down`."""
        for each in keys:
            before = name_of(self.at)
            combination = QKeySequence(each)[0]
            self._send(combination.key(), combination.keyboardModifiers())
            self.log.append((each, before, name_of(self.at)))

    def write(self, text: str) -> None:
        """Letters."""
        before = name_of(self.at)
        for letter in text:
            widget = self.at or self._front()
            QTest.keyClicks(widget, letter)
        self.log.append((repr(text), before, name_of(self.at)))

    def tab_to(self, name: str, *, back: bool = False) -> QWidget:
        """Goes on by Tab until something with this name has the keyboard."""
        passed: list[str] = []
        for _ in range(_MOST_TABS):
            if self.at is not None and name_of(self.at) == name:
                return self.at
            passed.append(name_of(self.at))
            self.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab never comes to {name}: {' > '.join(dict.fromkeys(passed))}")

    def do(self, action: str) -> None:
        """Does what the command palette calls so."""
        self.press("Ctrl+K")
        self.write(action)
        self.press("Return")

    def dialog(self, kind: type[Dialog]) -> Dialog:
        """The dialog of this kind in front, once it is there."""
        self.until(lambda: bool(self._dialogs(kind)))
        found = self._dialogs(kind)[-1]
        self.until(lambda: QApplication.activeWindow() is found)
        return found

    def _dialogs(self, kind: type[Dialog]) -> list[Dialog]:
        windows = QApplication.topLevelWidgets()
        return [each for each in windows if isinstance(each, kind) and each.isVisible()]

    def answer(self) -> None:
        """Says yes to the question in front, if something is asked."""
        self.settle()
        asked = self._dialogs(QDialog)
        if asked:
            self.until(lambda: QApplication.activeWindow() in asked)
            self.press("Return")

    def until(self, holds: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=30_000)

    def settle(self) -> None:
        """Waits until nothing is on its way."""
        self.until(lambda: self.window.is_settled)

    def story(self) -> str:
        """What was pressed, and who had the keyboard."""
        return "\n".join(f"{key:14} {before} -> {after}" for key, before, after in self.log)

    def _front(self) -> QWidget:
        popup = QApplication.activePopupWidget()
        active = QApplication.activeWindow()
        if popup is None and (active is None or not active.isVisible()):
            # Unlike a desktop, the platform of the tests puts nothing in front by itself, and
            # leaves a list of completions there that is gone.
            front = QApplication.activeModalWidget() or self.window
            front.activateWindow()
            self.qtbot.waitUntil(front.isActiveWindow)
        return popup or QApplication.activeWindow() or self.window

    def _send(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        front = self._front()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            QTest.keyClick(popup.focusWidget() or popup, key, modifiers)
        else:
            handle = front.windowHandle()
            assert handle is not None
            QTest.keyClick(handle, key, modifiers)
