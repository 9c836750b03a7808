"""Drafts from earlier sessions, to be opened again or dropped."""

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QWidget

from app.domain.clock import server_now
from app.domain.keys import ONLINE
from app.services.editing.drafts import Offer
from app.views.drafts import DraftBook
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import STEP, Themes
from app.views.widgets.plain import Label

_SHOWN = 3


class DraftsStrip(QFrame):
    """Visible only while drafts are offered.

    Signals: `open_wanted(run_number, dataset)`.
    """

    open_wanted = Signal(int, str)

    def __init__(self, book: DraftBook, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName("Drafts that were not written")
        self._book = book
        self._themes = themes
        self._lines = QGridLayout(self)
        self._lines.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        self._lines.setHorizontalSpacing(2 * STEP)
        self._lines.setVerticalSpacing(STEP)
        self._lines.setColumnStretch(1, 1)
        self._texts: list[tuple[Label, Offer]] = []
        Ages(self, self._say_ages)
        book.offers_changed.connect(self._show)
        themes.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        offers = self._book.offers
        self._texts.clear()
        for line, offer in enumerate(offers[:_SHOWN]):
            self._add(line, offer)
        if len(offers) > _SHOWN:
            more = Label(f"and {words.counted(len(offers) - _SHOWN, 'more draft')}")
            more.setProperty("role", "muted")
            self._lines.addWidget(more, _SHOWN, 1)
        self.setVisible(bool(offers))

    def _say_ages(self) -> None:
        for text, offer in self._texts:
            text.setText(offer_text(offer, server_now()))

    def _add(self, line: int, offer: Offer) -> None:
        key = offer.draft.key
        sign = Label()
        sign.setPixmap(self._themes.theme.icon("edit", "warning").pixmap(16, 16))
        text = Label(offer_text(offer, server_now()))
        self._texts.append((text, offer))
        text.setToolTip(words.time(offer.draft.saved))
        opening, dropping = QPushButton("Open"), QPushButton("Drop")
        opening.setToolTip("Open the dataset with this draft")
        dropping.setToolTip("Delete this draft")
        opening.clicked.connect(lambda: self.open_wanted.emit(*key))
        dropping.clicked.connect(lambda: self._book.drop(key))
        for column, widget in enumerate((sign, text, opening, dropping)):
            self._lines.addWidget(widget, line, column)


def offer_text(offer: Offer, now: datetime) -> str:
    """The dataset of a draft, its age, and what has changed meanwhile."""
    draft = offer.draft
    where = f"run {draft.run_number}"
    if draft.dataset != ONLINE:
        where = f"{draft.dataset} of {where}"
    cells = sum(last - first + 1 for edit in draft.edits for first, last in edit.ranges)
    text = (
        f"Not written yet: {words.counted(cells, 'cell')} of {where},"
        f" drafted {words.ago(draft.saved, now)}."
    )
    if offer.preview is None:
        return f"{text} {offer.reason}"
    if offer.preview.conflicts:
        text += f" {words.counted(len(offer.preview.conflicts), 'place')} changed meanwhile."
    refused = offer.preview.refused
    if refused:
        text += f" {refused[0].refused}"
    return text
