"""Having the shared tables to oneself while the guard on them is changed."""

import time

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.errors import Unavailable
from app.models.guard.declared import TRIGGERS
from app.models.statements import text

_ATTEMPT = "700ms"
"""Whoever comes to a table waits behind us as long as we wait for it: so each attempt is short.
Where one who writes waits for us and we for them, the server ends one of us after a second: we
have given up by then."""
_PAUSE_S = 0.5
_IN_USE = frozenset({"57014", "55P03", "40P01"})

_TABLES = ", ".join(sorted({trigger.on for trigger in TRIGGERS}))


def hold_tables(connection: Connection, *, patience_s: float = 30.0) -> None:
    """Nobody else is at the guarded tables until the transaction ends.

    Raises Unavailable, naming who is there, when they don't leave within `patience_s`.
    """
    ends = time.monotonic() + patience_s
    while not _held(connection):
        if time.monotonic() > ends:
            raise Unavailable(
                f"The tables have been in use for {patience_s:.0f} s, by {_holders(connection)}."
                " Nothing was changed. Have them end what they are at, or end it as an"
                " administrator of the server: SELECT pg_terminate_backend(PROCESS);"
            )
        time.sleep(_PAUSE_S)


def _held(connection: Connection) -> bool:
    try:
        with connection.begin_nested():
            # Of the statement: a timeout of locks would begin anew with each table.
            connection.execute(text(f"SET LOCAL statement_timeout = '{_ATTEMPT}'"))
            connection.execute(text(f"LOCK TABLE {_TABLES} IN ACCESS EXCLUSIVE MODE"))
            connection.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_USE:
            raise
        return False
    return True


def _holders(connection: Connection) -> str:
    """Login, program and process of everybody who has a transaction open on these tables."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT usename::text, application_name, pid FROM pg_locks"
            " JOIN pg_stat_activity USING (pid)"
            " WHERE granted AND pid <> pg_backend_pid() AND relation::regclass = ANY("
            "  SELECT CAST(name AS regclass) FROM unnest(CAST(:names AS text[])) AS given (name))"
            " ORDER BY 1, 3"
        ),
        {"names": _TABLES.split(", ")},
    )
    return ", ".join(f"{login} ({program}, process {pid})" for login, program, pid in rows) or (
        "somebody who has left by now"
    )
