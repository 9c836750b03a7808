"""Importing luminosity from brilcalc: first what a file would change, then the import."""

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.permissions import import_luminosity_path
from app.domain.errors import Refused, Unavailable
from app.domain.lumisections import format_ranges
from app.domain.progress import Cancelled
from app.services.golden import luminosity
from app.services.golden.luminosity import ImportReport, Outcome, RunReport
from app.views.golden.runs_table import Cell, RunRow, RunsTable
from app.views.golden.share_done import ShareDone
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.plain import Label

_SIZE = (860, 560)
_TITLES = (
    "Run",
    "What",
    "LS in file",
    "LS that change",
    "pb⁻¹ now",
    "pb⁻¹ then",
    "LS not in the run",
    "pb⁻¹ left out",
)
_WIDE = ("What", "LS not in the run")
_OUTCOMES = {
    Outcome.CHANGED: "changes",
    Outcome.UNCHANGED: "is equal",
    Outcome.UNKNOWN: "not in the Run Registry",
}
_CHOOSE = (
    "Choose a file that brilcalc lumi --byls --output-style csv wrote. You see what it would change"
    " before anything is written."
)


class LuminosityDialog(QDialog):
    """Reads the file first, and writes on request; all runs as one version.

    Signals: `imported(text, version)` once it is written; `run_wanted(run_number, dataset)`.
    """

    imported = Signal(str, int)
    run_wanted = Signal(int, str)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import luminosity")
        resize_to_fit(self, *_SIZE)
        self._acting = context.acting
        self._background = background = context.background
        self._file: Path | None = None
        self.line = QLineEdit()
        self.line.setPlaceholderText("File from brilcalc")
        self.line.setAccessibleName("File")
        self.choose = QPushButton("File...")
        self.summary = Label(_CHOOSE, wordWrap=True)
        self.refusal = RefusalLine(self)
        self.runs = RunsTable("Runs of the file")
        self.reading = ShareDone(background, "Reading the file")
        self.writing = ShareDone(background, "Writing", writes=True)
        self.write = QPushButton("Import")
        rights = context.rights
        self.right = RightLine(
            rights,
            self.write,
            lambda: rights.refusal_of_all([(import_luminosity_path(),)]),
            self,
        )
        self.close_button = QPushButton("Close")
        # Enter reads the file that is typed, and imports once that has been read.
        self.choose.setAutoDefault(False)
        self.close_button.setAutoDefault(False)
        self.write.setDefault(True)
        self._lay_out()
        self.right.offer(possible=False)
        self.line.editingFinished.connect(self._typed)
        self.line.returnPressed.connect(self._ask_for_name)
        self.choose.clicked.connect(self.ask_file)
        self.write.clicked.connect(self._import)
        self.close_button.clicked.connect(self.reject)
        self.runs.run_wanted.connect(self.run_wanted)
        self.reading.stopped.connect(lambda: self.summary.setText(_CHOOSE))

    def ask_file(self) -> QFileDialog:
        """Asks for the file."""
        folder = self._file.parent if self._file is not None else Path()
        dialog = QFileDialog(self, "File from brilcalc", str(folder))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["CSV (*.csv *.csv.gz)", "All files (*)"])
        dialog.fileSelected.connect(lambda file: self.preview(Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def preview(self, file: Path) -> None:
        """Shows what a file would change; writes nothing."""
        self._file = file
        self.line.setText(str(file))
        self._forget()
        self.summary.setText("")
        self.reading.work.start(self._read(file))

    async def _read(self, file: Path) -> None:
        progress = self.reading.work.progress
        try:
            report = await self._background.read(
                lambda: luminosity.import_brilcalc(
                    self._acting, file, dry_run=True, progress=progress
                )
            )
        except Refused as error:
            self._refuse(str(error))
        else:
            self._show(report)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(2 * STEP)
        top.addWidget(self.line, 1)
        top.addWidget(self.choose)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * STEP)
        buttons.addWidget(self.refusal, 1)
        buttons.addStretch(0)
        buttons.addWidget(self.write)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        layout.addLayout(top)
        layout.addWidget(self.reading)
        layout.addWidget(self.summary)
        layout.addWidget(self.runs, 1)
        layout.addWidget(self.writing)
        layout.addWidget(self.right)
        layout.addLayout(buttons)

    def _typed(self) -> None:
        text = self.line.text().strip()
        if text and Path(text).expanduser() != self._file:
            self.preview(Path(text).expanduser())

    def _ask_for_name(self) -> None:
        if not self.line.text().strip():
            self.refusal.say("Choose a file.")

    def _forget(self) -> None:
        self.runs.show_rows(_TITLES, (), wide=_WIDE)
        self.right.offer(possible=False)
        self.refusal.say("")

    def _refuse(self, text: str) -> None:
        self.refusal.say(text)
        self._let_choose(True)

    def _show(self, report: ImportReport) -> None:
        self.runs.show_rows(_TITLES, [_row(run) for run in report.runs], wide=_WIDE)
        self.summary.setText(_summary(report))
        self.right.offer(possible=bool(report.changed))

    def _import(self) -> None:
        file = self._file
        if file is None:
            return
        self.refusal.say("")
        self.right.offer(possible=False)
        self._let_choose(False)
        self.writing.work.start(self._write(file))

    async def _write(self, file: Path) -> None:
        progress = self.writing.work.progress
        try:
            report = await self._background.act(
                lambda: luminosity.import_brilcalc(self._acting, file, progress=progress)
            )
        except asyncio.CancelledError:
            self.writing.work.stop()  # The end of the program doesn't wait for the import.
            raise
        except Cancelled as error:
            self._let_choose(True)
            self.right.offer()
            self.summary.setText(str(error))
        except Refused as error:
            self._refuse(str(error))
        except Unavailable as error:
            self._refuse(error.advised)
            self.right.offer()
        else:
            self._written(report)

    def _let_choose(self, may: bool) -> None:
        for widget in (self.line, self.choose):
            widget.setEnabled(may)

    def _written(self, report: ImportReport) -> None:
        if report.version is None:
            self._let_choose(True)
            self._show(report)
            return
        self.imported.emit(report.text, report.version)
        self.accept()

    # Qt

    def reject(self) -> None:
        if self.writing.work.is_running:
            self.writing.stop()
        else:
            self.reading.work.drop()
            super().reject()


def _summary(report: ImportReport) -> str:
    runs = sum(run.outcome is Outcome.CHANGED for run in report.runs)
    if report.changed:
        text = f"{words.number(report.changed)} LS in {words.counted(runs, 'run')} get other values"
    elif report.within_runs:
        text = "All values in the file are stored already"
    else:
        text = "The runs have none of these LS: nothing to import"
    unchanged = sum(run.outcome is Outcome.UNCHANGED for run in report.runs)
    parts = [text]
    if report.changed and unchanged:
        parts.append(f"{words.counted(unchanged, 'run')} without a change")
    if report.unknown:
        count = words.counted(len(report.unknown), "run")
        parts.append(f"{count} not in the Run Registry")
    if report.too_short:
        count = words.counted(len(report.too_short), "run")
        parts.append(f"{count} shorter than in the file")
    return "; ".join(parts) + "."


def _row(run: RunReport) -> RunRow:
    known = run.outcome is not Outcome.UNKNOWN
    cells: tuple[Cell, ...] = (
        run.run_number,
        _OUTCOMES[run.outcome],
        run.lumisections,
        run.changed if known else "",
        run.recorded_before if known else "",
        run.recorded if known else "",
        format_ranges(run.beyond) if known else "",
        run.recorded_left_out if run.beyond else "",
    )
    return RunRow(run.run_number, "", cells)
