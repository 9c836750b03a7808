"""The Qt view of a table of runs or datasets."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from app.views.looks.theme import ROW_HEIGHT, tabular
from app.views.widgets.plain import Label
from app.views.widgets.tables.head import Head


class Table(QTableView):
    """The Qt view of a table; shows a text in its middle when there are no rows.

    Signals: `entered_row(int)` the row on which Enter was pressed; `copy_wanted()`; `touched()` by
    a hand, on mouse or keys.
    """

    entered_row = Signal(int)
    copy_wanted = Signal()
    touched = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = Label("", self.viewport(), wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words.hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(tabular(self.font()))
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = Head(self)
        self.setHorizontalHeader(header)
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setFixedHeight(24)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def say(self, text: str) -> None:
        """Shows a text in the middle; none when it is empty."""
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def rows_in_sight(self) -> range:
        """Places of the rows that can be seen."""
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        model = self.model()
        count = model.rowCount() if model else 0
        return range(first, count if last < 0 else last + 1)

    def copy_selected(self) -> None:
        """Asks for the selected rows on the clipboard: not all of them need be loaded."""
        self.copy_wanted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.touched.emit()
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.touched.emit()
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.touched.emit()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_row.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.words.setGeometry(self.viewport().rect())
