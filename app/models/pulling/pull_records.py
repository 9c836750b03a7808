"""What the puller remembers between pulls: failures, fills, and what it is doing."""

import os
import socket
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from app.domain.clock import server_now
from app.domain.json_value import JsonObject, as_object
from app.domain.masking import masked
from app.domain.sources.pull import FailedRun, KnownRun, LoopStatus, PullerReport, PullState
from app.models.schemas import desk

_LONGEST_TEXT = 2_000


def known_runs(connection: Connection, run_numbers: Collection[int]) -> dict[int, KnownRun]:
    """Of these runs the ones that are recorded, with what OMS said of them last."""
    rows = connection.execute(
        text(
            "SELECT run_number, oms_attributes ->> 'last_update', oms_attributes ->> 'end_time'"
            ' FROM "Run" WHERE run_number = ANY(:runs)'
        ),
        {"runs": sorted(run_numbers)},
    )
    return {number: KnownRun(last_update, end_time) for number, last_update, end_time in rows}


def failed_runs(connection: Connection) -> tuple[FailedRun, ...]:
    """Runs that could not be pulled, newest first."""
    rows = connection.execute(
        sa.select(
            desk.failed_pull.c.run_number,
            desk.failed_pull.c.reason,
            desk.failed_pull.c.last_failed,
        ).order_by(desk.failed_pull.c.run_number.desc())
    )
    return tuple(FailedRun(number, reason, at) for number, reason, at in rows)


def remember_failure(connection: Connection, run_number: int, reason: str) -> None:
    """Notes that a run could not be pulled, and why."""
    table, now, reason = desk.failed_pull, server_now(), _told(reason)
    new = insert(table).values(
        run_number=run_number, reason=reason, first_failed=now, last_failed=now, attempts=1
    )
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[table.c.run_number],
            set_={
                "reason": new.excluded.reason,
                "last_failed": new.excluded.last_failed,
                "attempts": table.c.attempts + 1,
            },
        )
    )


def forget_failure(connection: Connection, run_number: int) -> None:
    """The run was pulled after all."""
    connection.execute(
        sa.delete(desk.failed_pull).where(desk.failed_pull.c.run_number == run_number)
    )


def fill(connection: Connection, fill_number: int) -> JsonObject | None:
    """Attributes of a fill that was asked for before."""
    found = connection.execute(
        sa.select(desk.fill.c.attributes).where(desk.fill.c.fill_number == fill_number)
    ).scalar_one_or_none()
    return as_object(found) or None


def remember_fill(connection: Connection, fill_number: int, attributes: JsonObject) -> None:
    """Keeps what OMS says of a fill."""
    connection.execute(
        insert(desk.fill)
        .values(fill_number=fill_number, attributes=attributes, fetched=server_now())
        .on_conflict_do_nothing()
    )


def report(connection: Connection, status: LoopStatus, source: str) -> None:
    """Keeps what the elected puller of a source does, for the other clients to show."""
    table, now, activity = desk.puller, server_now(), _told(status.activity)
    values = {
        "client": status.puller,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "heartbeat": now,
        "last_success": status.last_success,
        "last_error": activity if status.state is PullState.UNAVAILABLE else None,
        "next_try": status.next_try,
        "activity": activity,
    }
    new = insert(table).values(source=source, since=now, **values)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[table.c.source],
            set_={
                **values,
                # While it is tried again the trouble is what it was.
                "last_error": table.c.last_error
                if status.state is PullState.PULLING
                else values["last_error"],
                "since": sa.case(
                    (table.c.client.is_not_distinct_from(status.puller), table.c.since),
                    else_=new.excluded.since,
                ),
            },
        )
    )


def reported(connection: Connection, source: str) -> PullerReport | None:
    """What the elected puller of a source said last, ours or another client's."""
    return all_reported(connection).get(source)


def all_reported(connection: Connection) -> dict[str, PullerReport]:
    """What the elected puller of each source said last."""
    columns = desk.puller.c
    rows = connection.execute(
        sa.select(
            columns.source,
            columns.client,
            columns.activity,
            columns.heartbeat,
            columns.last_error,
            columns.last_success,
            columns.next_try,
        ).where(columns.heartbeat.is_not(None))
    )
    return {
        source: PullerReport(
            client or "", activity or "", heartbeat, trouble or "", last_success, next_try
        )
        for source, client, activity, heartbeat, trouble, last_success, next_try in rows
    }


def forget_error(connection: Connection, source: str) -> None:
    """The puller of a source can work again."""
    table = desk.puller
    connection.execute(
        sa.update(table)
        .where(table.c.source == source, table.c.last_error.is_not(None))
        .values(last_error=None)
    )


def errors(connection: Connection, begin: str) -> list[tuple[str, datetime, str]]:
    """Why pullers of sources whose name begins so can't work: who, when, why; the newest first."""
    table = desk.puller
    rows = connection.execute(
        sa.select(table.c.client, table.c.heartbeat, table.c.last_error)
        .where(table.c.source.startswith(begin, autoescape=True), table.c.last_error.is_not(None))
        .order_by(table.c.heartbeat.desc())
    )
    return [(client, at, why) for client, at, why in rows]


def _told(text: str) -> str:
    """What everybody may read of a text, in characters that the database can keep."""
    plain = masked(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return plain.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_TEXT]
