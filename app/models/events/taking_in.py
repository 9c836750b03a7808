"""What other programs wrote, looked for by the numbers of its events."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.keys import ONLINE, DatasetKey
from app.domain.sources.intake import IntakeState
from app.models.events.states import EventCounts, event_counts
from app.models.statements import text


@dataclass(frozen=True)
class Place:
    """How far the read model is complete: all events up to `event` are in it, and of what was
    there before, all runs from `below_run` on; None when there are no others."""

    event: int
    below_run: int | None


def place(connection: Connection) -> Place | None:
    """Where it was left, None when it hasn't begun."""
    row = connection.execute(text("SELECT event, below_run FROM desk.taken_in")).one_or_none()
    return None if row is None else Place(*row)


def keep_place(connection: Connection, here: Place) -> None:
    """Notes how far it is, for whoever goes on."""
    connection.execute(
        text(
            "INSERT INTO desk.taken_in (event, below_run) VALUES (:event, :below)"
            " ON CONFLICT (id) DO UPDATE SET event = EXCLUDED.event,"
            "  below_run = EXCLUDED.below_run"
        ),
        {"event": here.event, "below": here.below_run},
    )


def newest_event(connection: Connection) -> int:
    """The greatest number of an event of lumisections, 0 when there is none."""
    return int(
        connection.execute(
            text(
                'SELECT greatest((SELECT max(version) FROM "LumisectionEvent"),'
                ' (SELECT max(version) FROM "OMSLumisectionEvent"), 0)'
            )
        ).scalar_one()
    )


def events_after(
    connection: Connection, event: int, last: int, most: int | None = None
) -> dict[int, DatasetKey]:
    """The datasets of lumisection events with a greater number than `event` and up to `last`, by
    that number, ascending; only so many if given."""
    part = (
        '(SELECT version, run_number, name FROM "{table}"'
        " WHERE version > :event AND version <= :last ORDER BY version LIMIT :most)"
    )
    rows = connection.execute(
        text(
            f"{part.format(table='LumisectionEvent')} UNION ALL"
            f" {part.format(table='OMSLumisectionEvent')} ORDER BY version LIMIT :most"
        ),
        {"event": event, "last": last, "most": most},
    )
    return {version: (run_number, name) for version, run_number, name in rows}


def followers(connection: Connection, keys: Collection[DatasetKey]) -> set[DatasetKey]:
    """These datasets, and all of the runs whose `online` one is among them: they see its OMS."""
    runs = sorted({run_number for run_number, name in keys if name == ONLINE})
    rows = connection.execute(
        text('SELECT run_number, name FROM "Dataset" WHERE run_number = ANY(:runs)'),
        {"runs": runs},
    )
    return {*keys, *((run_number, name) for run_number, name in rows)}


def older_datasets(connection: Connection, below: int, runs: int) -> list[DatasetKey]:
    """The datasets of the next so many runs below a run, newest first."""
    rows = connection.execute(
        text(
            'SELECT run_number, name FROM "Dataset" WHERE run_number IN ('
            ' SELECT run_number FROM "Run" WHERE run_number < :below'
            " ORDER BY run_number DESC LIMIT :runs) ORDER BY run_number DESC, name"
        ),
        {"below": below, "runs": runs},
    )
    return [(run_number, name) for run_number, name in rows]


def runs_below(connection: Connection, below: int) -> int:
    """How many runs are older."""
    return int(
        connection.execute(
            text('SELECT count(*) FROM "Run" WHERE run_number < :below'), {"below": below}
        ).scalar_one()
    )


def state(connection: Connection) -> IntakeState:
    """How far it is."""
    here = place(connection)
    runs = int(connection.execute(text('SELECT count(*) FROM "Run"')).scalar_one())
    newest = newest_event(connection)
    if here is None:
        return IntakeState(None, newest, runs, runs)
    left = 0 if here.below_run is None else runs_below(connection, here.below_run)
    return IntakeState(here.event, newest, runs, left)


def stale(connection: Connection, keys: Collection[DatasetKey]) -> list[DatasetKey]:
    """Those of the datasets that have other events than the read model was made from, or that are
    not in it."""
    numbers = event_counts(connection, keys)
    rows = connection.execute(
        text(
            "SELECT run_number, name, rr_events, oms_events, online_oms_events"
            " FROM desk.lumisection_state WHERE (run_number, name) IN"
            " (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys]},
    )
    known = {(run, name): EventCounts(*counts) for run, name, *counts in rows}
    return [key for key in keys if known.get(key) != numbers[key]]
