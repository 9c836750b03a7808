"""A line in which a list is named: a stored one by its number, or a file."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from app.services.golden.generation import JsonEntry
from app.services.golden.lists import Source, stored_id
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.widgets.plain import ChoiceBox

_LEAST_WIDTH = 180


class ListChoice(QWidget):
    """Offers the newest stored lists; a number or the path of a file may be typed.

    Signals: `chosen()` when another list is named.
    """

    chosen = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self.line = QLineEdit()
        self.line.setPlaceholderText("Number of a list, or a file")
        self.box = ChoiceBox()
        self.box.setEditable(True)
        self.box.setLineEdit(self.line)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setMinimumWidth(_LEAST_WIDTH)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.box.setAccessibleName(name)
        self.box.setToolTip("Choose a stored list, or type its number or the path of a file")
        self.file = QPushButton("File...")
        self.file.setAccessibleName(f"{name}: file")
        self.file.setToolTip("Take a list in a file, such as an official one")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.file)
        self.setFocusProxy(self.box)
        self.line.editingFinished.connect(self._typed)
        self.box.activated.connect(self._picked)
        self.file.clicked.connect(self.ask_file)

    @property
    def source(self) -> Source | None:
        """The list that is named; None while none is."""
        return self._source

    def offer(self, entries: Sequence[JsonEntry]) -> None:
        """Offers lists to choose from; the list that is named stays."""
        text = self.line.text()
        self.box.blockSignals(True)  # offering chooses none
        self.box.clear()
        for entry in entries:
            self.box.addItem(_label(entry), entry.id)
        self.box.setCurrentIndex(self._index())
        if self.box.currentIndex() < 0:
            self.line.setText(text)
        self.line.setCursorPosition(0)
        self.box.blockSignals(False)

    def name(self, source: Source | None) -> None:
        """Names a list; no signal is emitted."""
        self._source = source
        self.box.setCurrentIndex(self._index())
        if self.box.currentIndex() < 0:
            self.line.setText("" if source is None else str(source))
        self.line.setCursorPosition(0)
        self.box.setToolTip(self.line.text())

    def ask_file(self) -> QFileDialog:
        """Asks for the file of a list."""
        folder = self._source.parent if isinstance(self._source, Path) else Path()
        dialog = QFileDialog(self.window(), "List of good lumisections", str(folder))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Lists (*.json *.txt)", "All files (*)"])
        dialog.fileSelected.connect(lambda file: self._choose(Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _index(self) -> int:
        return self.box.findData(self._source) if isinstance(self._source, int) else -1

    def _picked(self, index: int) -> None:
        id_ = self.box.itemData(index)
        if id_ is not None:
            self._choose(int(id_))

    def _typed(self) -> None:
        text = self.line.text().strip()
        index = self.box.findText(text)
        if index >= 0:
            self._choose(int(self.box.itemData(index)))
        elif not text:
            self._choose(None)
        else:
            self._choose(stored_id(text) or Path(text).expanduser())

    def _choose(self, source: Source | None) -> None:
        if source != self._source:
            self.name(source)
            self.chosen.emit()


def _label(entry: JsonEntry) -> str:
    parts = [f"{entry.id}  {entry.dataset_name_filter}"]
    if entry.official:
        parts.append("official")
    if entry.tags:
        parts.append(entry.tags)
    parts.append(words.time(entry.created_at))
    return ", ".join(parts)
