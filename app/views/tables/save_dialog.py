"""The name under which a filter or a view is saved."""

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.views.looks.theme import set_property
from app.views.widgets.plain import Label, tip

_WIDTH = 480
_LONGEST_NAME = 60
_SHOWN = 300


def cleaned(name: str) -> str:
    """A name as it is kept: what stands before a colon in lines that are shared."""
    return " ".join(name.replace(":", " ").split())


class SaveDialog(QDialog):
    """Asks for a name, and says when something has it already.

    Signals: `named(str)`.
    """

    named = Signal(str)

    def __init__(self, noun: str, about: str, taken: Collection[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Save {noun}")
        self._taken = taken
        text = Label(about if len(about) <= _SHOWN else f"{about[:_SHOWN]}...", wordWrap=True)
        text.setToolTip(tip(about))
        self.name = QLineEdit(maxLength=_LONGEST_NAME)
        self.name.setPlaceholderText(f"Name of the {noun}")
        self.name.setAccessibleName(f"Name of the {noun}")
        self.says = Label(wordWrap=True)
        buttons = QDialogButtonBox()
        self.save = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (text, self.name, self.says, buttons):
            layout.addWidget(widget)
        self.setFixedWidth(_WIDTH)
        self.name.textChanged.connect(self._check)
        self._check()

    def accept(self) -> None:
        if name := cleaned(self.name.text()):
            super().accept()
            self.named.emit(name)

    def _check(self) -> None:
        name = cleaned(self.name.text())
        self.save.setEnabled(bool(name))
        replaces = name in self._taken
        self.save.setText("Replace" if replaces else "Save")
        set_property(self.says, "role", "warning" if replaces else "muted")
        if replaces:
            self.says.setText(f'"{name}" is saved already, and is replaced.')
        elif ":" in self.name.text():
            self.says.setText(f'A name has no colon: it is saved as "{name}".')
        else:
            self.says.setText("It is in this menu then, and on this machine alone.")
