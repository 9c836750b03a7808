"""What a puller answers to a person, told by a notice, or beside the button when it refuses."""

from collections.abc import Callable

from app.views.background import Background
from app.views.notices import Notices


async def ask_puller(
    background: Background,
    notices: Notices,
    refuse: Callable[[str], None],
    ask: Callable[[], str],
    *,
    about: str = "",
) -> None:
    """Asks in the pool; `about` begins the text of a refusal."""
    await background.attempt(ask, notices.tell, lambda error: refuse(f"{about}{error}"))
