"""A file of changes: what each line would do, then one version."""

from collections.abc import Iterable, Sequence
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
from app.domain.progress import Progress
from app.services.acting import Acting
from app.services.editing import bulk, change_files
from app.services.editing.bulk import Written
from app.services.editing.report import Report
from app.views.bulk.bulk_dialog import BulkDialog, Checking, Writing
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.plain import Label

_MOST_BYTES = 64 * 1024 * 1024
_HINT = (
    f"CSV with the columns {', '.join(COLUMNS)}. A first line may name them in another order; lines"
    " that begin with # are skipped. For a DCS bit, column is its name and status is true or false."
)


class ChangeFileDialog(BulkDialog):
    """Reports a file line by line, and writes it."""

    def __init__(
        self,
        context: PlaceContext,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, "File of changes", parent, form_above=True)
        self._content = ""
        self.path = QLineEdit(placeholderText="changes.csv")
        self.path.setAccessibleName("File")
        self.open_button = QPushButton("Open...")
        self.open_button.setAutoDefault(False)
        self.comment = QLineEdit(placeholderText="Reason for the changes (optional)")
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
        give_keys(self.path)

    def ask_file(self) -> None:
        """Asks for the file, and shows what it would change."""
        dialog = QFileDialog(self, "File of changes", "", "CSV (*.csv *.txt);;All files (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.load)
        dialog.open()

    def load(self, file: str) -> None:
        """Shows what a file would change."""
        self.path.setText(file)
        self.look()

    def wanted(self) -> Iterable[Sequence[str]]:
        return ()  # Each line takes its own, which the report says.

    def checking(self) -> Checking:
        name = self.path.text().strip()
        if not name:
            raise BadInput("Choose a file.")
        acting, comment, file = self._acting, self.comment.text().strip(), Path(name)

        def check(progress: Progress) -> Report:
            self._content = content = text_of(file)
            rule = bulk.golden_rule(acting)
            return change_files.preview(
                acting, content, comment=comment, rule=rule, progress=progress
            )

        return check

    def writing(self, report: Report) -> Writing:
        # The text that was previewed, whatever the file holds by now.
        comment, content = self.comment.text().strip(), self._content
        seen = report.preview.seen if report.preview is not None else {}
        leave_out = self.leave_out.isChecked()

        def write(acting: Acting, progress: Progress) -> Written:
            return change_files.write(
                acting,
                content,
                comment=comment,
                seen=seen,
                leave_out_refused=leave_out,
                progress=progress,
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
            raise BadInput(f"{file} is too large: {words.number(size)} bytes. Split it.")
        # As it is: a line end inside a cell is of the comment.
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{file} can't be read: it is not UTF-8 text. Save it as CSV UTF-8."
        ) from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
