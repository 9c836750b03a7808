"""Publishing the chosen lists to a folder that others read."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.configuration.permissions import EXPERTS
from app.views.actions import ActionRow
from app.views.golden.export_actions import NO_LIST
from app.views.golden.publish_dialog import PublishDialog
from app.views.places import PlaceContext

NAME = "golden.publish"


class Publishing(QObject):
    """Acts on the lists that `chosen()` names when the action is triggered.

    Signals: `done()` when lists are published.
    """

    done = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, chosen: Callable[[], Sequence[int]]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._chosen = chosen

    def row(self) -> ActionRow:
        """The action."""
        return ActionRow(
            NAME,
            "Publish...",
            self.publish,
            tip="Write the selected official lists to a folder that others read, with checksums,"
            " provenance and the newest of their era",
            why_not=lambda: "" if self._chosen() else NO_LIST,
            who=f"a member of {EXPERTS}",
            commands=("golden publish",),
            parameters=("id", "--to", "--why"),
        )

    def publish(self) -> PublishDialog | None:
        """Opens the dialog that publishes the chosen lists."""
        ids = tuple(self._chosen())
        if not ids:
            return None
        context = self._context
        dialog = PublishDialog(
            context.acting,
            context.background,
            context.rights,
            ids,
            context.remembered,
            self._window,
        )
        dialog.published.connect(self._tell)
        dialog.open()
        return dialog

    def _tell(self, text: str) -> None:
        self._context.notices.tell(text)
        self.done.emit()
