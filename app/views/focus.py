"""Who has the keyboard: it goes where the person asks for it, and nowhere by itself.

Nothing but this module moves it. What can't be seen never gets it: Qt itself would give it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable
from weakref import ReferenceType, WeakKeyDictionary, ref

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QTabBar, QTabWidget, QWidget
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


def come_forward(window: QWidget) -> None:
    """Puts a window in front of the others: the person asked for it elsewhere just now."""
    window.raise_()
    window.activateWindow()


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


def go_into(part: QWidget) -> bool:
    """The keyboard goes into a part of the window: to its home, else to what Tab comes to first."""
    return _go_into(part, ())


def go_round(window: QWidget, parts: Sequence[QWidget], step: int) -> None:
    """The keyboard goes to the next of these parts of a window that can have it, or with a `step`
    of -1 to the one before."""
    now = holder(window)
    has = [now is not None and (part is now or part.isAncestorOf(now)) for part in parts]
    # The innermost of parts that stand in one another, which is named after those around it.
    last = len(parts) - 1
    at = last - has[::-1].index(True) if True in has else (-1 if step > 0 else len(parts))
    for number in range(1, len(parts) + 1):
        part = parts[(at + step * number) % len(parts)]
        inner = [each for each in parts if each is not part and part.isAncestorOf(each)]
        if _go_into(part, inner):
            return


def follow_in_tab_order(part: QWidget, before: QWidget) -> None:
    """Tab comes to a part that was made later than what is around it after the part before."""
    tab = Qt.FocusPolicy.TabFocus
    last = [before, *before.findChildren(QWidget)][-1]
    for each in part.findChildren(QWidget):
        if each.focusPolicy() & tab == tab and each.window() is before.window():
            QWidget.setTabOrder(last, each)
            last = each


def _go_into(part: QWidget, inner: Sequence[QWidget]) -> bool:
    """Goes into a part, but not into one of those inside that are gone into by themselves."""
    if not can_have_keys(part):
        return False
    before = part.focusWidget()
    is_inside = any(each is before or each.isAncestorOf(before) for each in inner if before)
    if not is_inside and give_keys_to_place(part):
        return True
    if is_inside and isinstance(part, HasHome):
        home = part.home()
        if home is not None and give_keys(home):
            return True
    tab = Qt.FocusPolicy.TabFocus
    by_tab = (each for each in _inside(part, inner) if each.focusPolicy() & tab == tab)
    return any(give_keys(each) for each in by_tab)


def _inside(part: QWidget, without: Sequence[QWidget]) -> Iterator[QWidget]:
    """A part that names nobody, in about the order in which Tab would come by.

    Qt's own chain would do, but the binding takes each widget of it for the owner of the next one:
    when one is deleted, actions and menus of the next can't be used any more.
    """
    if part in without:
        return
    yield part
    children = [each for each in part.children() if isinstance(each, QWidget)]
    for child in sorted(children, key=lambda each: not isinstance(each, QTabBar)):
        if not child.isWindow():
            yield from _inside(child, without)


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


class _Return(QObject):
    """Gives the keyboard back to what was disabled for a while, unless it went on meanwhile."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._meanwhile = holder(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.EnabledChange and can_have_keys(self._widget):
            self._widget.removeEventFilter(self)
            if holder(self._widget) is self._meanwhile:
                _give(self._widget)
            self.deleteLater()
        return super().eventFilter(watched, event)


class KeysKeeper(QObject):
    """Keeps Qt from handing the keyboard on when what had it is hidden, disabled or gone, in a
    window and in every dialog over it.

    Qt takes the next widget in the order of Tab, wherever that is. Here the innermost part around
    that is still there gets it, if it says who; so a closed preview gives back. Tabs say
    their bar, so that the arrows and Ctrl+Tab go on. What was disabled, as a form is while it is
    written, gets it back when it can be used again.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._front: ReferenceType[QWidget] = ref(window)
        self._contexts: WeakKeyDictionary[QWidget, tuple[QWidget, ...]] = WeakKeyDictionary()
        self._returns: WeakKeyDictionary[QWidget, _Return] = WeakKeyDictionary()
        application = QApplication.instance()
        assert isinstance(application, QApplication)  # there is a window
        application.focusChanged.connect(self._moved)

    def _moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        if not isValid(self._window) or not self._window.isVisible():
            return
        window = self._front() if now is None else now.window()
        if window is None or not isValid(window) or not self._keeps(window):
            return  # a menu or a list of completions: it gives back when it closes
        self._front = ref(window)
        context = self._contexts.get(window, ())
        left = context[0] if context else None
        is_gone = left is not None and not (isValid(left) and can_have_keys(left))
        if is_gone and not _was_asked_for(window, now):
            self._give_back(window)
        elif now is not None:
            self._contexts[window] = _context(now)
            if not can_have_keys(now):
                self._give_back(window)

    def _keeps(self, window: QWidget) -> bool:
        above: QWidget | None = window
        while above is not None and above is not self._window:
            above = above.parentWidget()
        return above is self._window and window.windowType() != Qt.WindowType.Popup

    def _give_back(self, window: QWidget) -> None:
        context = self._contexts.pop(window, ())
        for part in context[1:]:
            if not isValid(part) or not can_have_keys(part):
                continue
            home = _home_of(part)
            if home is not None and give_keys(home):
                break
        else:
            _take_keys(window)
        self._return_later(window, context[0])

    def _return_later(self, window: QWidget, left: QWidget) -> None:
        before = self._returns.pop(window, None)
        if before is not None and isValid(before):
            before.deleteLater()
        if isValid(left) and left.isVisibleTo(window):
            self._returns[window] = _Return(left)


def _home_of(part: QWidget) -> QWidget | None:
    if isinstance(part, QTabWidget):
        return part.tabBar()
    return part.home() if isinstance(part, HasHome) else None


def _was_asked_for(window: QWidget, now: QWidget | None) -> bool:
    given = _given.get(window)
    return now is not None and given is not None and given() is now and can_have_keys(now)


def _context(widget: QWidget) -> tuple[QWidget, ...]:
    """A widget and what is around it in its window."""
    found = [widget]
    while not found[-1].isWindow() and (parent := found[-1].parentWidget()) is not None:
        found.append(parent)
    return tuple(found)
