"""What pullers refused to seal over: told in the database, for everybody to see."""

from app.domain.seal.status import Refusal
from app.domain.sources.pull import LoopStatus, PullState
from app.models.database.engine import Database
from app.models.pulling import pull_records

_SOURCE = "seal "


def tell(db: Database, who: str, key: str, why: str) -> None:
    """Notes that a puller seals nothing, and why; until one with the same key seals again."""
    if db.desk:
        status = LoopStatus(PullState.UNAVAILABLE, why, puller=who)
        with db.transaction() as connection:
            pull_records.report(connection, status, _SOURCE + key)


def take_back(db: Database, key: str) -> None:
    """The puller with this key seals."""
    if db.desk:
        with db.transaction() as connection:
            pull_records.forget_error(connection, _SOURCE + key)


def told(db: Database) -> tuple[Refusal, ...]:
    """All refusals that stand, the newest first."""
    if not db.desk:
        return ()
    with db.read() as connection:
        return tuple(
            Refusal(client, at, why) for client, at, why in pull_records.errors(connection, _SOURCE)
        )
