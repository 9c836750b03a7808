"""A dialog that writes files to a folder: where, how far it is, and why it was refused."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Cancelled
from app.views.background import Background, Work
from app.views.looks.theme import STEP
from app.views.widgets.dialogs.folder_choice import ask_folder
from app.views.widgets.dialogs.refusal_line import RefusalLine

_WHOLE = 100

Result = TypeVar("Result")


class FolderDialog(QDialog):
    """Asks for a folder and works in the background until it is done, refused or stopped."""

    def __init__(
        self,
        background: Background,
        title: str,
        submit: str,
        folder: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._background = background
        self._work = Work(background, self)
        self.folder = QLineEdit(folder)
        self.folder.setAccessibleName("Folder")
        self.choose = QPushButton("Choose...")
        self.choose.setAutoDefault(False)
        self.refusal = RefusalLine(self)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton(submit, QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self.choose.clicked.connect(self.ask_folder)
        self._work.progressed.connect(self._show_progress)
        self._work.running_changed.connect(self._show_running)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)

    def ask_folder(self) -> QFileDialog:
        """Asks for the folder."""
        return ask_folder(self, self.folder)

    def submit(self) -> None:
        """Begins what the form says."""
        raise NotImplementedError

    def look(self) -> None:
        """Offers the button where what the form says now is possible and allowed."""
        raise NotImplementedError

    def reject(self) -> None:
        if self._work.is_running:
            self._work.stop()
            self.stop.setEnabled(False)
        else:
            super().reject()

    @property
    def chosen_folder(self) -> Path:
        """The folder that is named."""
        return Path(self.folder.text().strip()).expanduser()

    def form_parts(self) -> tuple[QWidget, ...]:
        """What can't be changed while it works."""
        return (self.folder, self.choose)

    async def _done(self, work: Callable[[], Result]) -> Result | None:
        """The result of the work; None where it was refused or stopped, which is told."""
        try:
            return await self._background.act(work)
        except Cancelled as error:
            self.refusal.say(str(error))
        except (Refused, Unavailable) as error:
            self.refusal.tell(error)
        return None

    def _show_progress(self, share: float) -> None:
        self.progress.setRange(0, _WHOLE)
        self.progress.setValue(round(_WHOLE * share))

    def _show_running(self, running: bool) -> None:
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        for part in self.form_parts():
            part.setEnabled(not running)
        self.look()

    def _folder_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(self.choose)
        return line

    def _lay_out_below(self, form: QLayout, *more: QWidget) -> None:
        """The form, whatever else is told, refusals, progress and buttons."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form, 1)
        for part in (*more, self.refusal, self.progress, self.buttons):
            layout.addWidget(part)
