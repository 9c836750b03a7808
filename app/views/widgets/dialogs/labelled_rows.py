"""The labels at the left of a form."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from app.views.widgets.plain import Label


def label_rows(form: QGridLayout, rows: Iterable[tuple[int, str, QWidget | None]]) -> None:
    """Puts a label before each of these rows of a form; its key leads to the widget."""
    for row, text, buddy in rows:
        label = Label(text)
        if buddy is not None:
            label.setBuddy(buddy)
        form.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
    form.setColumnStretch(1, 1)
