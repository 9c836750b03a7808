"""Undo for a notice that tells of one item of the configuration."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from app.domain.configuration.in_force import Kind
from app.services.acting import Acting
from app.services.configuration import take_back
from app.views.background import Background
from app.views.notices import Notices, ask


def item_undo(
    acting: Acting,
    background: Background,
    notices: Notices,
    window: QWidget,
    kind: Kind,
    item_id: int,
    title: str,
) -> Callable[[], object]:
    """Asks, then writes an item as it was before it was saved or deleted as `item_id`.

    `window` lives as long as notices are shown.
    """

    async def write() -> None:
        notices.tell(await background.act(lambda: take_back.take_back(acting, kind, item_id)))

    def begin() -> None:
        background.run(write(), notices)

    return lambda: ask(
        window,
        "Undo",
        f"Put {title} back as it was before? What others changed since stays.",
        "Put back",
        begin,
    )
