"""Tables of lines under fixed titles: what every such model says of itself."""

from typing import Any, ClassVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

_NOWHERE = QModelIndex()


class TitledModel(QAbstractTableModel):
    """A flat table with a column for each of `titles`; the lines are the subclass's."""

    titles: ClassVar[tuple[str, ...]] = ()

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.titles)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles[section]
        return None
