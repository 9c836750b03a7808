"""Asking for a file and writing it: whole or not at all, and never over another one unasked."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app import files
from app.domain.errors import Refused
from app.views.background import Background
from app.views.notices import Notices, ask


class FileSaver(QObject):
    """Saves what a panel shows; remembers the folder. What can't be written is told as a notice."""

    def __init__(self, background: Background, notices: Notices, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._background = background
        self._notices = notices
        self._folder = Path()

    def ask_where(
        self, title: str, name: str, kind: str, write: Callable[[Path], object]
    ) -> QFileDialog:
        """Asks for a file such as `name`; `write` is called in the pool. `kind`: `CSV (*.csv)`."""
        dialog = QFileDialog(self._parent.window(), title, str(self._folder))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([kind, "All files (*)"])
        dialog.setDefaultSuffix(Path(name).suffix.lstrip("."))
        # Its own question would start a second event loop inside this one.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda file: self.save(Path(file), write))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def save(self, file: Path, write: Callable[[Path], object]) -> None:
        """Writes a file, after asking when there is one already."""
        self._folder = file.parent

        def look(there: bool) -> None:
            if there:
                question = f"{file.name} is there already."
                ask(self._parent.window(), "Replace", question, "Replace", act)
            else:
                act()

        def act() -> None:
            self._background.act(
                lambda: write(file),
                lambda _none: self._notices.tell(f"Saved {file}."),
                owner=self,
                refused=self._refuse,
            )

        self._background.read(lambda: files.is_file(file), look, owner=self, reaches_server=False)

    def _refuse(self, error: Refused) -> None:
        self._notices.refuse(error)
