"""The dialog in which a person chooses the columns of a table and their order."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from app.views.looks.theme import ROW_HEIGHT
from app.views.tables.columns import Column
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, ListItem

_ID_ROLE = Qt.ItemDataRole.UserRole


class ColumnChooser(QDialog):
    """A list to tick and to drag.

    Signals: `chosen(list of column ids)` in their order; empty for the defaults.
    """

    chosen = Signal(object)

    def __init__(
        self,
        known: Mapping[str, tuple[Column, str]],
        shown: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Columns")
        resize_to_fit(self, 420, 560)
        words = Label("Tick the columns to show. Drag to change their order.")
        self.search = QLineEdit(placeholderText="Find a column")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.list = QListWidget()
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        for id_ in [*shown, *(other for other in known if other not in shown)]:
            if id_ in known:
                self._add(known[id_], ticked=id_ in shown)
        standard = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(standard.Ok | standard.Cancel | standard.RestoreDefaults)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        buttons.button(standard.RestoreDefaults).clicked.connect(self._restore)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(buttons)

    def ticked(self) -> list[str]:
        """Ids of the ticked columns, in order."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return [
            str(item.data(_ID_ROLE)) for item in items if item.checkState() == Qt.CheckState.Checked
        ]

    def _add(self, known: tuple[Column, str], *, ticked: bool) -> None:
        column, detail = known
        text = column.id if column.title in column.id else f"{column.title}   {column.id}"
        item = ListItem(f"{text}   {detail}" if detail else text)
        item.setData(_ID_ROLE, column.id)
        item.setSizeHint(QSize(0, ROW_HEIGHT))
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.addItem(item)

    def _find(self, text: str) -> None:
        searched = text.casefold()
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setHidden(searched not in item.text().casefold())

    def _accept(self) -> None:
        self.chosen.emit(self.ticked())
        self.accept()

    def _restore(self) -> None:
        self.chosen.emit([])
        self.accept()
