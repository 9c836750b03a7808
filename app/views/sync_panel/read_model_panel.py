"""How complete the quick copy is, in the dock of the pullers."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.domain.sources.intake import IntakeState
from app.services import taking_in
from app.services.acting import Acting
from app.views.background import Background, Work
from app.views.looks.theme import STEP, set_property
from app.views.widgets.plain import Label

_EVERY_MS = 3_000
_NO_COPY = "This database has no quick copy: states are folded from the events."
_AFTER = "Help, State of the database tells what was counted again and what was found."


class ReadModelPanel(QWidget):
    """How far what other programs write is taken in; looks now and then while it is seen."""

    def __init__(
        self, acting: Acting, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._acting = acting
        self._background = background
        self._work = Work(background, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self.dot = Label("●")
        set_property(self.dot, "role", "muted")
        self.state = Label("Reading ...", wordWrap=True)
        self.state.setAccessibleName("Read model")
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state.setToolTip(_AFTER)
        line = QHBoxLayout()
        line.setSpacing(2 * STEP)
        line.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.state, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        layout.addLayout(line)
        self._clock.timeout.connect(self.look)

    def look(self) -> None:
        """Looks now, unless it does."""
        if not self._work.is_running:
            self._work.start(self._look())

    async def _look(self) -> None:
        db = self._acting.db
        try:
            found = await self._background.read(lambda: taking_in.state(db))
        except Refused as error:
            self.state.setText(str(error))
            set_property(self.dot, "role", "muted")
        else:
            self.show_state(found)

    def show_state(self, found: IntakeState | None) -> None:
        """Shows how far it is; None without a quick copy."""
        self.state.setText(_NO_COPY if found is None else found.text)
        good = found is not None and found.is_complete
        set_property(self.dot, "role", "success" if good else "warning" if found else "muted")

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
