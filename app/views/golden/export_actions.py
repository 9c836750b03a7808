"""Exporting the chosen lists: one form by itself, or several at once."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.services.golden import exports as golden_exports
from app.services.golden import lists as golden_lists
from app.services.golden.exports import Export
from app.views.actions import ActionRow
from app.views.golden.chosen_lists import OnChosenLists
from app.views.golden.export_dialog import ExportDialog
from app.views.golden.forms import EXPORTS
from app.views.looks import words
from app.views.places import PlaceContext
from app.views.widgets.dialogs.save_file import FileSaver

MENU = ("golden.export", *(f"golden.export.{export}" for export in EXPORTS))


class GoldenExports(OnChosenLists):
    """Exports the chosen lists."""

    def __init__(
        self, context: PlaceContext, window: QWidget, chosen: Callable[[], Sequence[int]]
    ) -> None:
        super().__init__(context, window, chosen)
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
                "Export the selected lists in several forms at once",
                self.why_not,
                commands=("golden export",),
                parameters=("list", "--form", "--out", "--provenance"),
            ),
            *(
                ActionRow(
                    f"golden.export.{export}",
                    f"Export {_inside(title)}...",
                    partial(self.export_as, export),
                    tip=f"{title}: {what}",
                    why_not=self.why_not,
                    commands=("golden export",),
                    parameters=("list", "--form", "--out"),
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
            context.acting, context.background, ids, context.remembered, self._window
        )
        dialog.exported.connect(self._report)
        dialog.open()
        return dialog

    def export_as(self, export: Export) -> None:
        """Asks for the file of one form of the list that is chosen first."""
        ids = self._chosen()
        if ids:
            self._context.background.run(self._ask_where(ids[0], export), self)

    async def _ask_where(self, id_: int, export: Export) -> None:
        acting = self._context.acting
        list_ = await self._context.background.read(lambda: golden_lists.of_database(acting, id_))
        name = f"{golden_exports.stem_of(list_)}{export.ending}"
        suffix = Path(name).suffix.lstrip(".")
        self.saver.ask_where(
            f"Export golden JSON {id_}",
            name,
            f"{suffix.upper()} (*.{suffix})",
            lambda file: golden_exports.save(acting, list_, export, file),
        )

    def _report(self, files: tuple[Path, ...]) -> None:
        where = files[0].parent
        what = files[0].name if len(files) == 1 else words.counted(len(files), "file")
        self._context.notices.tell(f"Exported {what} to {where}.", "\n".join(map(str, files)))


def _inside(title: str) -> str:
    """A title inside a sentence; names of formats stay as they are."""
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"
