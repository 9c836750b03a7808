"""The dialog that exports lists: in which forms, to which folder, with or without provenance."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QListWidget,
    QWidget,
)

from app.domain.errors import Refused, Unavailable
from app.services.acting import Acting
from app.services.golden import exports as golden_exports
from app.services.golden.exports import Export, Planned
from app.views.background import Background, Work
from app.views.golden.forms import EXPORTS
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.notices import ask
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.folder_dialog import FolderDialog
from app.views.widgets.dialogs.labelled_rows import label_rows
from app.views.widgets.plain import Label, ListItem

_FOLDER, _FORMS, _PROVENANCE = "export/folder", "export/forms", "export/provenance"
_EXPORT = Qt.ItemDataRole.UserRole
_NAMED = 3


class ExportDialog(FolderDialog):
    """Exports stored lists into a folder, in several forms at once.

    Signals: `exported(tuple)` with the files that were written.
    """

    exported = Signal(object)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        ids: Sequence[int],
        remembered: QSettings,
        parent: QWidget | None = None,
    ) -> None:
        folder = str(remembered.value(_FOLDER, str(Path.home())))
        super().__init__(background, "Export", "Export", folder, parent)
        resize_to_fit(self, 560, 400)
        self._acting = acting
        self._ids = tuple(ids)
        self._remembered = remembered
        self._planning = Work(background, self)
        numbers = ", ".join(map(str, self._ids))
        self.lists = Label(f"golden JSON {numbers}", wordWrap=True)
        self.forms = QListWidget()
        self.forms.setAccessibleName("Forms")
        self.forms.setToolTip("Space ticks a form")
        chosen = str(remembered.value(_FORMS, Export.GOLDEN.value)).split(",")
        for export, (title, what) in EXPORTS.items():
            item = ListItem(f"{title}   {what}")
            item.setData(_EXPORT, export.value)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsSelectable)
            ticked = export.value in chosen
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.forms.addItem(item)
        self.provenance = QCheckBox("A file with the provenance beside each")
        self.provenance.setToolTip(
            "Rule, datasets with their versions, author, program version, checksums"
        )
        self.provenance.setChecked(str(remembered.value(_PROVENANCE, "")) == "true")
        self._lay_out()
        self.forms.itemChanged.connect(self.look)
        self.look()

    @property
    def ticked(self) -> tuple[Export, ...]:
        """The forms that are ticked."""
        items = (self.forms.item(row) for row in range(self.forms.count()))
        return tuple(
            Export(item.data(_EXPORT))
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        )

    def submit(self) -> None:
        """Exports, after a question when files exist already."""
        if self._work.is_running or not self.ticked:
            return
        self.refusal.say("")
        self._planning.start(self._plan(self.ticked, self.chosen_folder))

    def form_parts(self) -> tuple[QWidget, ...]:
        return (self.forms, self.provenance, *super().form_parts())

    def look(self) -> None:
        self.go.setEnabled(bool(self.ticked) and not self._work.is_running)

    async def _plan(self, exports: Sequence[Export], folder: Path) -> None:
        def plan() -> tuple[tuple[Planned, ...], list[str]]:
            planned = golden_exports.plan(self._acting, self._ids, exports, folder)
            return planned, [one.file.name for one in planned if one.file.exists()]

        try:
            planned, existing = await self._background.read(plan)
        except (Refused, Unavailable) as error:
            self.refusal.tell(error)
            return
        if not existing:
            self._export(planned)
            return
        names = ", ".join(existing[:_NAMED])
        if existing[_NAMED:]:
            names += f" and {words.counted(len(existing) - _NAMED, 'more file')}"
        verb = "exists" if len(existing) == 1 else "exist"
        ask(self, "Replace", f"{names} {verb} already.", "Replace", lambda: self._export(planned))

    def _export(self, planned: Sequence[Planned]) -> None:
        with_provenance = self.provenance.isChecked()
        self._remembered.setValue(_FOLDER, self.folder.text().strip())
        self._remembered.setValue(_FORMS, ",".join(export.value for export in self.ticked))
        self._remembered.setValue(_PROVENANCE, str(with_provenance).lower())
        self._work.start(self._save(planned, with_provenance=with_provenance))

    async def _save(self, planned: Sequence[Planned], *, with_provenance: bool) -> None:
        progress = self._work.progress
        files = await self._done(
            lambda: golden_exports.save_all(
                self._acting, planned, with_provenance=with_provenance, progress=progress
            )
        )
        if files is not None:
            self.exported.emit(files)
            self.accept()

    def _lay_out(self) -> None:
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        form.addWidget(self.lists, 0, 1)
        form.addWidget(self.forms, 1, 1)
        form.addWidget(self.provenance, 2, 1)
        form.addLayout(self._folder_line(), 3, 1)
        label_rows(
            form,
            (
                (0, "Lists", None),
                (1, "F&orms", self.forms),
                (3, "&Folder", self.folder),
            ),
        )
        self._lay_out_below(form)
