"""Sessions that hold others up, and ending them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.models.statements import text


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that others wait for and that waits for nobody. `transaction` tells one of its
    transactions from the next; `waiting` are the sessions it holds up, `waited_s` how long the
    first of them has waited."""

    pid: int
    transaction: str
    login: str
    application: str
    waiting: int
    waited_s: float


def blockers(connection: Connection) -> tuple[Blocker, ...]:
    """Sessions of this database at the head of a queue, whatever login they are of."""
    rows = connection.execute(
        text(
            "WITH waiting AS ("
            "  SELECT pid, min(waitstart) AS since, pg_blocking_pids(pid) AS blocked_by"
            "  FROM pg_locks WHERE NOT granted GROUP BY pid"
            "), heads AS ("
            "  SELECT pid, unnest(blocked_by) AS head, since FROM waiting"
            ")"
            " SELECT head, (SELECT min(virtualtransaction) FROM pg_locks WHERE pid = head),"
            "  coalesce(usename::text, ''), coalesce(application_name, ''), count(*),"
            "  coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float"
            " FROM heads JOIN pg_stat_activity AS session ON session.pid = head"
            " WHERE datname = current_database() AND usename IS NOT NULL"
            "  AND head <> pg_backend_pid()"
            "  AND head NOT IN (SELECT pid FROM waiting)"
            " GROUP BY head, usename, application_name"
        )
    )
    return tuple(Blocker(*row) for row in rows)


def end(connection: Connection, pid: int) -> bool:
    """Ends a session; false when it was gone. Raises Refused when this login may not."""
    return bool(
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid}).scalar()
    )
