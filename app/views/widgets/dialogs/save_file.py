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
    """Saves what a panel shows and remembers the folder.

    A notice says that a file was saved; `refuse` shows why one wasn't, a notice where it is None.
    """

    def __init__(
        self,
        background: Background,
        notices: Notices,
        parent: QWidget,
        refuse: Callable[[Refused], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._refuse = refuse or notices.refuse
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
        """Writes a file, after a question when it exists already."""
        self._folder = file.parent
        self._background.run(self._ask_or_write(file, write), self)

    async def _ask_or_write(self, file: Path, write: Callable[[Path], object]) -> None:
        if not await self._background.read(lambda: files.is_file(file), reaches_server=False):
            await self._write(file, write)
            return
        ask(
            self._parent.window(),
            "Replace",
            f"{file.name} exists already.",
            "Replace",
            lambda: self._replace(file, write),
        )

    def _replace(self, file: Path, write: Callable[[Path], object]) -> None:
        self._background.run(self._write(file, write), self)

    async def _write(self, file: Path, write: Callable[[Path], object]) -> None:
        try:
            await self._background.act(lambda: write(file))
        except Refused as error:
            self._refuse(error)
        else:
            self._notices.tell(f"Saved {file}.")
