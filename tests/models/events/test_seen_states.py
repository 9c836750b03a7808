"""Whoever looks again and again counts no events of datasets that got none, and misses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from app.domain.lumisections import LumiRange
from app.domain.state.compact import CompactState
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import event_log, states
from app.models.events.event_log import LumisectionChange
from app.models.events.pending import Moment
from app.models.events.states import EventCounts
from app.services.acting import Acting
from app.services.certification import looks
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from tests.builders import EXPERT
from tests.conftest import filled_once
from tests.plain_folds import oms_objects, rr_objects
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    fill_opened,
    number_of_a_slow_event,
)

KEYS = [(run, name) for run in (FIRST, SECOND) for name in ("online", EXPRESS, PROMPT)]


@filled_once
def opened(database: Database) -> None:
    """Two runs with two open datasets each."""
    fill_opened(database)


def look(db: Database, now: Moment | None = None) -> dict:
    now = now or looks.moment_of(Acting(db))
    assert now is not None
    with db.read() as connection:
        found = states.load_since(connection, KEYS, now)
    return {key: plain(*counted) for key, counted in found.items()}


def folded(db: Database) -> dict:
    with db.read() as connection:
        found = states.fold_compact(connection, KEYS)
    return {key: plain(*counted) for key, counted in found.items()}


def plain(state: CompactState, counts: EventCounts) -> tuple:
    whole = state.expand()
    return rr_objects(whole), oms_objects(whole), counts


@contextmanager
def counted() -> Iterator[set]:
    """Runs and names of which events are counted meanwhile."""
    found: set = set()

    def note(_: object, __: object, statement: str, given: object, *___: object) -> None:
        if 'SELECT count(*) FROM "OMSLumisectionEvent"' in statement:
            assert isinstance(given, dict)
            runs = given["runs"].strip("{}").split(",")
            names = given["names"].strip("{}").replace('"', "").split(",")
            found.update(zip(map(int, runs), names, strict=True))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def edit(db: Database, chance: Random) -> None:
    key, where = chance.choice(KEYS), (LumiRange(1, chance.randint(1, 5)),)
    if key[1] == "online":
        # As the web service does, which folds nothing for us.
        written = ({"dt0_ready": chance.random() < 0.5}, where)
        with db.transaction() as connection:
            change = LumisectionChange(*key, [written], oms=True)
            event_log.append(connection, "web@cern.ch", "", [change])
        return
    value = Triplet(chance.choice(("BAD", "STANDBY")), f"HV {chance.random()}")
    lumisections.edit_columns(Acting(db, EXPERT), [ColumnEdit(*key, "dt-dt", where, value)])


def test_that_only_datasets_with_new_events_are_counted_again(opened: Database):
    assert look(opened) == folded(opened)
    with counted() as found:
        assert look(opened) == folded(opened)
        assert found == set()
        value = Triplet("BAD", "HV trip")
        wanted = [ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(1, 2),), value)]
        lumisections.edit_columns(Acting(opened, EXPERT), wanted)
        found.clear()
        assert look(opened) == folded(opened)
        assert found == {(FIRST, PROMPT), (FIRST, "online")}
        # All that happened elsewhere is another database's.
        now = looks.moment_of(Acting(opened))
        found.clear()
        look(opened, replace(now, ground="elsewhere"))
        assert found == set(KEYS)


def test_that_whatever_is_written_a_look_brings_what_events_say(opened: Database):
    chance = Random(3)
    for _ in range(25):
        if chance.random() < 0.7:
            edit(opened, chance)
        assert look(opened) == folded(opened)


def test_that_an_event_with_a_smaller_number_is_seen_though_others_were_quicker(opened: Database):
    look(opened)
    with opened.transaction() as slow:
        number = number_of_a_slow_event(slow)
        value = Triplet("BAD", "HV trip")
        wanted = [ColumnEdit(SECOND, PROMPT, "dt-dt", (LumiRange(1, 2),), value)]
        lumisections.edit_columns(Acting(opened, EXPERT), wanted)
        before = look(opened)
        assert before == look(opened) == folded(opened)
        slow.execute(
            text(
                'INSERT INTO "LumisectionEvent"'
                " (version, run_number, name, lumisection_metadata_id, manual_change)"
                " SELECT :number, :run, :name, min(lumisection_metadata_id), true"
                ' FROM "LumisectionEvent"'
            ),
            {"number": number, "run": FIRST, "name": PROMPT},
        )
        slow.execute(
            text('INSERT INTO "LumisectionEventAssignation" VALUES (:number, 3)'),
            {"number": number},
        )
    assert look(opened) == folded(opened) != before
