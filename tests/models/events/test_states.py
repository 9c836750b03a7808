"""Reading folded states: from events as others store them, from the read model while it fits."""

import math

import pytest
import sqlalchemy as sa
from sqlalchemy import event, text

from app.domain.lumisections import LumiRange
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models import notifications
from app.models.database.engine import Database
from app.models.events import projections, states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import cell_writes, run_history
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting
from app.services.certification import runs, tables
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.plain_folds import WebService, oms_objects, plain_datasets, rr_objects

KEY = (390001, "online")
PROMPT = (390001, "/PromptReco/Collisions2025A/DQM")


@filled_once
def pulled(database: Database) -> None:
    """One run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(390001, 10))


@pytest.fixture
def signed_off(pulled: Database) -> Database:
    everywhere = (LumiRange(1, 10),)
    wanted = [ColumnEdit(*KEY, "dt-dt", everywhere, Triplet("GOOD"))]
    lumisections.edit_columns(Acting(pulled, EXPERT), wanted)
    runs.move(Acting(pulled, EXPERT), 390001, "SIGNOFF")
    return pulled


def load(db: Database, key=KEY, *, desk: bool = True, as_of: int | None = None):
    with db.read() as connection:
        return states.load(connection, [key], desk=desk, as_of=as_of)[key].state


def fresh(db: Database) -> set:
    with db.read() as connection:
        keys = list(plain_datasets(connection))
        return set(states.fresh_compact(connection, keys))


def test_that_numbers_are_what_the_events_say_however_they_are_read(database: Database):
    configure(database)
    # So many different numbers that the read model keeps them as an array.
    pull.apply(Acting(database), a_run(390001, 40))
    said = {
        "1e400": math.inf,
        "-1e400": -math.inf,
        "9007199254740993": 2.0**53,
        "12345678901234567890": 12345678901234567000.0,
        "1e308": 1e308,
        "9e307": 9e307,
        "1e-400": 0,
        "0.1000000000000000055511": 0.1,
        "5.0": 5,
        '"1e400"': "1e400",
        "null": None,
    }
    with database.transaction() as connection:
        web = WebService(database)
        for number, text_ in enumerate(said, start=1):
            payload = f'{{"recorded": {text_}, "prescale_index": {text_}}}'
            version = web.store_event(
                connection, KEY, {"place": number}, number, number, by="auto@auto", oms=True
            )
            connection.execute(
                text(
                    'UPDATE "JSONBDeduplication" SET "jsonb" = CAST(:json AS jsonb) WHERE id ='
                    ' (SELECT lumisection_metadata_id FROM "OMSLumisectionEvent"'
                    "  WHERE version = :version)"
                ),
                {"json": payload, "version": version},
            )
    with database.transaction() as connection:
        folded = states.fold(connection, [KEY])
        projections.store(connection, folded, desk=True)
    with database.read() as connection:
        kept, _ = states.fresh_compact(connection, [KEY])[KEY]
    assert "recorded" in kept.dense
    for state in (folded[KEY].state, kept.expand(), load(database), load(database, desk=False)):
        for name in ("recorded", "prescale_index"):
            found = [state.oms.value(name, number) for number in range(1, len(said) + 1)]
            assert found == [*said.values()], name
    # What is infinite counts nothing; a sum that is too large stops nothing.
    made = golden.generate(Acting(database, EXPERT), "online", {"var": "lumisection.oms.recorded"})
    assert made.selection.total.recorded == math.inf
    stored = golden.row(Acting(database), made.id).generated_json
    assert stored == {"390001": [[1, 6], [8, 10], [12, 40]]}


def test_that_a_value_nested_beyond_reading_says_nothing_and_ends_nothing(pulled: Database):
    before = load(pulled)
    deep = f'{{"prescale_index": {"[" * 3000}{"]" * 3000}}}'
    with pulled.transaction() as connection:
        WebService(pulled).store_event(
            connection, KEY, {"place": 1}, 2, 2, by="auto@auto", oms=True
        )
        connection.execute(
            text(
                'UPDATE "JSONBDeduplication" SET "jsonb" = CAST(:deep AS jsonb)'
                """ WHERE "jsonb" = '{"place": 1}'"""
            ),
            {"deep": deep},
        )
        connection.execute(
            text('UPDATE "Run" SET oms_attributes = CAST(:deep AS jsonb)'), {"deep": deep}
        )
    after = load(pulled)
    assert after.oms.keys == before.oms.keys
    assert [after.oms.at(number) for number in (1, 2, 3)] == [
        before.oms.at(number) for number in (1, 2, 3)
    ]
    (row,) = tables.runs_page(Acting(pulled), TableQuery("runs")).rows
    assert (row.oms_attributes, row.rr_attributes["state"]) == ({}, "OPEN")


def test_that_a_state_is_remembered_by_what_wrote_it_and_read_back_whole(signed_off: Database):
    with signed_off.read() as connection:
        keys = list(plain_datasets(connection))
        assert states.fresh_compact(connection, keys).keys() == set(keys)
        remembered = states.load(connection, keys, desk=True)
        folded = states.load(connection, keys, desk=False)
    for key in keys:
        assert rr_objects(remembered[key].state) == rr_objects(folded[key].state)
        assert oms_objects(remembered[key].state) == oms_objects(folded[key].state)
        assert remembered[key].counts == folded[key].counts


def test_that_a_dataset_without_events_reads_as_empty(pulled: Database):
    with pulled.read() as connection:
        loaded = states.load(connection, [KEY, (390001, "/no/such"), (7, "online")], desk=True)
    assert loaded[7, "online"].state.length == 0
    assert loaded[390001, "/no/such"].state.rr.length == 0
    assert loaded[390001, "/no/such"].state.participating.sum() == 0
    assert loaded[KEY].state.length == 10


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05\x00\x00\x00abcde",
        b'\x0c\x00\x00\x00{"format":9}',
        b'\x0c\x00\x00\x00{"format":1}',
    ],
)
def test_that_a_row_of_another_version_of_the_program_is_folded_anew(
    pulled: Database, content: bytes
):
    expected = rr_objects(load(pulled))
    with pulled.transaction() as connection:
        connection.execute(
            text(
                "UPDATE desk.lumisection_state SET state = :content, checksum = sha256("
                "  :content || convert_to(concat_ws(' ', run_number, rr_events, oms_events,"
                "   online_oms_events, name), 'UTF8'))"
            ),
            {"content": content},
        )
    assert fresh(pulled) == set()
    assert rr_objects(load(pulled)) == expected
    edit = ColumnEdit(*KEY, "dt-dt", (LumiRange(1, 1),), Triplet("GOOD"))
    lumisections.edit_columns(Acting(pulled, EXPERT), [edit])
    assert fresh(pulled) == {KEY}


def test_that_an_oms_event_of_online_makes_the_offline_states_stale_too(signed_off: Database):
    everything = fresh(signed_off)
    assert len(everything) == 3
    web = WebService(signed_off)
    web.edits_bit(PROMPT, "bpix_ready", value=False, first=1, last=2)
    assert fresh(signed_off) == everything - {PROMPT}
    web.edits_bit(KEY, "bpix_ready", value=False, first=9, last=10)
    assert fresh(signed_off) == set()
    state = load(signed_off, PROMPT)
    assert [state.oms.value("bpix_ready", n) for n in (1, 3, 10)] == [False, True, False]


def test_that_the_newer_word_wins_between_online_and_the_dataset_itself(signed_off: Database):
    web = WebService(signed_off)
    web.edits_bit(PROMPT, "bpix_ready", value=False, first=1, last=4)
    web.edits_bit(KEY, "bpix_ready", value=True, first=3, last=4)
    state = load(signed_off, PROMPT)
    assert [state.oms.value("bpix_ready", n) for n in (2, 3)] == [False, True]


def test_that_a_lumisection_only_online_has_is_seen_in_the_offline_state_but_takes_no_part(
    signed_off: Database,
):
    with begin(signed_off, [390001]) as action:
        events = [({"bpix_ready": False}, (LumiRange(11, 12),))]
        action.append("auto@auto", "grown", [LumisectionChange(*KEY, events, oms=True)])
    for desk in (True, False):
        state = load(signed_off, PROMPT, desk=desk)
        assert state.oms.length == state.length == 12
        assert state.participating.tolist() == [True] * 10 + [False] * 2


def test_that_lumisection_nought_which_the_web_service_lets_through_is_left_out(
    pulled: Database,
):
    web = WebService(pulled)
    web.edits_column(KEY, "dt-dt", Triplet("BAD", "abc"), 0, 3, by="web@cern.ch")
    web.edits_column(KEY, "csc-csc", Triplet("BAD", "abc"), -2, 0, by="web@cern.ch")
    state = load(pulled)
    assert [state.rr.value("dt-dt", n) for n in (3, 4)] == [Triplet("BAD", "abc"), Triplet("GOOD")]
    assert state.rr.value("csc-csc", 1) == Triplet("GOOD")
    assert state.rr.length == 10


@pytest.mark.parametrize("online", [True, False])
def test_that_a_lumisection_that_no_run_has_is_left_out_and_stops_nobody(
    signed_off: Database, online: bool
):
    key, most = KEY if online else PROMPT, 2**31 - 1
    web = WebService(signed_off)
    web.edits_column(key, "dt-dt", Triplet("BAD", "abc"), most, most, by="web@cern.ch")
    web.edits_column(key, "csc-csc", Triplet("BAD", "abc"), 3, 4, by="web@cern.ch")
    web.edits_bit(key, "dt0_ready", value=False, first=most, last=most)
    with signed_off.transaction() as connection:
        event = web.store_event(connection, key, {"dt0_ready": False}, 5, 5, by="a@b", oms=True)
        connection.execute(
            text('INSERT INTO "OMSLumisectionEventAssignation" VALUES (:event, :most)'),
            {"event": event, "most": most},
        )
        assert set(states.lengths(connection, [KEY, PROMPT]).values()) == {10}
    state = load(signed_off, key)
    assert state.rr.length == state.oms.length == 10
    assert state.rr.value("csc-csc", 4) == Triplet("BAD", "abc")
    assert [state.oms.value("dt0_ready", number) for number in (4, 5)] == [True, False]
    with signed_off.read() as connection:
        came = cell_writes.came_with(connection, [key], 10**6)
        plain = states.fold_events(
            key,
            states.rr_events(connection, [key]),
            states.oms_events(connection, [key]),
            [] if online else states.oms_events(connection, [KEY]),
        )
    assert came == {key: ()}
    assert rr_objects(plain.state) == rr_objects(state)
    assert oms_objects(plain.state) == oms_objects(state)


@pytest.mark.parametrize("numbers", [(0, 20_001), (-(2**31), 2**31 - 1), (-3, 0), (0, 2, 20_001)])
@pytest.mark.parametrize("oms", [True, False])
def test_that_lumisections_that_no_run_has_never_stand_for_those_between(
    pulled: Database, numbers: tuple[int, ...], oms: bool
):
    value = {"dt0_ready": False} if oms else {"dt-dt": Triplet("BAD").as_json()}
    at = (numbers[0], numbers[0])
    with pulled.transaction() as connection:
        store = WebService(pulled).store_event
        event = store(connection, KEY, value, *at, by="web@cern.ch", oms=oms)
        table = f"{'OMS' * oms}LumisectionEventAssignation"
        for number in numbers[1:]:
            connection.execute(text(f'INSERT INTO "{table}" VALUES ({event}, {number})'))
    there = tuple(LumiRange(each, each) for each in numbers if each == 2)
    read, around = (
        (states.oms_events, cell_writes.oms_writes)
        if oms
        else (states.rr_events, cell_writes.rr_writes)
    )
    with pulled.read() as connection:
        assert max(read(connection, [KEY]), key=lambda each: each.version).ranges == there
        writes = around(connection, [KEY])[KEY]
        assert max(writes, key=lambda each: each.event).ranges == there
        [write] = run_history.lumisection_writes(connection, [event])
        assert write.ranges == there
        if not oms:
            own = notifications.own_cells(connection, [KEY], "web@cern.ch")
            assert [each.ranges for each in own] == ([there] if there else [])
    state = load(pulled)
    changed = [n for n in range(1, 11) if state.oms.value("dt0_ready", n) is False]
    changed += [n for n in range(1, 11) if state.rr.value("dt-dt", n).status == "BAD"]
    assert changed == [2] * len(there)


def test_that_one_event_may_cover_scattered_lumisections(pulled: Database):
    with begin(pulled, [390001]) as action:
        ranges = (LumiRange(2, 3), LumiRange(7, 7), LumiRange(9, 10))
        events = [({"dt-dt": Triplet("STANDBY")}, ranges)]
        action.append("x@y", "scattered", [LumisectionChange(*KEY, events)])
    state = load(pulled, desk=False)
    standby = [n for n in range(1, 11) if state.rr.value("dt-dt", n) == Triplet("STANDBY")]
    assert standby == [2, 3, 7, 9, 10]


def test_that_an_event_without_lumisections_changes_nothing(pulled: Database):
    before = rr_objects(load(pulled))
    with pulled.transaction() as connection:
        version = WebService(pulled).store_event(
            connection, KEY, {"dt-dt": {"status": "BAD"}}, 1, 1, by="x@y"
        )
        connection.execute(
            text('DELETE FROM "LumisectionEventAssignation" WHERE version = :version'),
            {"version": version},
        )
    assert rr_objects(load(pulled)) == before


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({"cause": "hv", "comment": "abc", "status": "BAD"}, Triplet("BAD", "abc", "hv")),
        ({"status": "BAD"}, Triplet("BAD")),
        ({"status": None, "comment": 3, "cause": ""}, Triplet("")),
        ("GOOD", EMPTY_TRIPLET),
        (None, EMPTY_TRIPLET),
    ],
)
def test_that_a_triplet_as_others_store_it_is_read(pulled: Database, stored, read: Triplet):
    with pulled.transaction() as connection:
        payload = {"dt-dt": stored, "new-new": {"status": "GOOD"}}
        WebService(pulled).store_event(connection, KEY, payload, 2, 3, by="x@y")
    state = load(pulled)
    assert state.rr.value("dt-dt", 2) == read
    assert state.rr.value("new-new", 3) == Triplet("GOOD")
    assert not state.rr.has("new-new", 4)


def test_that_values_of_any_kind_survive_the_read_model(pulled: Database):
    odd = {"a": None, "b": False, "c": 0, "d": 1, "e": True, "f": "1", "g": 0.1 + 0.2, "h": 1e21}
    many = [
        (
            {"recorded": number / 7, "delivered": None if number % 3 else number},
            (LumiRange(number, number),),
        )
        for number in range(1, 11)
    ]
    with begin(pulled, [390001]) as action:
        events = [(odd, (LumiRange(2, 5),)), *many]
        action.append("auto@auto", "odd", [LumisectionChange(*KEY, events, oms=True)])
    assert fresh(pulled) == {KEY}
    remembered, folded = load(pulled), load(pulled, desk=False)
    with pulled.read() as connection:
        plain = plain_datasets(connection)[KEY].oms
    for state in (remembered, folded):
        objects = oms_objects(state)
        assert objects == plain
        assert [type(objects[3][name]) is bool for name in "bcde"] == [True, False, False, True]


def test_that_two_hundred_datasets_are_read_with_as_many_statements_as_two(database: Database):
    names = [f"/Prompt/{number}/DQM" for number in range(200)]
    payload = {"dt-dt": Triplet("GOOD")}
    with begin(database, [390001]) as action:
        changes = [RunChange(390001, {}, {})]
        for name in names:
            action.is_new((390001, name))
            changes.append(DatasetChange(390001, name))
            changes.append(LumisectionChange(390001, name, [(payload, (LumiRange(1, 3),))]))
            ranges = (LumiRange(1, 1), LumiRange(3, 3))
            oms = [({"bit": True}, ranges)]
            changes.append(LumisectionChange(390001, name, oms, oms=True))
        action.append("x@y", "many", changes)
    for desk in (False, True):
        counts = []
        # A client reads with a desk or without one.
        database.forget_kept()
        for some in (names[:2], names):
            with database.read() as connection, Counted(connection) as statements:
                loaded = states.load(connection, [(390001, name) for name in some], desk=desk)
            counts.append(len(statements))
            assert {each.state.rr.length for each in loaded.values()} == {3}
        assert counts[0] == counts[1] <= 8


class Counted:
    """Collects the statements that a connection runs."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.statements: list[str] = []

    def __enter__(self) -> list[str]:
        event.listen(self.connection, "before_cursor_execute", self._note)
        return self.statements

    def __exit__(self, *_: object) -> None:
        event.remove(self.connection, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement: str, *_: object) -> None:
        self.statements.append(statement)
