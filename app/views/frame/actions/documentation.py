"""The installed documentation, opened at the page of the place that a person is in."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from app import assets
from app.views.focus import give_keys
from app.views.widgets.dialogs.fitting import resize_to_fit

START = "index.md"
PAGES = {
    "online": "for/shifter.md",
    "offline": "for/detector-expert.md",
    "cycles": "for/certification-expert.md",
    "todo": "for/certification-expert.md",
    "golden": "for/certification-expert.md",
    "log": "window.md",
    "agents": "for/agent-developer.md",
    "configuration": "for/rule-author.md",
}
"""The page of each place."""

_SIZE = (860, 700)


class DocumentationWindow(QDialog):
    """Pages with links between them; it stays open beside the window, and needs no network."""

    def __init__(self, page: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.page = QTextBrowser()
        self.page.setAccessibleName("Documentation")
        self.page.setOpenExternalLinks(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.back = buttons.addButton("Back", QDialogButtonBox.ButtonRole.ActionRole)
        self.back.setShortcut(QKeySequence(QKeySequence.StandardKey.Back))
        self.back.setEnabled(False)
        start = buttons.addButton("Start", QDialogButtonBox.ButtonRole.ActionRole)
        start.setToolTip("The first page, with a page for each kind of work")
        self.back.clicked.connect(self.page.backward)
        start.clicked.connect(lambda: self.show_page(START))
        buttons.rejected.connect(self.reject)
        self.page.backwardAvailable.connect(self.back.setEnabled)
        self.page.sourceChanged.connect(self._name)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page, 1)
        layout.addWidget(buttons)
        resize_to_fit(self, *_SIZE)
        self.show_page(page)
        give_keys(self.page)

    def show_page(self, page: str) -> None:
        """Shows a page by its path below the documentation."""
        self.page.setSource(QUrl.fromLocalFile(str(assets.documentation() / page)))

    def _name(self) -> None:
        first = self.page.document().firstBlock().text()
        self.setWindowTitle(f"{first} - Documentation" if first else "Documentation")
