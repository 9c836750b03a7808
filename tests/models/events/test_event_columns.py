"""Events read as arrays fold to what they say one by one, whatever others have stored."""

import random

import pytest
from sqlalchemy import Connection, text

from app.domain.keys import ONLINE, DatasetKey
from app.domain.state.compact import compact
from app.models.database.engine import Database
from app.models.events import event_columns, projections, states
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.plain_folds import WebService, oms_objects, plain_datasets, rr_objects

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
KEYS = [(RUN, ONLINE), (RUN, PROMPT), (390002, ONLINE), (7, ONLINE)]


def store_anything(db: Database, connection: Connection, chance: random.Random) -> None:
    """Events of both sides, some scattered, some that cover nothing or what there isn't."""
    web = WebService(db)
    for _ in range(25):
        oms = chance.random() < 0.6
        key = KEYS[chance.randrange(2)]
        value = chance.choice([None, 0.5, -1, 1, True, "0.5", chance.random(), [1], {"a": 1}])
        payload: dict = (
            {chance.choice(["recorded", "delivered", "dt0_ready"]): value, "new_bit": value}
            if oms
            else {"dt-dt": {"status": chance.choice(["GOOD", "BAD"]), "comment": "c"}, "x": value}
        )
        first = chance.randint(-1, 12)
        author = chance.choice(["auto@auto", "a@b"])
        last = first + chance.randint(0, 5)
        version = web.store_event(connection, key, payload, first, last, by=author, oms=oms)
        table = "OMSLumisectionEventAssignation" if oms else "LumisectionEventAssignation"
        if chance.random() < 0.15:
            connection.execute(
                text(f'DELETE FROM "{table}" WHERE version = :version'), {"version": version}
            )
        elif chance.random() < 0.4:
            for number in (last + 2, last + 3, last + 7):
                connection.execute(
                    text(f'INSERT INTO "{table}" VALUES (:version, :number)'),
                    {"version": version, "number": number},
                )


def test_that_whatever_others_stored_folds_as_event_after_event_does(configured: Database):
    pull.apply(Acting(configured), a_run(RUN, 30))
    with configured.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Dataset" SELECT run_number, :name, dataset_attributes,'
                " datasets_in_gui, deleted, version FROM \"Dataset\" WHERE name = 'online'"
            ),
            {"name": PROMPT},
        )
        store_anything(configured, connection, random.Random(5))
    with configured.read() as connection:
        newest = connection.execute(text('SELECT max(atomic_version) FROM "Version"')).scalar_one()
        for as_of in (None, newest - 10, newest - 20):
            found = event_columns.fold(connection, KEYS, as_of=as_of)
            rr = states.grouped(states.rr_events(connection, KEYS, as_of=as_of))
            oms = states.grouped(states.oms_events(connection, KEYS, as_of=as_of))
            for key, each in found.items():
                state, numbers = each.state, each.numbers
                one_by_one = states.fold_events(
                    key, rr.get(key, []), oms.get(key, []), oms.get((key[0], ONLINE), [])
                )
                plain, ours = compact(one_by_one.state), state.expand()
                assert states.EventCounts(*numbers) == one_by_one.counts
                assert (state.columns, state.bits) == (plain.columns, plain.bits)
                assert state.starts.tolist() == plain.starts.tolist()
                assert ours.rr.same_as(one_by_one.state.rr)
                assert ours.oms.same_as(one_by_one.state.oms)
                assert ours.participating.tolist() == one_by_one.state.participating.tolist()
        assert found.keys() == set(KEYS)


def test_that_a_fold_is_what_plain_dictionaries_say(configured: Database):
    pull.apply(Acting(configured), a_run(RUN, 30))
    WebService(configured).edits_bit((RUN, ONLINE), "dt0_ready", value=False, first=2, last=33)
    with configured.read() as connection:
        state = event_columns.fold(connection, [(RUN, ONLINE)])[RUN, ONLINE].state
        plain = plain_datasets(connection)[RUN, ONLINE]
    assert rr_objects(state.expand()) == plain.rr
    assert oms_objects(state.expand()) == plain.oms


def test_that_what_is_kept_in_memory_is_not_used_once_another_event_is_there(deskless: Database):
    pull.apply(Acting(deskless), a_run(RUN, 10))
    key = (RUN, ONLINE)

    def folded() -> tuple[bool, object]:
        with deskless.read() as connection:
            found, folded_now = states.load_compact(connection, [key], desk=False)
        return key in folded_now, found[key][0].expand().oms.value("dt0_ready", 3)

    assert folded() == (True, True)
    assert folded() == (False, True)
    WebService(deskless).edits_bit(key, "dt0_ready", value=False, first=3, last=3)
    assert folded() == (True, False)


def test_that_what_a_transaction_folds_of_its_own_events_is_not_kept(deskless: Database):
    pull.apply(Acting(deskless), a_run(RUN, 10))
    key = (RUN, ONLINE)
    web = WebService(deskless)
    try:
        with deskless.transaction() as connection:
            web.store_event(connection, key, {"dt0_ready": False}, 3, 3, by="auto@auto", oms=True)
            states.load_compact(connection, [key], desk=False)
            raise ValueError
    except ValueError:
        web.edits_bit(key, "dt0_ready", value=True, first=4, last=4)
    with deskless.read() as connection:
        found, folded = states.load_compact(connection, [key], desk=False)
    assert key in folded
    assert found[key][0].expand().oms.value("dt0_ready", 3) is True


def test_that_the_luminosity_of_runs_without_summary_is_folded_once(
    deskless: Database, monkeypatch
):
    pull.apply(Acting(deskless), a_run(RUN, 10))
    with deskless.transaction() as connection:
        connection.execute(text('DELETE FROM "DatasetTripletCache"'))
    made = golden.generate(Acting(deskless, EXPERT), ONLINE, {"==": [1, 1]})
    monkeypatch.setattr(event_columns, "fold", lambda *_, **__: 1 / 0 if _[1] else {})
    again = golden.generate(Acting(deskless, EXPERT), ONLINE, {"==": [1, 1]})
    rows = [golden.row(Acting(deskless), each.id).luminosity for each in (made, again)]
    assert rows[0] == rows[1]
    assert rows[0]["total_recorded_luminosity_from_run_range"] > 0


def test_that_runs_folded_after_one_another_fold_as_all_at_once(
    configured: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[DatasetKey] = []
    for run in (RUN, RUN + 1, RUN + 2):
        pull.apply(Acting(configured), a_run(run, 30))
        keys += [(run, PROMPT), (run, ONLINE)]
    with configured.read() as connection:
        at_once = event_columns.fold(connection, keys)
        monkeypatch.setattr(event_columns, "_DATASETS", 1)
        one_by_one = event_columns.fold(connection, reversed(keys))
    assert [*one_by_one] == [*at_once] == keys
    for key, folded in at_once.items():
        other = one_by_one[key]
        assert (other.numbers, other.newest) == (folded.numbers, folded.newest)
        assert other.state.to_bytes() == folded.state.to_bytes()


def test_that_datasets_of_a_run_share_their_luminosity(configured: Database) -> None:
    pull.apply(Acting(configured), a_run(RUN, 30))
    keys = [(RUN, ONLINE), (RUN, PROMPT)]
    with configured.transaction() as connection:
        folded = states.fold_compact(connection, keys)
        projections.remember_compact(connection, folded)
        read = states.fresh_compact(connection, keys)
    for found in (folded, read):
        prompt, online = (found[key][0] for key in ((RUN, PROMPT), (RUN, ONLINE)))
        assert prompt.length == 30
        assert prompt.dense["recorded"] is online.dense["recorded"]
