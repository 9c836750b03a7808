"""Exports the log to a file that the person chooses."""

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.history.log import LogQuery
from app.domain.progress import Cancelled
from app.services.acting import Acting
from app.services.history import log_export
from app.services.history.log import Reached
from app.views.background import Background, Work
from app.views.notices import Notices, ask


class LogExport(QObject):
    """Writes the entries that fulfil a query, one file at a time.

    Signals: `progressed(str)` with how far it is; `running_changed(bool)`.
    """

    progressed = Signal(object)
    running_changed = Signal(bool)

    def __init__(
        self, acting: Acting, background: Background, notices: Notices, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._notices = notices
        self._parent = parent
        self._work = Work(background, self)
        self._work.progressed.connect(self.progressed)
        self._work.running_changed.connect(self.running_changed)

    @property
    def is_running(self) -> bool:
        """Whether a file is being written."""
        return self._work.is_running

    def stop(self) -> None:
        """Ends it; no file is written."""
        self._work.stop()

    def choose_file(self, query: LogQuery) -> QFileDialog:
        """Opens the dialog that asks for the file."""
        dialog = QFileDialog(self._parent.window(), "Export the log")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["CSV (*.csv)", "JSON (*.json)"])
        dialog.setDefaultSuffix("csv")
        # Its own question would start a second event loop inside this one.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile("log.csv")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix("json" if "json" in chosen else "csv")
        )
        dialog.fileSelected.connect(lambda file: self.export(query, Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def export(self, query: LogQuery, file: Path) -> None:
        """Writes the file, after a question where it exists already."""
        self._background.run(self._ask_or_write(query, file), self)

    async def _ask_or_write(self, query: LogQuery, file: Path) -> None:
        if await self._background.read(file.exists, reaches_server=False):
            ask(
                self._parent.window(),
                "Replace",
                f"{file.name} exists already.",
                "Replace",
                lambda: self._start(query, file),
            )
        else:
            self._start(query, file)

    def _start(self, query: LogQuery, file: Path) -> None:
        if not self.is_running:
            self._work.start(self._write(query, file))

    async def _write(self, query: LogQuery, file: Path) -> None:
        acting, progress, progressed = self._acting, self._work.progress, self._work.progressed

        def on_page(reached: Reached) -> None:
            progress.checkpoint()
            with suppress(RuntimeError):  # The window may close while the file is written.
                progressed.emit(reached.text)

        try:
            exported = await self._background.act(
                lambda: log_export.export(acting, query, file, on_page=on_page)
            )
        except Cancelled:
            self._notices.tell("The export was stopped: no file was written.")
        else:
            self._notices.tell(exported.text)
