"""The dialog that exports lists: forms, folder, where they come from beside them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.services.golden.exports import Export
from app.views import words
from app.views.backend.golden import ExportRequest, Golden
from app.views.backend.news import Step
from app.views.background import Background
from app.views.golden.forms import EXPORTS
from app.views.notices import ask
from app.views.stoppable import Attempt
from app.views.theme import STEP
from app.views.widgets.plain import Label, ListItem

_FOLDER, _FORMS, _PROVENANCE = "export/folder", "export/forms", "export/provenance"
_EXPORT = Qt.ItemDataRole.UserRole
_NAMED = 3


class ExportDialog(QDialog):
    """Exports stored lists into a folder, in several forms at once.

    Signals: `exported(tuple)` with the files that were written.
    """

    exported = Signal(object)

    def __init__(
        self,
        golden: Golden,
        background: Background,
        ids: Sequence[int],
        remembered: QSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        self.resize(560, 400)
        self._golden = golden
        self._background = background
        self._ids = tuple(ids)
        self._remembered = remembered
        self._run: Attempt | None = None
        numbers = ", ".join(map(str, self._ids))
        self.lists = Label(f"golden JSON {numbers}", wordWrap=True)
        self.forms = QListWidget()
        self.forms.setAccessibleName("Forms")
        self.forms.setToolTip("Space ticks")
        chosen = str(remembered.value(_FORMS, Export.GOLDEN.value)).split(",")
        for export, (title, what) in EXPORTS.items():
            item = ListItem(f"{title}   {what}")
            item.setData(_EXPORT, export.value)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsSelectable)
            ticked = export.value in chosen
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.forms.addItem(item)
        self.folder = QLineEdit(str(remembered.value(_FOLDER, str(Path.home()))))
        self.folder.setAccessibleName("Folder")
        self.choose = QPushButton("Choose...")
        self.choose.setAutoDefault(False)
        self.provenance = QCheckBox("Where it comes from, in a file beside each")
        self.provenance.setToolTip(
            "Rule, datasets with their versions, author, program version, checksums"
        )
        self.provenance.setChecked(str(remembered.value(_PROVENANCE, "")) == "true")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self._lay_out()
        self.forms.itemChanged.connect(self._look)
        self.choose.clicked.connect(self.ask_folder)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self._look()

    @property
    def ticked(self) -> tuple[Export, ...]:
        """The forms that are ticked."""
        items = (self.forms.item(row) for row in range(self.forms.count()))
        return tuple(
            Export(item.data(_EXPORT))
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        )

    def ask_folder(self) -> QFileDialog:
        """Asks for the folder."""
        dialog = QFileDialog(self, "Folder", self.folder.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()
        return dialog

    def submit(self) -> None:
        """Exports, after asking when files are there already."""
        if self._run is not None or not self.ticked:
            return
        self._refuse("")
        request = ExportRequest(
            self._ids,
            self.ticked,
            Path(self.folder.text().strip()).expanduser(),
            self.provenance.isChecked(),
        )
        golden = self._golden
        self._background.read_then(
            lambda: [each for each in golden.export_names(request) if each.exists()],
            lambda there: self._ask_or_go(request, there),
            owner=self,
            refused=self._refused,
        )

    def reject(self) -> None:
        if self._run is not None:
            self._run.cancel()
            self.stop.setEnabled(False)
        else:
            super().reject()

    def _ask_or_go(self, request: ExportRequest, there: list[Path]) -> None:
        if not there:
            self._export(request)
            return
        names = ", ".join(each.name for each in there[:_NAMED])
        more = f" and {words.counted(len(there) - _NAMED, 'more file')}" if there[_NAMED:] else ""
        are = "is" if len(there) == 1 else "are"
        question = f"{names}{more} {are} there already."
        ask(self, "Replace", question, "Replace", partial(self._export, request))

    def _export(self, request: ExportRequest) -> None:
        self._remembered.setValue(_FOLDER, self.folder.text().strip())
        self._remembered.setValue(_FORMS, ",".join(each.value for each in request.exports))
        self._remembered.setValue(_PROVENANCE, str(request.with_provenance).lower())
        golden, run = self._golden, Attempt(self)
        self._run = run
        run.progressed.connect(self._show_progress)
        self._set_running(running=True)
        run.job = self._background.act_then(
            lambda: golden.export_golden(request, run.tell, run.is_cancelled),
            self._done,
            owner=self,
            refused=self._refused,
            finished=lambda: self._set_running(running=False),
        )

    def _done(self, files: tuple[Path, ...] | None) -> None:
        if files is None:
            self._refuse("Cancelled; nothing was written.")
            return
        self.exported.emit(files)
        self.accept()

    def _show_progress(self, progress: Step) -> None:
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)

    def _set_running(self, *, running: bool) -> None:
        if not running:
            self._run = None
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        for part in (self.forms, self.folder, self.choose, self.provenance):
            part.setEnabled(not running)
        self._look()

    def _look(self) -> None:
        self.go.setEnabled(bool(self.ticked) and self._run is None)

    def _refused(self, error: Refused) -> None:
        self._refuse(str(error))

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _lay_out(self) -> None:
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose)
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        form.addWidget(self.lists, 0, 1)
        form.addWidget(self.forms, 1, 1)
        form.addWidget(self.provenance, 2, 1)
        form.addLayout(folder, 3, 1)
        for row, text, buddy in (
            (0, "Lists", None),
            (1, "F&orms", self.forms),
            (3, "&Folder", self.folder),
        ):
            label = Label(text)
            if buddy is not None:
                label.setBuddy(buddy)
            form.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        form.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)
