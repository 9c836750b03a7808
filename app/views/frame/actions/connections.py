"""*File, Connections*: the list, and another server in the place of this one."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.domain.errors import Refused, Unavailable
from app.views.actions import ActionRow
from app.views.background import Work
from app.views.connections.dialog import ConnectionsDialog
from app.views.places import PlaceContext
from app.views.session import Connected

MENU = ("file.connections",)
_NO_LIST = "This window was opened without a list of connections."


class ConnectionActions(QObject):
    """Shows the list of connections, and connects to another server.

    Signals: `switch_wanted()` once the other server answers; `following` is it then.
    """

    switch_wanted = Signal()

    def __init__(self, context: PlaceContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._connecting = Work(context.background, self)
        self._dialog: ConnectionsDialog | None = None
        self._is_ending = False
        self.following: Connected | None = None

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "file.connections",
                "Connections...",
                self.show_list,
                "Ctrl+Shift+H",
                "link",
                "Open another server; add, edit, test and remove connections",
                lambda: "" if self._context.workplace.openings is not None else _NO_LIST,
                commands=(
                    *("connections list", "connections use", "connections test"),
                    *("connections add", "connections edit", "connections remove"),
                ),
                parameters=("name",),
            )
        ]

    def show_list(self) -> ConnectionsDialog | None:
        """Opens the list over the window."""
        openings = self._context.workplace.openings
        if openings is None:
            return None
        if self._dialog is None:
            in_use = self._context.workplace.session.connection
            self._dialog = ConnectionsDialog(
                openings, in_use, self._context.background, self._context.themes, self._window
            )
            self._dialog.open_wanted.connect(self.switch_to)
            self._dialog.finished.connect(self._forget_dialog)
        self._dialog.open()
        return self._dialog

    def switch_to(self, name: str) -> None:
        """Connects to another server, while this window goes on; then it may end."""
        if self.following is None and not self._connecting.is_running:
            self._connecting.start(self._switch(name))

    def end(self) -> None:
        """The window ends for another reason: no other server is wanted any more."""
        self._is_ending = True

    async def _switch(self, name: str) -> None:
        openings, background = self._context.workplace.openings, self._context.background
        assert openings is not None
        try:
            connected = await background.act(lambda: openings.connect(name))
        except (Refused, Unavailable) as error:
            if self._dialog is not None:
                self._dialog.show_failure(str(error))
            else:
                self._context.notices.refuse(Refused(str(error)))
            return
        if self._is_ending:
            await background.act(connected.close)
            return
        self.following = connected
        if self._dialog is not None:
            self._dialog.accept()
        self.switch_wanted.emit()

    def _forget_dialog(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None and isValid(dialog):
            dialog.deleteLater()
