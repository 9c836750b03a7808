"""Asking for a folder."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget


def ask_folder(parent: QWidget, line: QLineEdit) -> QFileDialog:
    """Opens the dialog that puts a folder into a line."""
    dialog = QFileDialog(parent, "Folder", line.text())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(line.setText)
    dialog.open()
    return dialog
