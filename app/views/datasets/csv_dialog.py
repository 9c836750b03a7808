"""The dialog that exports datasets as CSV, with the columns that a person ticks."""

from collections.abc import Sequence
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
from app.domain.errors import Unavailable
from app.services.certification import tables
from app.services.configuration import workspaces
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.stoppable import Attempt
from app.views.theme import STEP
from app.views.widgets.check_list import CheckList
from app.views.widgets.plain import Label
from app.views.widgets.scope_choice import ScopeChoice

_SIZE = (460, 560)
_FILE = "datasets.csv"


class CsvDialog(QDialog):
    """Writes a file; what is in it is read only once the person has named it."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export datasets as CSV")
        self.resize(*_SIZE)
        self._context = context
        self._selection = selection
        self._attempt: Attempt | None = None
        self.scope = ScopeChoice(selection)
        self.columns = CheckList("Columns")
        self.columns.offer(selection.columns, selection.columns)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(STEP)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        words = Label(
            "Run, name, class and attributes are always written; tick the columns whose summaries"
            " shall be, too.",
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
        layout.addWidget(words)
        layout.addWidget(self.columns, 1)
        for widget in (self.progress, self.refusal, buttons):
            layout.addWidget(widget)
        buttons.accepted.connect(self.ask_file)
        buttons.rejected.connect(self.cancel)
        acting = context.acting
        context.background.read_then(
            lambda: workspaces.with_columns(acting, online=False), self._offer, owner=self
        )

    def ask_file(self) -> None:
        """Asks where to."""
        dialog = QFileDialog(self, "Export datasets as CSV", _FILE, "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda file: self.write(Path(file)))
        dialog.open()

    def write(self, file: Path) -> None:
        """Reads the datasets and writes the file."""
        if self._attempt is not None:
            return
        backend, chosen = self._context.backend, self.scope.chosen()
        columns = self.columns.ticked()
        attempt = self._attempt = Attempt(self)
        attempt.progressed.connect(lambda share: self.progress.setValue(round(100 * share)))
        self.progress.setRange(0, 100)
        self.progress.show()
        self.save.setEnabled(False)
        self._refuse("")

        def work() -> str:
            keys = tables.chosen_keys(backend.acting, chosen)
            text = backend.datasets_csv(keys, columns, attempt.tell, attempt.is_cancelled)
            if text is None:
                return ""
            files.write(file, text)
            return f"Wrote {len(keys)} datasets to {file}."

        attempt.job = self._context.background.act_then(
            work,
            self._done,
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            unavailable=self._unavailable,
            finished=self._finished,
        )

    def cancel(self) -> None:
        """Stops reading; else closes."""
        if self._attempt is None:
            self.reject()
        else:
            self._attempt.cancel()

    def _offer(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        own = list(self._selection.columns)
        others = sorted({column for each in workspaces for column in each.columns} - set(own))
        self.columns.offer([*own, *others], self.columns.ticked())

    def _done(self, text: str) -> None:
        if not text:
            self._refuse("Cancelled: no file was written.")
            return
        self._context.notices.tell(text)
        self.accept()

    def _unavailable(self, error: Unavailable) -> None:
        self._refuse(f"{error} No file was written: try again.")

    def _finished(self) -> None:
        self._attempt = None
        self.progress.hide()
        self.save.setEnabled(True)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
