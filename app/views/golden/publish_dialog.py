"""The dialog that publishes official lists: as what, in place of what, why, and to which folder."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.golden.official import publishing
from app.services.golden.official.publishing import MOST_WHY, Proposed
from app.views.background import Background, Work
from app.views.focus import give_keys
from app.views.looks.theme import STEP
from app.views.rights import Rights, nothing_here
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.folder_dialog import FolderDialog
from app.views.widgets.dialogs.labelled_rows import label_rows
from app.views.widgets.dialogs.refusal_line import RightLine
from app.views.widgets.plain import Label

_FOLDER = "publish/folder"
_NOT_NEEDED = "A first version needs no reason"
_NEEDED = "What made a new version necessary"


class PublishDialog(FolderDialog):
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
        folder = str(remembered.value(_FOLDER, ""))
        super().__init__(background, "Publish", "Publish", folder, parent)
        resize_to_fit(self, 640, 200)
        self._acting = acting
        self._ids = tuple(ids)
        self._remembered = remembered
        self._proposed: Sequence[Proposed] = ()
        self._is_read = self._is_wanted = False
        self._reading = Work(background, self)
        self.lists = Label("Looking at what was published before ...", wordWrap=True)
        self.lists.setAccessibleName("Lists")
        self.why = QLineEdit(maxLength=MOST_WHY)
        self.why.setAccessibleName("Why")
        self.folder.setPlaceholderText("A folder that others read, such as one on EOS")
        self.folder.setToolTip(
            "The lists of an era get a folder in it, named after the era, with the newest as"
            " latest.json"
        )
        self.right = RightLine(rights, self.go, self._why_not, self)
        self._lay_out()
        self.why.textChanged.connect(self.look)
        self.folder.textChanged.connect(self.look)
        self.look()
        self._reading.start(self._propose())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        give_keys(self.why)

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
        self._work.start(self._publish(self.chosen_folder, self.why.text()))

    async def _propose(self) -> None:
        try:
            self._proposed = await self._background.read(
                lambda: publishing.proposed(self._acting, self._ids)
            )
        except Refused as error:
            self._is_read = True
            self.lists.hide()
            self.look()
            self.refusal.tell(error)
            return
        self._is_read = True
        self.lists.setText("\n".join(each.text for each in self._proposed))
        needed = any(each.needs_reason for each in self._proposed)
        asked = _NEEDED if needed else _NOT_NEEDED
        self.why.setPlaceholderText(asked if self._is_new else "Published already")
        self.look()
        if self._is_wanted:
            self._is_wanted = False
            if self._missing():
                self.refusal.say(self._missing())
            elif not self.right.text():
                self._begin()

    async def _publish(self, folder: Path, why: str) -> None:
        progress = self._work.progress
        done = await self._done(
            lambda: publishing.publish(self._acting, self._ids, folder, why, progress=progress)
        )
        if done is not None:
            self._remembered.setValue(_FOLDER, self.folder.text().strip())
            self.published.emit(done.text)
            self.accept()

    def _missing(self) -> str:
        """What stands against publishing now."""
        if self._is_read and not self._proposed:
            return "The lists can't be published."
        if not self.folder.text().strip():
            return "Name a folder first."
        if any(each.needs_reason for each in self._proposed) and not self.why.text().strip():
            return "Say why a new version was necessary first."
        return ""

    def look(self) -> None:
        self.why.setEnabled((self._is_new or not self._is_read) and not self._work.is_running)
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
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(2 * STEP)
        form.addWidget(self.lists, 0, 1)
        form.addWidget(self.why, 1, 1)
        form.addLayout(self._folder_line(), 2, 1)
        form.setRowStretch(3, 1)
        label_rows(
            form,
            (
                (0, "Lists", None),
                (1, "&Why", self.why),
                (2, "&Folder", self.folder),
            ),
        )
        self._lay_out_below(form, self.right)
        # The folder was made first, by the dialog that this one is.
        parts = (self.why, self.folder, self.choose, self.go, self.stop)
        for before, after in pairwise(parts):
            self.setTabOrder(before, after)
