"""Publishing the chosen lists to a folder that others read."""

from app.domain.configuration.permissions import EXPERTS
from app.views.actions import ActionRow
from app.views.golden.chosen_lists import OnChosenLists
from app.views.golden.publish_dialog import PublishDialog

NAME = "golden.publish"


class Publishing(OnChosenLists):
    """Publishes the chosen lists."""

    def row(self) -> ActionRow:
        """The action."""
        return ActionRow(
            NAME,
            "Publish...",
            self.publish,
            tip="Write the selected official lists to a folder that others read, with checksums,"
            " provenance and the newest of their era",
            why_not=self.why_not,
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
