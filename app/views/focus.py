"""Who has the keyboard: it goes where the person asks for it, and nowhere by itself.

Nothing but this module moves it. What can't be seen never gets it: Qt itself would give it.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable
from weakref import ReferenceType, WeakKeyDictionary, ref

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from shiboken6 import isValid

_given: WeakKeyDictionary[QWidget, ReferenceType[QWidget]] = WeakKeyDictionary()


@runtime_checkable
class HasHome(Protocol):
    """A part of the window that says who in it gets the keyboard when nobody was chosen."""

    def home(self) -> QWidget | None:
        """The widget; None for nobody."""
        ...


def can_have_keys(widget: QWidget) -> bool:
    """Whether it can be used and is seen, or will be as soon as its window is."""
    window = widget.window()
    return widget.isEnabledTo(window) and widget.isVisibleTo(window)


def has_keys(widget: QWidget) -> bool:
    """Whether what is typed into its window is meant for this very widget."""
    return widget.isVisible() and holder(widget) is widget


def holder(widget: QWidget) -> QWidget | None:
    """Who has the keyboard in the window of a widget, in front or not."""
    return widget.window().focusWidget()


def give_keys(widget: QWidget, *, select: bool = False) -> bool:
    """Gives the keyboard to what the person asked for just now; with `select` a line is ready
    to be typed over. Returns whether it took it."""
    if not can_have_keys(widget):
        return False
    _give(widget)
    if select and isinstance(widget, QLineEdit):
        widget.selectAll()
    return True


def give_keys_once_shown(widget: QWidget) -> None:
    """The same for what is still being read: it gets the keyboard when it is there, unless the
    person has put it elsewhere meanwhile."""
    if not give_keys(widget):
        _Wish(widget)


def give_keys_to_place(place: QWidget) -> bool:
    """Gives the keyboard to who had it in a part of the window, or to the home of it."""
    before = place.focusWidget()
    if before is not None and before is not place and give_keys(before):
        return True
    home = place.home() if isinstance(place, HasHome) else None
    return home is not None and give_keys(home)


def go_round(window: QWidget, parts: Sequence[QWidget], step: int) -> None:
    """The keyboard goes to the next of these parts of a window that can have it, or with a `step`
    of -1 to the one before."""
    now = holder(window)
    has = [now is not None and (part is now or part.isAncestorOf(now)) for part in parts]
    at = has.index(True) if True in has else (-1 if step > 0 else len(parts))
    for number in range(1, len(parts) + 1):
        if _go_into(parts[(at + step * number) % len(parts)]):
            return


def _go_into(part: QWidget) -> bool:
    if not can_have_keys(part):
        return False
    if give_keys_to_place(part):
        return True
    # A part that names nobody: what Tab would come to first.
    tab = Qt.FocusPolicy.TabFocus
    each: QWidget | None = part
    while each is not None:
        inside = each is part or part.isAncestorOf(each)
        if inside and each.focusPolicy() & tab == tab and give_keys(each):
            return True
        each = each.nextInFocusChain()
        if each is part:
            return False
    return False


def _give(widget: QWidget) -> None:
    # Noted first: who watches the focus has to know that this was asked for.
    _given[widget.window()] = ref(widget)
    widget.setFocus()


def _take_keys(window: QWidget) -> None:
    left = window.focusWidget()
    if left is not None:
        left.clearFocus()


class _Wish(QObject):
    """Waits until a widget is seen."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._before = holder(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.EnabledChange) and can_have_keys(
            self._widget
        ):
            self._widget.removeEventFilter(self)
            if holder(self._widget) is self._before:
                _give(self._widget)
            self.deleteLater()
        return super().eventFilter(watched, event)


class KeysKeeper(QObject):
    """Keeps Qt from handing the keyboard on when what had it is hidden, disabled or gone.

    Qt takes the next widget in the order of Tab, wherever that is. Here the innermost part around
    that is still there gets it, if it says who; so a closed preview gives back to its grid.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._context: tuple[QWidget, ...] = ()
        application = QApplication.instance()
        assert isinstance(application, QApplication)  # there is a window
        application.focusChanged.connect(self._moved)

    def _moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        if not isValid(self._window) or not self._window.isVisible():
            return
        if now is not None and now.window() is not self._window:
            return  # a dialog or a menu: it gives back when it closes
        left = self._context[0] if self._context else None
        is_gone = left is not None and not (isValid(left) and can_have_keys(left))
        if is_gone and not self._was_asked_for(now):
            self._give_back()
        elif now is not None and not can_have_keys(now):
            self._context = _context(now)
            self._give_back()
        elif now is not None:
            self._context = _context(now)

    def _was_asked_for(self, now: QWidget | None) -> bool:
        given = _given.get(self._window)
        return now is not None and given is not None and given() is now and can_have_keys(now)

    def _give_back(self) -> None:
        parts, self._context = self._context[1:], ()
        for part in parts:
            if isValid(part) and can_have_keys(part) and isinstance(part, HasHome):
                home = part.home()
                if home is not None and give_keys(home):
                    return
        _take_keys(self._window)


def _context(widget: QWidget) -> tuple[QWidget, ...]:
    found = [widget]
    while (parent := found[-1].parentWidget()) is not None:
        found.append(parent)
    return tuple(found)
