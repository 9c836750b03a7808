"""Why a dialog doesn't do what it is asked, and who could."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from app.domain.configuration.permissions import egroup_address
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.rights import Rights, offer
from app.views.widgets.dialogs.fitting import make_room
from app.views.widgets.pages_button import PagesButton
from app.views.widgets.plain import Label


class RefusalLine(QWidget):
    """A sentence in the colour of refusals, with the pages of the e-groups that could do what was
    refused; hidden without one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "refusal")
        self.words.setAccessibleName("Why it was refused")
        self.pages: PagesButton | None = None
        self._line = line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * STEP)
        line.addWidget(self.words, 1)
        self.hide()

    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return self.words.text()

    def say(self, text: str, egroups: Sequence[str] = ()) -> None:
        """Shows a sentence; hides the line when it is empty."""
        self.words.setText(text)
        if egroups or self.pages is not None:
            self._made_pages().show_pages({each: egroup_address(each) for each in egroups})
        self.setVisible(bool(text))
        if text:
            make_room(self)

    def tell(self, error: Refused | Unavailable, *, about: str = "") -> None:
        """Shows why something was refused, or didn't reach its server; `about` stands in front."""
        egroups = error.egroups if isinstance(error, NotPermitted) else None
        self.say(f"{about}{words.failure(error)}", egroups or ())

    def _made_pages(self) -> PagesButton:
        """Made when it is needed: what is made before the form would get the keyboard first."""
        if self.pages is None:
            self.pages = PagesButton("E-group...")
            self.pages.setAutoDefault(False)
            self.pages.setToolTip("Open its page in the browser, where to ask to be added")
            self._line.addWidget(self.pages, 0, Qt.AlignmentFlag.AlignTop)
        return self.pages


class RightLine(RefusalLine):
    """Greys the button of a dialog while the person may not do what its form says, and tells why.

    `refusal()` is what the service would raise; see `Rights.refusal_of_all`.
    """

    def __init__(
        self,
        rights: Rights,
        button: QAbstractButton,
        refusal: Callable[[], Refused | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._button = button
        self._refusal = refusal
        self._possible = True
        rights.changed.connect(self.look)

    def offer(self, *, possible: bool = True) -> None:
        """Offers the button where what the form says now is possible and allowed."""
        self._possible = possible
        self.look()

    def look(self) -> None:
        """Asks again whether it is allowed."""
        refusal = self._refusal()
        if refusal is None:
            self.say("")
        else:
            self.tell(refusal)
        offer(self._button, self.text(), possible=self._possible)
