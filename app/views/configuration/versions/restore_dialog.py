"""The dialog that restores a version of a list, after a preview."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.configuration import versions
from app.services.configuration.versions import Restoration
from app.views.background import Background, Work
from app.views.configuration.sections import Section
from app.views.configuration.versions.difference_view import DifferenceView
from app.views.configuration.versions.version_texts import summary_of
from app.views.looks import words
from app.views.looks.theme import STEP, Themes
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_SIZE = (900, 560)


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
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(
            "Restore", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.submit_button.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        for widget in (self.summary, self.faulty, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.difference, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self._reading.running_changed.connect(self.bar.set_loading)
        self._writing.running_changed.connect(lambda _running: self._allow())
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
            self._refuse(str(error))

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
                lambda error: self._refuse(words.failure(error)),
            )
        )

    def _restored(self, new_id: int, before: int) -> None:
        text = f"Version {self._settings_id} is in force again, as version {new_id}."
        self.restored.emit(text, before)
        self.accept()

    def _allow(self) -> None:
        possible = self.preview is not None and not self.preview.difference.is_empty
        self.submit_button.setEnabled(possible and not self._writing.is_running)

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

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.show()
