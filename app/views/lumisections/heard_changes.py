"""What other threads announce, brought to one widget as long as it is there."""

import contextlib

from PySide6.QtCore import QObject, Signal

from app.services.news import Change, News


class HeardChanges(QObject):
    """Brings changes from other threads to the GUI thread.

    Signals: `changed(Change)`.
    """

    changed = Signal(object)

    def __init__(self, news: News, owner: QObject) -> None:
        super().__init__()

        def pass_on(change: Change) -> None:
            # The owner may be deleted while another thread announces a change.
            with contextlib.suppress(RuntimeError):
                self.changed.emit(change)

        owner.destroyed.connect(news.subscribe(pass_on, lambda _live, _reason: None))
