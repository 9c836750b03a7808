"""Says that the grid doesn't follow what others write."""

from app.domain.clock import server_now
from app.views.background import Background
from app.views.looks.theme import set_property
from app.views.widgets.plain import Label


class NotLive(Label):
    """Visible while the connection is lost."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        set_property(self, "role", "warning")
        self.setToolTip(
            "The connection is lost: this is the state that was read last. You can go on"
            " drafting; the draft is kept on this machine."
        )
        self.hide()
        background.outage.connect(self._lost)
        background.restored.connect(self.hide)

    def _lost(self) -> None:
        if self.isHidden():
            self.setText(f"Not live since {server_now():%H:%M} UTC")
            self.show()
