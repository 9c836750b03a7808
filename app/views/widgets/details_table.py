"""A plain table of attributes and the like."""

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QTableView, QWidget

from app.views.widgets.plain_table import make_dense


class DetailsTable(QTableView):
    """A plain table whose rows can be copied with Ctrl+C."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        make_dense(self, name)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def copy(self) -> None:
        """Puts the selected rows onto the clipboard, columns apart by tabs."""
        model = self.model()
        lines = [
            "\t".join(
                str(model.index(row.row(), column).data() or "")
                for column in range(model.columnCount())
            )
            for row in sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)
