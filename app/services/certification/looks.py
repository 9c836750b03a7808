"""When somebody looks: what later looks needn't read again."""

from app.models.events import states
from app.models.events.pending import Moment
from app.services.acting import Acting


def moment_of(acting: Acting) -> Moment | None:
    """The moment from which what is read is remembered. None where that can't be told, since nobody
    notes what was put right or a standby, which may be behind, is read."""
    if not acting.db.desk or acting.db.reads_standby:
        return None
    with acting.db.read() as connection:
        return states.moment(connection)
