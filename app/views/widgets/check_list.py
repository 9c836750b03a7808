"""A list to tick, with a line to find something in it."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.views.looks.theme import ROW_HEIGHT, STEP
from app.views.widgets.plain import ListItem


class CheckList(QWidget):
    """Texts to be ticked.

    Signals: `changed()` when something was ticked or unticked.
    """

    changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(placeholderText="Find")
        self.search.setAccessibleName(f"Find in {name}")
        self.search.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setAccessibleName(name)
        self.all = QToolButton()
        self.all.setText("All")
        self.all.setToolTip("Tick everything that is listed")
        self.none = QToolButton()
        self.none.setText("None")
        self.none.setToolTip("Tick nothing of what is listed")
        line = QHBoxLayout()
        line.setSpacing(STEP)
        line.addWidget(self.search, 1)
        line.addWidget(self.all)
        line.addWidget(self.none)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addLayout(line)
        layout.addWidget(self.list, 1)
        self.search.textChanged.connect(self._find)
        self.list.itemChanged.connect(lambda _item: self.changed.emit())
        self.all.clicked.connect(lambda: self._tick_listed(Qt.CheckState.Checked))
        self.none.clicked.connect(lambda: self._tick_listed(Qt.CheckState.Unchecked))

    def offer(self, texts: Sequence[str], ticked: Collection[str] = ()) -> None:
        """Lists other texts."""
        self.list.blockSignals(True)
        self.list.clear()
        for text in texts:
            item = ListItem(text)
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if text in ticked else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.changed.emit()

    def ticked(self) -> tuple[str, ...]:
        """The ticked texts in the order of the list."""
        return tuple(
            item.text() for item in self._items() if item.checkState() == Qt.CheckState.Checked
        )

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _tick_listed(self, state: Qt.CheckState) -> None:
        self.list.blockSignals(True)
        for item in self._items():
            if not item.isHidden():
                item.setCheckState(state)
        self.list.blockSignals(False)
        self.changed.emit()

    def _find(self, text: str) -> None:
        wanted = text.casefold()
        for item in self._items():
            item.setHidden(wanted not in item.text().casefold())
