"""The dialog that exports datasets as CSV, with the columns that a person ticks."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.counting import counted
from app.domain.errors import Refused, Unavailable
from app.domain.progress import Cancelled
from app.services.certification import dataset_csv, tables
from app.services.certification.tables import Chosen
from app.services.configuration import workspaces
from app.views.background import Work
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.check_list import CheckList
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.scope_choice import ScopeChoice
from app.views.widgets.plain import Label

_SIZE = (460, 560)
_FILE = "datasets.csv"


class CsvDialog(QDialog):
    """Writes a file; the datasets are only read once the person has named it."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export datasets as CSV")
        resize_to_fit(self, *_SIZE)
        self._context = context
        self._selection = selection
        self._writing = Work(context.background, self)
        self.scope = ScopeChoice(selection)
        self.columns = CheckList("Columns")
        self.columns.offer(selection.columns, selection.columns)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 100)
        self.progress.setFixedHeight(STEP)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        explanation = Label(
            "Run, name, class and attributes are always written. Tick the columns whose summaries"
            " are written too.",
            wordWrap=True,
        )
        role = QDialogButtonBox.ButtonRole
        buttons = QDialogButtonBox()
        self.save: QPushButton = buttons.addButton("Save as...", role.AcceptRole)
        buttons.addButton("Cancel", role.RejectRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.scope)
        layout.addWidget(explanation)
        layout.addWidget(self.columns, 1)
        for widget in (self.progress, self.refusal, buttons):
            layout.addWidget(widget)
        buttons.accepted.connect(self.ask_file)
        buttons.rejected.connect(self.cancel)
        self._writing.progressed.connect(lambda share: self.progress.setValue(round(100 * share)))
        self._writing.running_changed.connect(self._show_running)
        context.background.run(self._offer_columns(), self)

    def ask_file(self) -> None:
        """Asks for the file to write."""
        dialog = QFileDialog(self, "Export datasets as CSV", _FILE, "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda file: self.write(Path(file)))
        dialog.open()

    def write(self, file: Path) -> None:
        """Reads the datasets and writes the file."""
        if not self._writing.is_running:
            self._refuse("")
            self._writing.start(self._write(file, self.scope.chosen(), self.columns.ticked()))

    async def _write(self, file: Path, chosen: Chosen, columns: tuple[str, ...]) -> None:
        acting, progress = self._context.acting, self._writing.progress

        def write() -> int:
            keys = tables.chosen_keys(acting, chosen)
            files.write(file, dataset_csv.csv_text(acting, keys, columns, progress=progress))
            return len(keys)

        try:
            number = await self._context.background.act(write)
        except Cancelled:
            self._refuse("Cancelled: no file was written.")
        except Refused as error:
            self._refuse(str(error))
        except Unavailable as error:
            self._refuse(f"{error} No file was written: try again.")
        else:
            self._context.notices.tell(f"Wrote {counted(number, 'dataset')} to {file}.")
            self.accept()

    def cancel(self) -> None:
        """Stops the writing if it is under way; otherwise closes the dialog."""
        if self._writing.is_running:
            self._writing.stop()
        else:
            self.reject()

    async def _offer_columns(self) -> None:
        acting = self._context.acting
        known = await self._context.background.read(
            lambda: workspaces.with_columns(acting, online=False)
        )
        own = list(self._selection.columns)
        others = {column for workspace in known for column in workspace.columns} - set(own)
        self.columns.offer([*own, *sorted(others)], self.columns.ticked())

    def _show_running(self, running: bool) -> None:
        self.progress.setValue(0)
        self.progress.setVisible(running)
        self.save.setEnabled(not running)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
