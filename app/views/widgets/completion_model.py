"""The model of a list of what can be typed next."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
Completion = TypeVar("Completion")


class CompletionModel(QAbstractListModel, Generic[Completion]):
    """Lists completions; `text` is what one of them shows in a role, None for nothing."""

    def __init__(self, text: Callable[[Completion, int], str | None], parent: QObject) -> None:
        super().__init__(parent)
        self._text = text
        self._completions: Sequence[Completion] = ()

    def show_completions(self, completions: Sequence[Completion]) -> None:
        """Offers other completions."""
        self.beginResetModel()
        self._completions = completions
        self.endResetModel()

    def completion(self, row: int) -> Completion:
        """The completion in a row."""
        return self._completions[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._completions)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        return self._text(self._completions[index.row()], role) if index.isValid() else None
