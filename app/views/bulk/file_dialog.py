"""A file of changes: what each line would do, then one version."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from app.domain.editing.change_file import COLUMNS
from app.domain.errors import BadInput
from app.views import words
from app.views.backend.bulk import Asked, Bulk, BulkReport, Report
from app.views.backend.done import Done
from app.views.background import Background
from app.views.bulk.bulk_dialog import BulkDialog, Looking, Writing
from app.views.theme import STEP, Themes
from app.views.widgets.plain import Label

_MOST_BYTES = 64 * 1024 * 1024
_HINT = (
    f"CSV with the columns {', '.join(COLUMNS)}; a head may name them in another order, lines that"
    " begin with # are passed over. A DCS bit stands in column, with true or false as its status."
)


class ChangeFileDialog(BulkDialog):
    """Opens a file, reports it line by line, and writes it."""

    def __init__(
        self,
        bulk: Bulk,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(bulk, background, themes, "File of changes", parent, form_above=True)
        self._content = ""
        self.path = QLineEdit(placeholderText="changes.csv")
        self.path.setAccessibleName("File")
        self.open_button = QPushButton("Open...")
        self.open_button.setAutoDefault(False)
        self.comment = QLineEdit(placeholderText="What it is about (optional)")
        self.comment.setAccessibleName("Comment of the version")
        hint = Label(_HINT, wordWrap=True)
        hint.setProperty("role", "muted")
        self.setAcceptDrops(True)
        line = QHBoxLayout()
        line.setSpacing(2 * STEP)
        line.addWidget(self.path, 1)
        line.addWidget(self.open_button)
        form = QFormLayout(self.form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(2 * STEP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("File", line)
        form.addRow("Comment", self.comment)
        form.addRow(hint)
        self.open_button.clicked.connect(self.ask_file)
        self.path.textChanged.connect(self.forget)
        self.comment.textChanged.connect(self.forget)
        self.forget()

    def ask_file(self) -> None:
        """Asks for the file, and looks at it."""
        dialog = QFileDialog(self, "File of changes", "", "CSV (*.csv *.txt);;All files (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.load)
        dialog.open()

    def load(self, file: str) -> None:
        """Looks at a file."""
        self.path.setText(file)
        self.look()

    def looking(self) -> Looking:
        name = self.path.text().strip()
        if not name:
            raise BadInput("Say which file.")
        bulk, comment, file = self._bulk, self.comment.text().strip(), Path(name)

        def look(report: Report, asked: Asked) -> BulkReport | None:
            self._content = content = text_of(file)
            return bulk.preview_changes(content, comment, report, asked)

        return look

    def writing(self, report: BulkReport) -> Writing:
        # The text that was looked at, whatever the file holds by now.
        bulk, comment, content = self._bulk, self.comment.text().strip(), self._content
        leave_out = self.leave_out.isChecked()

        def write(told: Report, asked: Asked) -> Done | None:
            return bulk.write_changes(
                content, comment, report.seen, told, asked, leave_out_refused=leave_out
            )

        return write

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.load(event.mimeData().urls()[0].toLocalFile())


def text_of(file: Path) -> str:
    """Text of a file of changes; BadInput when it can't be one."""
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise BadInput(f"{file} is too large: {words.number(size)} bytes. Cut it.")
        # As it is: a line end inside a cell is of the comment.
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{file} can't be read: it is no text in UTF-8. Save it as CSV UTF-8."
        ) from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
