"""The job that ends sessions which hold others up for more than a minute."""

import logging
import time
from collections.abc import Callable

from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.progress import Progress
from app.models.database import blockers
from app.models.database.blockers import Blocker
from app.models.database.engine import Database

logger = logging.getLogger(__name__)

LONGEST_S = 60.0


class EndingBlockers:
    """Looks now and again who holds others up.

    Clients of ours give up after 30 s and try again, so that nobody waits for a minute: what
    counts is that one transaction has held anybody up at two looks a minute apart.
    """

    def __init__(
        self,
        db: Database,
        *,
        longest_s: float = LONGEST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._longest_s = longest_s
        self._clock = clock
        self._since: dict[tuple[int, str], float] = {}

    def turn(self, progress: Progress) -> str:
        """One look; says who was ended. Refused when one may not be ended."""
        with self._db.primary.read() as connection:
            seen = blockers.blockers(connection)
        now = self._clock()
        known = {(each.pid, each.transaction): each for each in seen}
        self._since = {
            key: min(self._since.get(key, now), now - each.waited_s) for key, each in known.items()
        } | {key: at for key, at in self._since.items() if now - at < 10 * self._longest_s}
        refused = ""
        ended = 0
        for key, each in known.items():
            progress.checkpoint()
            if now - self._since[key] < self._longest_s:
                continue
            try:
                ended += self._end(each)
            except Refused as error:
                refused = (
                    f"{_named(each)} holds others up and can't be ended: {error} For that the"
                    " administrator says: GRANT pg_signal_backend TO run_registry_pullers"
                )
        if refused:
            raise Refused(refused)
        return f"ended {counted(ended, 'session')}" if ended else "nobody is held up for long"

    def _end(self, blocker: Blocker) -> bool:
        with self._db.transaction() as connection:
            ended = blockers.end(connection, blocker.pid)
        logger.warning(
            "Ended %s: it held up %s for more than %.0f s",
            _named(blocker),
            counted(blocker.waiting, "session"),
            self._longest_s,
        )
        return ended


def _named(blocker: Blocker) -> str:
    return f"the session {blocker.pid} of {blocker.login} ({blocker.application})"
