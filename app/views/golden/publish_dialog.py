"""The dialog that publishes official lists: as what, in place of what, why, and to which folder."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Cancelled
from app.services.acting import Acting
from app.services.golden import publishing
from app.services.golden.publishing import MOST_WHY, Proposed
from app.views.background import Background, Work
from app.views.looks.theme import STEP
from app.views.rights import Rights, nothing_here
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.folder_choice import ask_folder
from app.views.widgets.dialogs.labelled_rows import label_rows
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.plain import Label

_FOLDER = "publish/folder"
_WHOLE = 100
_NOT_NEEDED = "A first version needs no reason"
_NEEDED = "What made a new version necessary"


class PublishDialog(QDialog):
    """Says as what lists would be published, asks why and where, and publishes them.

    Signals: `published(str)` with what was done.
    """

    published = Signal(str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        rights: Rights,
        ids: Sequence[int],
        remembered: QSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Publish")
        resize_to_fit(self, 640, 300)
        self._acting = acting
        self._background = background
        self._ids = tuple(ids)
        self._remembered = remembered
        self._proposed: Sequence[Proposed] = ()
        self._is_read = self._is_wanted = False
        self._reading = Work(background, self)
        self._work = Work(background, self)
        self.lists = Label("Looking at what was published before ...", wordWrap=True)
        self.lists.setAccessibleName("Lists")
        self.why = QLineEdit(maxLength=MOST_WHY)
        self.why.setAccessibleName("Why")
        self.folder = QLineEdit(str(remembered.value(_FOLDER, "")))
        self.folder.setAccessibleName("Folder")
        self.folder.setPlaceholderText("A folder that others read, such as one on EOS")
        self.folder.setToolTip(
            "The lists of an era get a folder in it, named after the era, with the newest as"
            " latest.json"
        )
        self.choose = QPushButton("Choose...")
        self.choose.setAutoDefault(False)
        self.refusal = RefusalLine(self)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton("Publish", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self.right = RightLine(rights, self.go, self._why_not, self)
        self._lay_out()
        self.why.textChanged.connect(self._look)
        self.folder.textChanged.connect(self._look)
        self.choose.clicked.connect(self.ask_folder)
        self._work.progressed.connect(self._show_progress)
        self._work.running_changed.connect(self._show_running)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self._look()
        self._reading.start(self._propose())

    def ask_folder(self) -> QFileDialog:
        """Asks for the folder."""
        return ask_folder(self, self.folder)

    def submit(self) -> None:
        """Publishes the lists, as soon as it is known as what."""
        if self._missing() or self.right.text() or self._work.is_running:
            return
        self.refusal.say("")
        if self._is_read:
            self._begin()
        else:
            self._is_wanted = True

    def _begin(self) -> None:
        folder = Path(self.folder.text().strip()).expanduser()
        self._work.start(self._publish(folder, self.why.text()))

    def reject(self) -> None:
        if self._work.is_running:
            self._work.stop()
            self.stop.setEnabled(False)
        else:
            super().reject()

    async def _propose(self) -> None:
        try:
            self._proposed = await self._background.read(
                lambda: publishing.proposed(self._acting, self._ids)
            )
        except Refused as error:
            self._is_read = True
            self.lists.hide()
            self._look()
            self.refusal.tell(error)
            return
        self._is_read = True
        self.lists.setText("\n".join(each.text for each in self._proposed))
        needed = any(each.needs_reason for each in self._proposed)
        asked = _NEEDED if needed else _NOT_NEEDED
        self.why.setPlaceholderText(asked if self._is_new else "Published already")
        self.why.setEnabled(self._is_new)
        self._look()
        if self._is_wanted:
            self._is_wanted = False
            if self._missing():
                self.refusal.say(self._missing())
            elif not self.right.text():
                self._begin()

    async def _publish(self, folder: Path, why: str) -> None:
        progress = self._work.progress
        try:
            done = await self._background.act(
                lambda: publishing.publish(self._acting, self._ids, folder, why, progress=progress)
            )
        except Cancelled as error:
            self.refusal.say(str(error))
        except (Refused, Unavailable) as error:
            self.refusal.tell(error)
        else:
            self._remembered.setValue(_FOLDER, self.folder.text().strip())
            self.published.emit(done.text)
            self.accept()

    def _show_progress(self, share: float) -> None:
        self.progress.setRange(0, _WHOLE)
        self.progress.setValue(round(_WHOLE * share))

    def _show_running(self, running: bool) -> None:
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        for part in (self.folder, self.choose):
            part.setEnabled(not running)
        self.why.setEnabled(not running and self._is_new)
        self._look()

    def _missing(self) -> str:
        """What stands against publishing now."""
        if self._is_read and not self._proposed:
            return "The lists can't be published."
        if not self.folder.text().strip():
            return "Name a folder first."
        if any(each.needs_reason for each in self._proposed) and not self.why.text().strip():
            return "Say why a new version was necessary first."
        return ""

    def _look(self) -> None:
        missing = self._missing()
        self.right.offer(possible=not missing and not self._work.is_running)
        if missing and not self.right.text():
            self.go.setToolTip(missing)

    @property
    def _is_new(self) -> bool:
        return any(each.is_new for each in self._proposed)

    def _why_not(self) -> Refused | None:
        """Files of what is published already may be written by anybody."""
        if self._is_new and (why_nothing := nothing_here(self._acting)):
            return Refused(why_nothing)
        return publishing.refusal(self._acting, is_new=self._is_new)

    def _lay_out(self) -> None:
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose)
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(2 * STEP)
        form.addWidget(self.lists, 0, 1)
        form.addWidget(self.why, 1, 1)
        form.addLayout(folder, 2, 1)
        label_rows(
            form,
            (
                (0, "Lists", None),
                (1, "&Why", self.why),
                (2, "&Folder", self.folder),
            ),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.right)
        layout.addWidget(self.refusal)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)
