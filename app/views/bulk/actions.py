"""Editing many datasets, from menus and the palette."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.configuration import permissions
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.services.configuration import workspaces
from app.services.editing.bulk import Written
from app.views.actions import ActionRow
from app.views.background import Work
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.places import PlaceContext
from app.views.selection import NO_TABLE
from app.views.tables.table_view import TableView

MENU = ("bulk.edit",)
TOOLS = ("bulk.edit", "bulk.file")


def edit_paths(*, online: bool) -> tuple[str, ...]:
    """Paths of which an edit of lumisections needs one, whatever the columns."""
    name = ONLINE if online else ""
    columns = permissions.edit_lumisections_paths(name, ("{column}",))
    return (*columns, permissions.edit_dcs_bits_path())


class BulkActions(QObject):
    """Edits what `table()` shows or has selected, and files of changes.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, table: Callable[[], TableView | None]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._acting = context.acting
        self._background = context.background
        self._opening = Work(context.background, self)
        self._notices = context.notices
        self._window = window
        self._table = table

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "bulk.edit",
                "Edit lumisections of many...",
                self.edit,
                "Ctrl+Alt+E",
                "edit",
                "The same edit on the selected rows, or on everything the filter matches",
                lambda: "" if self._table() is not None else NO_TABLE,
                right=self._edit_paths,
                commands=("lumisections edit-many",),
                parameters=(
                    *("--run", "--name", "--filter", "--online", "--columns", "--status"),
                    *("--bits", "--value", "--ls", "--comment", "--cause"),
                ),
            ),
            ActionRow(
                "bulk.file",
                "File of changes...",
                self.open_file,
                "Ctrl+Alt+F",
                "file",
                "Write a CSV file of changes, after a report of every line",
                right=lambda: edit_paths(online=True) + edit_paths(online=False),
                commands=("lumisections edit",),
                parameters=("--file", "--comment", "--leave-out-refused"),
            ),
        ]

    def _edit_paths(self) -> Sequence[str]:
        table = self._table()
        return edit_paths(online=table is not None and table.kind == "runs")

    def edit(self) -> None:
        """Opens the dialog for what the table shows."""
        table = self._table()
        if table is not None:
            self._opening.start(self._open_edit(online=table.kind == "runs"))

    def open_file(self) -> ChangeFileDialog:
        """Opens the dialog for a file of changes."""
        dialog = ChangeFileDialog(self._context, self._window)
        dialog.written.connect(self._written)
        dialog.open()
        return dialog

    async def _open_edit(self, *, online: bool) -> None:
        acting = self._acting
        columns = await self._background.read(
            lambda: workspaces.with_columns(acting, online=online)
        )
        table = self._table()
        if table is None:
            return
        selection = table.selection()
        if selection is None:
            self._notices.refuse(Refused("The table is empty: there is nothing to edit."))
            return
        dialog = BulkEditDialog(self._context, selection, online, columns, self._window)
        dialog.written.connect(self._written)
        dialog.open()

    def _written(self, written: Written) -> None:
        self._notices.tell(written.text, version=written.version)
        self.acted.emit()
