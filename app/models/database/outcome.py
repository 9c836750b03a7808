"""What became of a transaction whose COMMIT was sent and whose answer was lost.

Whoever writes leaves a mark: a row that is there if the transaction was stored, and that no other
one writes. Numbers alone are no mark: a server that was promoted gives those again that it has
never heard of.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from app.domain.errors import RegistryError, Unavailable, Unsure
from app.models.statements import text

logger = logging.getLogger(__name__)

MARKS = "run_registry_marks"
"""Option of a connection: the marks that were left in its transaction."""

_WITHIN_S = 60.0
"""How long it is asked for: what watches over servers takes half a minute to promote one."""
_EVERY_S = 0.2
_WHO_WRITES = (
    "SELECT pg_is_in_recovery(), ARRAY(SELECT virtualtransaction FROM pg_locks"
    " WHERE locktype = 'relation'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND relation = to_regclass(:table)::oid AND mode = 'RowExclusiveLock' AND granted)"
)


class Mark(Struct, frozen=True):
    """A row of a table, by the values of some of its columns; both are named as SQL does."""

    table: str
    values: Mapping[str, object]

    def is_there(self, connection: Connection) -> bool:
        """Whether the row is stored."""
        wanted = " AND ".join(f'"{name}" = :{name}' for name in self.values)
        found = text(f"SELECT EXISTS (SELECT FROM {self.table} WHERE {wanted})")
        return bool(connection.execute(found, dict(self.values)).scalar_one())


def leave(connection: Connection, table: str, values: Mapping[str, object]) -> None:
    """Says that this row was written by the transaction: it is looked for if the answer is lost.
    One of a transaction is enough."""
    marks = connection.get_execution_options().get(MARKS)
    if marks is not None:
        marks.append(Mark(table, values))


def leave_row(connection: Connection, table: str, row: Row[Any]) -> None:
    """The same of a row as the database gave it back, by all that it gave: its number and the time
    at which it was written, say."""
    leave(connection, table, row._asdict())


@contextmanager
def unsure_when_stopped(where: str, marks: Sequence[Mark]) -> Iterator[None]:
    """Says that nobody knows what became of a change when a person stops the program meanwhile,
    while it is being stored or looked for."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if marks:
            logger.warning(
                "The program was stopped while the change was being stored at %s. Look whether it"
                " is there before you try again.",
                where,
            )
        raise


def added(connection: Connection, table: sa.Table, values: Mapping[str, object]) -> Row[Any]:
    """Adds a row to a table of `record`, as the mark of the transaction; its key and time."""
    given_back = (*table.primary_key.columns, table.c.at)
    row = connection.execute(sa.insert(table).values(values).returning(*given_back)).one()
    leave_row(connection, table.fullname, row)
    return row


class LostAnswer:
    """The search for the mark of a transaction, also at another server that was promoted."""

    def __init__(
        self,
        marks: Sequence[Mark],
        read: Callable[[], AbstractContextManager[Connection]],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._marks = marks
        self._read = read
        self._is_wanted = is_wanted
        self._writers: frozenset[str] | None = None
        """Who wrote to the table when it was looked first: ours may be among them. None as long as
        no server has answered."""

    def find_out(self, where: str, cause: BaseException, why: str) -> None:
        """Returns when the transaction was stored at the server that is called `where`. Raises
        Unavailable when it wasn't, and Unsure when nobody knows; `why`, if the server said it."""
        said = f": {why}" if why else ""
        with unsure_when_stopped(where, self._marks):
            stored = self._is_stored(self._marks[0]) if self._marks else None
        if stored is None:
            raise Unsure(
                f"The connection to {where} was lost while the change was being stored{said}."
                " Look whether it is there before you try again."
            ) from cause
        if not stored:
            raise Unavailable(
                f"The connection to {where} was lost before the change was stored{said}."
            ) from cause
        logger.warning(
            "The connection to %s was lost while a change was being stored. It is there.", where
        )

    def _is_stored(self, mark: Mark) -> bool | None:
        """Whether the transaction was stored; None when nobody can tell by now."""
        until = time.monotonic() + _WITHIN_S
        while True:
            try:
                found = self._look(mark)
            except Unavailable as error:
                # Another server may be the next to answer, with sessions of its own.
                self._writers = None
                logger.info("Whether a change is stored isn't known yet: %s", error)
                found = None
            except RegistryError:
                return None
            if found is not None:
                return found
            if time.monotonic() >= until or not self._is_wanted():
                return None
            time.sleep(_EVERY_S)

    def _look(self, mark: Mark) -> bool | None:
        """True where the mark is there; False where it isn't and nobody can still write it."""
        with self._read() as connection:
            table = {"table": mark.table}
            is_standby, found = connection.execute(text(_WHO_WRITES), table).one()
            writers = frozenset(found)
            if is_standby:
                # It may have to replay the change yet, and is promoted at the same address.
                self._writers = None
                return None
        # In a later transaction, which sees all that those have stored who are through.
        with self._read() as connection:
            if mark.is_there(connection):
                return True
        if self._writers is None:
            self._writers = writers
        self._writers &= writers
        return None if self._writers else False
