"""Reading on a hot standby: what this client has written, or was told of, is there or is not read
there."""

import logging
import threading
import time

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy import exc as sa_exc

from app.domain.errors import CancelledByStandby
from app.models.database import session
from app.models.database.session import DriverConnection

logger = logging.getLogger(__name__)

_REST_S = 30.0
"""How long a standby that can't be read isn't asked again."""

_CANCELLED_REST_S = 60.0
"""The same after it cancelled a query: what it replays would cancel the next attempt, too."""

_HOW_FAR = (
    "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn,"
    " CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END"
)


class Standby:
    """Where reading may go instead of to the primary."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._needed = "0/0"
        self._guard = threading.Lock()
        self._rests_until = 0.0
        self.behind_s: float | None = None
        """How far behind it was when it was asked last; None while it isn't read."""

    def needs(self, primary: DriverConnection) -> None:
        """From now on what the primary has at this moment has to be seen."""
        (row,) = primary.execute("SELECT pg_current_wal_insert_lsn()::text", prepare=False)
        with self._guard:
            if _position(str(row[0])) > _position(self._needed):
                self._needed = str(row[0])

    def connection(self) -> Connection | None:
        """One that sees all that is needed; None when the primary has to be asked."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            connection = self.engine.connect()
        except sa_exc.TimeoutError:
            return None  # all of its connections are busy
        except (sa_exc.SQLAlchemyError, psycopg.Error) as error:
            self._rest(_REST_S, str(error))
            return None
        try:
            (row,) = session.driver_of(connection).execute(_HOW_FAR, [self._needed], prepare=False)
        except psycopg.Error as error:
            connection.invalidate()
            connection.close()
            self._rest(_REST_S, str(error))
            return None
        self.behind_s = None if row[1] is None else float(str(row[1]))
        if row[0]:
            return connection
        connection.close()
        return None

    def cancelled(self, error: sa_exc.DBAPIError) -> CancelledByStandby | None:
        """What it means that a query failed on the standby; None when it says nothing of that."""
        state = getattr(error.orig, "sqlstate", None)
        if state in {"40001", "40P01"} or error.connection_invalidated:
            self._rest(_CANCELLED_REST_S, str(error.orig))
            return CancelledByStandby("The standby ended the query. It is asked again.")
        return None

    def close(self) -> None:
        """Closes its connections."""
        self.engine.dispose()

    def _rest(self, seconds: float, reason: str) -> None:
        self._rests_until, self.behind_s = time.monotonic() + seconds, None
        logger.info("The standby isn't read for %.0f s: %s", seconds, reason)


def _position(lsn: str) -> int:
    """A place in the log as a number: `16/B374D848`."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
