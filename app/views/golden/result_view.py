"""A generated JSON: its figures, its text, and the files it can be saved as."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.views import words
from app.views.backend import GoldenResult
from app.views.background import Background
from app.views.notices import Notices
from app.views.theme import STEP, monospaced

FORMS = (
    ("JSON...", "generated", ""),
    ("JSON with dataset names...", "with_dataset_names", "_with_dataset_names"),
    ("Anti-JSON...", "anti", "_anti"),
    ("Anti-JSON with dataset names...", "anti_with_dataset_names", "_anti_with_dataset_names"),
)


class GoldenResultView(QWidget):
    """Shows one result; nothing until one is chosen."""

    def __init__(
        self, background: Background, notices: Notices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._background = background
        self._notices = notices
        self.result: GoldenResult | None = None
        self.title = QLabel("Choose a JSON from the list, or generate one.")
        self.title.setProperty("role", "title")
        self.save = QPushButton("Save as")
        menu = QMenu(self.save)
        for text, form, suffix in FORMS:
            action = menu.addAction(text)
            action.triggered.connect(
                lambda _checked=False, form=form, suffix=suffix: self._ask_where(form, suffix)
            )
        self.save.setMenu(menu)
        self._figures = QFormLayout()
        self._figures.setHorizontalSpacing(3 * STEP)
        self._values: dict[str, QLabel] = {}
        for name in ("Datasets", "Runs", "Lumisections", "In JSON", "In all", "Made", "Tags"):
            value = QLabel(wordWrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._values[name] = value
            self._figures.addRow(name, value)
        self.texts = QTabWidget()
        self.texts.setDocumentMode(True)
        self._editors = {
            name: QPlainTextEdit(readOnly=True)
            for name in ("JSON", "With dataset names", "Anti-JSON", "Rule")
        }
        for name, editor in self._editors.items():
            editor.setFont(monospaced())
            editor.setAccessibleName(name)
            self.texts.addTab(editor, name)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 0)
        layout.addLayout(top)
        layout.addLayout(self._figures)
        layout.addWidget(self.texts, 1)
        self._show_parts(visible=False)

    def show_result(self, result: GoldenResult) -> None:
        """Shows another result."""
        self.result = result
        entry = result.entry
        official = ", official" if entry.official else ""
        self.title.setText(f"Golden JSON {entry.id}{official}")
        values = {
            "Datasets": entry.pattern,
            "Runs": words.number(entry.runs),
            "Lumisections": words.number(entry.lumisections),
            "In JSON": f"{_pb(entry.recorded_luminosity)} recorded,"
            f" {_pb(result.delivered_luminosity)} delivered",
            "In all": f"{_pb(result.total_recorded_luminosity)} recorded,"
            f" {_pb(result.total_delivered_luminosity)} delivered",
            "Made": f"{words.time(entry.created_at)} by {entry.created_by},"
            f" at version {result.version}",
            "Tags": entry.tags or "none",
        }
        for name, text in values.items():
            self._values[name].setText(text)
        texts = (result.generated, result.with_dataset_names, result.anti, result.rule)
        for editor, text in zip(self._editors.values(), texts, strict=True):
            editor.setPlainText(text)
        self._show_parts(visible=True)

    def save_as(self, form: str, file: Path) -> None:
        """Writes one form into a file, in the background."""
        if self.result is None:
            return
        text: str = getattr(self.result, form)

        def write() -> str:
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as error:
                raise Refused(f"{file} can't be written: {error.strerror}.") from error
            return f"Saved {file}."

        self._background.act(write, self._notices.tell, owner=self)

    def _ask_where(self, form: str, suffix: str) -> None:
        if self.result is None:
            return
        name = f"golden_{self.result.entry.id}{suffix}.json"
        dialog = QFileDialog(self.window(), "Save as", name, "JSON (*.json)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda file: self.save_as(form, Path(file)))
        dialog.open()

    def _show_parts(self, *, visible: bool) -> None:
        self.save.setVisible(visible)
        self.texts.setVisible(visible)
        for name, value in self._values.items():
            value.setVisible(visible)
            label = self._figures.labelForField(value)
            assert label is not None, name  # every row was added with one
            label.setVisible(visible)


def _pb(value: float) -> str:
    return f"{words.luminosity(value)} pb⁻¹" if value >= 0 else "unknown"
