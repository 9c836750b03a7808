"""A page of tabs that is made when it is first looked at."""

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QSignalBlocker
from PySide6.QtWidgets import QTabWidget, QWidget

from app.views.focus import go_into, holder

Page = TypeVar("Page", bound=QWidget)


class LatePage(QObject, Generic[Page]):
    """Adds a tab whose page is made when it comes to the front, or is asked for.

    Most tabs are never looked at, and each of their widgets costs at the start, for every run that
    is opened, and at each change of look.
    """

    def __init__(
        self, tabs: QTabWidget, make: Callable[[], Page], title: str, tip: str = ""
    ) -> None:
        super().__init__(tabs)
        self._tabs = tabs
        self._make = make
        self._made: Page | None = None
        self._stand_in = QWidget()
        at = tabs.addTab(self._stand_in, title)
        tabs.setTabToolTip(at, tip)
        tabs.currentChanged.connect(self._turned)

    @property
    def made(self) -> Page | None:
        """The page, if anybody wanted it so far."""
        return self._made

    @property
    def page(self) -> Page:
        """The page, made now if nobody wanted it before."""
        if self._made is None:
            self._made = self._make()
            self._put(self._made)
        return self._made

    @property
    def place(self) -> int:
        """Which of the tabs it is, made or not."""
        return self._tabs.indexOf(self._stand_in if self._made is None else self._made)

    def _put(self, page: QWidget) -> None:
        tabs, at = self._tabs, self._tabs.indexOf(self._stand_in)
        is_in_front = tabs.currentIndex() == at
        # Qt takes the keyboard along to a page, and finds nothing in the stand-in.
        comes_along = is_in_front and holder(tabs) is self._stand_in
        with QSignalBlocker(tabs):
            tabs.insertTab(at, page, tabs.tabText(at))
            tabs.setTabToolTip(at, tabs.tabToolTip(at + 1))
            tabs.setTabVisible(at, tabs.isTabVisible(at + 1))
            if is_in_front:
                tabs.setCurrentIndex(at)
            if comes_along:
                go_into(page)
            tabs.removeTab(at + 1)
        self._stand_in.deleteLater()

    def _turned(self, at: int) -> None:
        if self._made is None and at == self.place:
            _ = self.page
