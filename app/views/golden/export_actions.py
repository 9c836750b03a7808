"""Exporting the lists that are chosen: each form by itself, or several at once."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.services.golden.exports import Export
from app.views.actions import ActionRow
from app.views.backend.golden import ExportRequest
from app.views.backend.news import Step
from app.views.golden.export_dialog import ExportDialog
from app.views.golden.forms import EXPORTS
from app.views.places import PlaceContext
from app.views.widgets.save_file import FileSaver

MENU = ("golden.export", *(f"golden.export.{export}" for export in EXPORTS))


class GoldenExports(QObject):
    """Exports what `chosen()` names when an action is asked for."""

    def __init__(
        self, context: PlaceContext, window: QWidget, chosen: Callable[[], Sequence[int]]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._chosen = chosen
        self.saver = FileSaver(context.background, context.notices, window)

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "golden.export",
                "Export...",
                self.export,
                "Ctrl+Shift+X",
                "save",
                "Export the chosen lists, in several forms at once",
                lambda: bool(self._chosen()),
            ),
            *(
                ActionRow(
                    f"golden.export.{export}",
                    f"Export {_inside(title)}...",
                    partial(self.export_as, export),
                    tip=f"{title}: {what}",
                    enabled=lambda: bool(self._chosen()),
                )
                for export, (title, what) in EXPORTS.items()
            ),
        ]

    def export(self) -> ExportDialog | None:
        """Opens the dialog that exports the chosen lists."""
        ids = self._chosen()
        if not ids:
            return None
        context = self._context
        dialog = ExportDialog(
            context.backend, context.background, ids, context.remembered, self._window
        )
        dialog.exported.connect(self._tell)
        dialog.open()
        return dialog

    def export_as(self, export: Export) -> None:
        """Asks for the file of one form of the list that is chosen first."""
        ids = self._chosen()
        if not ids:
            return
        backend, id_ = self._context.backend, ids[0]
        here = ExportRequest((id_,), (export,), Path.home())
        self._context.background.read_then(
            lambda: backend.export_names(here)[0].name,
            lambda name: self._ask_where(id_, export, name),
            owner=self,
        )

    def _ask_where(self, id_: int, export: Export, name: str) -> None:
        backend = self._context.backend

        def write(file: Path) -> None:
            request = ExportRequest((id_,), (export,), file.parent, name=file.name)
            backend.export_golden(request, _say_nothing, lambda: False)

        suffix = Path(name).suffix.lstrip(".")
        kind = f"{suffix.upper()} (*.{suffix})"
        self.saver.ask_where(f"Export golden JSON {id_}", name, kind, write)

    def _tell(self, files: tuple[Path, ...]) -> None:
        where = files[0].parent
        what = files[0].name if len(files) == 1 else f"{len(files)} files"
        self._context.notices.tell(f"Exported {what} into {where}.", "\n".join(map(str, files)))


def _inside(title: str) -> str:
    """A title inside a sentence; names of formats stay as they are."""
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _say_nothing(_progress: Step) -> None:
    """One file is written before a bar could be looked at."""
