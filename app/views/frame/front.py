"""What is beside the navigation: the place in front, and the banners above it."""

from collections.abc import Iterable

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.views.lumisections.editing.drafts_strip import DraftsStrip
from app.views.notices import OutageBanner
from app.views.places import PlaceContext, PlaceWidget
from app.views.sync_panel.sources_banner import SourcesBanner


class Front(QWidget):
    """All places, one of them in front. The banners tell of an outage of the database, of sources
    that don't answer and of drafts that weren't written; each is there only while it has to be."""

    def __init__(
        self, context: PlaceContext, places: Iterable[PlaceWidget], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.sources = SourcesBanner(context, self)
        self.drafts = DraftsStrip(context.drafts, context.themes, self)
        self.stack = QStackedWidget()
        for place in places:
            self.stack.addWidget(place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(OutageBanner(context.background, context.themes, self))
        layout.addWidget(self.sources)
        layout.addWidget(self.drafts)
        layout.addWidget(self.stack, 1)
