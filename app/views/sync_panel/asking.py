"""What a puller answers to a person, told by a notice; where it refuses, who asked says why."""

from collections.abc import Callable

from app.domain.errors import Refused, Unavailable
from app.views.background import Background
from app.views.notices import Notices


async def ask_puller(
    background: Background,
    notices: Notices,
    refuse: Callable[[Refused | Unavailable], None],
    ask: Callable[[], str],
) -> None:
    """Asks in the pool."""
    await background.attempt(ask, notices.tell, refuse)
