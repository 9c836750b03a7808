"""What is beside the navigation: the place in front, and the banners above it."""

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.views.lumisections.editing.drafts_strip import DraftsStrip
from app.views.notices import OutageBanner
from app.views.places import PlaceContext, PlaceWidget
from app.views.sync_panel.sources_banner import SourcesBanner


class Front(QWidget):
    """All places, one of them in front; one that isn't made yet has a stand-in. The banners tell of
    an outage of the database, of sources that don't answer and of drafts that weren't written; each
    is there only while it has to be."""

    def __init__(self, context: PlaceContext, places: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.sources = SourcesBanner(context, self)
        self.drafts = DraftsStrip(context.drafts, context.themes, self)
        self.stack = QStackedWidget()
        self._stand_ins = [QWidget() for _ in range(places)]
        for stand_in in self._stand_ins:
            self.stack.addWidget(stand_in)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(OutageBanner(context.background, context.themes, self))
        layout.addWidget(self.sources)
        layout.addWidget(self.drafts)
        layout.addWidget(self.stack, 1)

    def put(self, row: int, place: PlaceWidget) -> None:
        """A place comes where its stand-in was."""
        stand_in = self._stand_ins[row]
        self.stack.insertWidget(row, place)
        self.stack.removeWidget(stand_in)
        stand_in.deleteLater()
