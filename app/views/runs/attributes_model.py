"""Qt model of all attributes of a run or dataset."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.json_value import JsonObject
from app.views.looks import words
from app.views.widgets.plain import shown
from app.views.widgets.tables.titled_model import TitledModel

TITLES = ("From", "Attribute", "Value")

Index = QModelIndex | QPersistentModelIndex


class Attribute(NamedTuple):
    """One attribute as text."""

    group: str
    name: str
    value: str


def attributes_of(groups: Sequence[tuple[str, JsonObject]]) -> tuple[Attribute, ...]:
    """Attributes of every group by name."""
    return tuple(
        Attribute(group, name, words.value(value))
        for group, attributes in groups
        for name, value in sorted(attributes.items())
    )


class AttributesModel(TitledModel):
    """Shows attributes; same names in the same order change in place."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._attributes: tuple[Attribute, ...] = ()

    def show_attributes(self, attributes: tuple[Attribute, ...]) -> None:
        """Shows others."""
        before = self._attributes
        if [each[:2] for each in before] == [each[:2] for each in attributes]:
            self._attributes = attributes
            for row, (old, new) in enumerate(zip(before, attributes, strict=True)):
                if old != new:
                    self.dataChanged.emit(self.index(row, 2), self.index(row, 2))
            return
        self.beginResetModel()
        self._attributes = attributes
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._attributes)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._attributes[index.row()][index.column()]
        return None
