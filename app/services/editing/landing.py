"""The mark of a draft that was written: left by the transaction that writes it, so that it is known
even when nobody lived to hear of it."""

from msgspec import Struct

from app.domain.clock import server_now
from app.domain.keys import DatasetKey
from app.models.database import locks
from app.models.drafts import drafts
from app.models.events.action import Action
from app.services.acting import Acting


class DraftMark(Struct, frozen=True):
    """Which draft a write is of."""

    key: DatasetKey
    mark: str


def note(action: Action, person: str, draft: DraftMark) -> None:
    """Says in the transaction that writes a draft that it landed with it."""
    if action.desk:
        drafts.land(action.connection, person, draft.key, draft.mark, server_now())


def has_landed(acting: Acting, draft: DraftMark) -> bool:
    """Whether this draft was written; a write of it that is still under way is waited for."""
    if not acting.db.desk:
        return False
    with acting.db.transaction() as connection:
        locks.lock_runs(connection, [draft.key[0]])
        return any(
            (row.run_number, row.name) == draft.key and row.content.get("landed") == draft.mark
            for row in drafts.of_person(connection, acting.actor.email)
        )
