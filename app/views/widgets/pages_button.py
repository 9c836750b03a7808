"""Pages of the web that a text tells of, one click or key away."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.views.widgets.plain import cell


class PagesButton(QPushButton):
    """Opens a page in the browser, or offers several; hidden without one."""

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(text, parent)
        self._open_url = open_url
        self._addresses: tuple[str, ...] = ()
        self.pages = QMenu(self)
        self.clicked.connect(self._open)
        self.hide()

    def show_pages(self, pages: Mapping[str, str]) -> None:
        """Offers these, by name."""
        self._addresses = tuple(pages.values())
        self.pages.clear()
        for name, address in pages.items():
            page = self.pages.addAction(cell(name))
            page.triggered.connect(lambda _checked=False, address=address: self._go(address))
        self.setVisible(bool(pages))

    def _open(self) -> None:
        if len(self._addresses) == 1:
            self._go(self._addresses[0])
        else:
            self.pages.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _go(self, address: str) -> None:
        self._open_url(QUrl(address))
