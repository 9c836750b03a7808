"""Who has which dataset open: rows that live as long as their client says so."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, text

from app.domain.keys import DatasetKey
from app.models.database.listen import CHANNEL, LONGEST_NEWS, PRESENCE

ALIVE_S = 30
"""A client that said nothing for this long is gone [s]."""


class Present(Struct, frozen=True):
    """Somebody who has a dataset open; `editing` while edits are drafted."""

    client: str
    person: str
    since: datetime
    editing: bool


def enter(
    connection: Connection, client: str, person: str, key: DatasetKey, *, editing: bool
) -> bool:
    """Notes that a client has a dataset open; returns whether that is news."""
    row = connection.execute(
        text(
            "WITH before AS (SELECT editing, heartbeat FROM desk.presence"
            "  WHERE client = :client AND run_number = :run AND name = :name)"
            " INSERT INTO desk.presence AS known"
            "  (client, run_number, name, person, editing, since, heartbeat)"
            " VALUES (:client, :run, :name, :person, :editing, now(), now())"
            " ON CONFLICT (client, run_number, name) DO UPDATE SET person = EXCLUDED.person,"
            "  editing = EXCLUDED.editing, heartbeat = now()"
            " RETURNING (SELECT editing FROM before),"
            "  (SELECT heartbeat > now() - make_interval(secs => :alive) FROM before)"
        ),
        {**_of(key), "client": client, "person": person, "editing": editing, "alive": ALIVE_S},
    ).one()
    return row[0] is None or bool(row[0]) != editing or not row[1]


def beat(connection: Connection, client: str) -> None:
    """Says that the client is alive, and forgets those that are long gone."""
    connection.execute(
        text("UPDATE desk.presence SET heartbeat = now() WHERE client = :client"),
        {"client": client},
    )
    connection.execute(
        text("DELETE FROM desk.presence WHERE heartbeat < now() - make_interval(secs => :gone)"),
        {"gone": 10 * ALIVE_S},
    )


def leave(connection: Connection, client: str, key: DatasetKey | None = None) -> list[DatasetKey]:
    """Notes that a client has closed a dataset, or all; returns those it had open."""
    one = "" if key is None else " AND run_number = :run AND name = :name"
    rows = connection.execute(
        text(f"DELETE FROM desk.presence WHERE client = :client{one} RETURNING run_number, name"),
        {"client": client, **({} if key is None else _of(key))},
    )
    return [(run_number, name) for run_number, name in rows]


def others(connection: Connection, client: str, key: DatasetKey) -> tuple[Present, ...]:
    """Who else has the dataset open now, the first who came first."""
    rows = connection.execute(
        text(
            "SELECT client, person, since, editing FROM desk.presence"
            " WHERE run_number = :run AND name = :name AND client <> :client"
            "  AND heartbeat > now() - make_interval(secs => :alive) ORDER BY since, client"
        ),
        {**_of(key), "client": client, "alive": ALIVE_S},
    )
    return tuple(Present(*row) for row in rows)


def announce(connection: Connection, keys: Collection[DatasetKey]) -> None:
    """Tells the listening clients, when the transaction commits, that somebody came or went; but
    for a dataset whose name is too long to be told of, which they see when they look again."""
    news = [f"{PRESENCE} {run_number} {name}" for run_number, name in sorted(keys)]
    connection.execute(
        text("SELECT pg_notify(:channel, news) FROM unnest(CAST(:news AS text[])) AS news"),
        {
            "channel": CHANNEL,
            "news": [each for each in news if len(each.encode()) <= LONGEST_NEWS],
        },
    )


def _of(key: DatasetKey) -> dict[str, int | str]:
    return {"run": key[0], "name": key[1]}
