"""Where the pages of tabs live."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget


def home_of_pages(tabs: QTabWidget) -> QWidget:
    """The parent that a page of these tabs gets in the end.

    A page that has it from the start isn't moved when it is added: Qt dresses whatever is moved
    anew, with all that is in it, which takes longer than making it.
    """
    home = tabs.findChild(QStackedWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert isinstance(home, QStackedWidget)
    return home
