"""The editor of the accepted datasets in a window of its own."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.views.datasets_accepted.editor import DatasetsAcceptedEditor
from app.views.places import PlaceContext
from app.views.widgets.dialogs.fitting import resize_to_fit

_SIZE = (1100, 760)


class DatasetsAcceptedWindow(QDialog):
    """Hosts the editor, which saves entry by entry."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Accepted datasets")
        resize_to_fit(self, *_SIZE)
        self.editor = DatasetsAcceptedEditor(context)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.editor)
