"""The dialog that restores a version of a list, after a preview."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.domain.configuration.in_force import Kind
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import NotPermitted, Refused
from app.services.acting import Acting
from app.services.configuration import versions
from app.services.configuration.edits import path_of
from app.services.configuration.versions import Restoration
from app.views.background import Background, Work
from app.views.configuration.sections import Section
from app.views.configuration.versions.difference_view import DifferenceView
from app.views.configuration.versions.version_texts import summary_of
from app.views.looks import words
from app.views.looks.theme import STEP, Themes
from app.views.rights import Rights
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_SIZE = (900, 560)


def refusal_to_restore(rights: Rights, acting: Acting, kind: Kind | None) -> Refused | None:
    """Why the person may not restore a list; all JSON configurations at once are for experts."""
    if kind is not None and kind is not Kind.JSON_RULE:
        return rights.refusal_of_all([(path_of(kind),)])
    if refusal := rights.refusal_of_all(()):
        return refusal
    why_not = versions.why_not_all_rules(acting)
    return NotPermitted(why_not, (EXPERTS,)) if why_not else None


class RestoreDialog(QDialog):
    """Shows what restoring a version changes, and restores it.

    Signals: `restored(str, int)` with the outcome and the version that was in force before; the
    dialog closes then.
    """

    restored = Signal(str, int)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        rights: Rights,
        section: Section,
        settings_id: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        assert section.kind is not None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Restore version {settings_id}")
        resize_to_fit(self, *_SIZE)
        self._acting = acting
        self._background = background
        self._rights = rights
        self._reading = Work(background, self)
        self._writing = Work(background, self)
        self._kind = section.kind
        self._settings_id = settings_id
        self.preview: Restoration | None = None
        self.summary = Label("Checking what would change ...", wordWrap=True)
        self.summary.setProperty("role", "title")
        self.faulty = Label(wordWrap=True)
        self.faulty.setProperty("role", "warning")
        self.faulty.hide()
        self.bar = LoadingBar(themes)
        self.difference = DifferenceView(themes, ("What", "Now", "After"))
        self.refusal = RefusalLine(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(
            "Restore", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.right = RightLine(rights, self.submit_button, self._why_not, self)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        for widget in (self.summary, self.faulty, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.difference, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.right)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self._reading.running_changed.connect(self.bar.set_loading)
        self._writing.running_changed.connect(lambda _running: self._allow())
        self.right.offer(possible=False)
        self._reading.start(self._read())

    async def _read(self) -> None:
        acting, kind, settings_id = self._acting, self._kind, self._settings_id
        try:
            self._show(
                await self._background.read(
                    lambda: versions.preview_restoration(acting, kind, settings_id)
                )
            )
        except Refused as error:
            self.refusal.tell(error)

    def submit(self) -> None:
        """Restores the version, unless it is being restored already."""
        preview = self.preview
        if preview is None or not self.submit_button.isEnabled():
            return
        acting, kind, settings_id = self._acting, self._kind, self._settings_id
        self._writing.start(
            self._background.attempt(
                lambda: versions.restore(
                    acting,
                    kind,
                    settings_id,
                    seen=preview.difference.before,
                    without_faulty=bool(preview.faulty),
                ),
                lambda new_id: self._restored(new_id, preview.difference.before),
                self.refusal.tell,
            )
        )

    def _restored(self, new_id: int, before: int) -> None:
        text = f"Version {self._settings_id} is in force again, as version {new_id}."
        self.restored.emit(text, before)
        self.accept()

    def _allow(self) -> None:
        possible = self.preview is not None and not self.preview.difference.is_empty
        self.right.offer(possible=possible and not self._writing.is_running)

    def _show(self, preview: Restoration) -> None:
        self.preview = preview
        self.difference.show_difference(preview.difference)
        self.summary.setText(summary_of(preview.difference))
        if preview.faulty:
            item, reason = preview.faulty[0]
            more = len(preview.faulty) - 1
            self.faulty.setText(
                f"{words.counted(len(preview.faulty), 'rule')} can't be read and will be left"
                f" out: {item.title}: {reason}{f' And {more} more.' if more else ''}"
            )
            self.faulty.show()
        self._allow()

    def _why_not(self) -> Refused | None:
        return refusal_to_restore(self._rights, self._acting, self._kind)
