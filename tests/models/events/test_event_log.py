"""Actions on the event log: all or nothing, and every projection right afterwards."""

import threading

import pytest
from sqlalchemy import Connection, text

from app.domain.errors import Refused
from app.domain.json_value import js_stringify
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import event_log, states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.models.events.shifts import (
    COLUMNS,
    RUNS,
    Shift,
    assert_same_state,
    check_folds,
    contents,
    until_somebody_waits,
)
from tests.plain_folds import (
    WebService,
    oms_objects,
    plain_datasets,
    rr_objects,
)


@pytest.mark.parametrize("seed", range(5))
def test_that_after_any_sequence_of_actions_every_projection_is_the_plain_fold(
    configured: Database, deskless: Database, seed: int
):
    shift = Shift([configured, deskless], seed)
    done = []
    for number in RUNS[: seed % 3]:
        shift.pull(number)
    for _ in range(30):
        done.append(shift.act())
        try:
            check_folds(configured, stale=shift.stale)
        except AssertionError as error:
            error.add_note(f"after {done}")
            raise
    assert len(done) - len(shift.refusals) >= 5


class Interrupted(Exception):
    """Stands for whatever can go wrong in the middle of an action."""


@pytest.mark.parametrize(
    "place", ["events.event_log.append", "events.projections.store", "events.projections.fold_runs"]
)
def test_that_an_action_that_fails_in_the_middle_leaves_nothing(
    configured: Database, monkeypatch: pytest.MonkeyPatch, place: str
):
    pull.apply(Acting(configured), a_run(390001, 8))
    everywhere = (LumiRange(1, 8),)
    good = [ColumnEdit(390001, "online", c, everywhere, Triplet("GOOD")) for c in COLUMNS]
    lumisections.edit_columns(Acting(configured, EXPERT), good)
    before = contents(configured)
    calls = []

    def fails_later(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        # The sign-off appends the move, then a version for each dataset.
        if not place.endswith("event_log.append") or len(calls) == 3:
            raise Interrupted
        return appends(*arguments, **named)

    appends = event_log.append
    monkeypatch.setattr(f"app.models.{place}", fails_later)
    with pytest.raises(Interrupted):
        runs.move(Acting(configured, EXPERT), 390001, "SIGNOFF")
    monkeypatch.undo()
    assert contents(configured) == before
    runs.move(Acting(configured, EXPERT), 390001, "SIGNOFF")
    check_folds(configured)


def test_that_an_edit_of_two_datasets_lands_nowhere_when_one_of_them_refuses(
    configured: Database,
):
    for number in RUNS:
        pull.apply(Acting(configured), a_run(number, 8))
    before = contents(configured)
    wanted = [
        ColumnEdit(390001, "online", "dt-dt", (LumiRange(1, 2),), Triplet("GOOD")),
        ColumnEdit(390002, "online", "dt-dt", (LumiRange(7, 9),), Triplet("GOOD")),
    ]
    with pytest.raises(Refused, match="LS 7-9 is outside run 390002: it has LS 1 to 8"):
        lumisections.edit_columns(Acting(configured, EXPERT), wanted)
    assert contents(configured) == before


# --- several versions in one action ---------------------------------------------------------------


def test_that_an_automatic_version_after_a_persons_in_one_action_stays_behind_it(
    configured: Database,
):
    key = (390001, "online")
    with begin(configured, [390001]) as action:
        action.is_new(key)
        action.append("auto@auto", "first", [RunChange(390001, {}, {}), DatasetChange(*key)])
        for by, status in (("x@y", "GOOD"), ("auto@auto", "BAD")):
            payload = {"dt-dt": Triplet(status)}
            change = LumisectionChange(*key, [(payload, (LumiRange(1, 3),))])
            action.append(by, "then", [change])
    check_folds(configured)


def test_that_one_event_covers_scattered_and_overlapping_ranges_once(configured: Database):
    pull.apply(Acting(configured), a_run(390001, 20))
    ranges = (LumiRange(8, 12), LumiRange(1, 2), LumiRange(10, 15), LumiRange(20, 20))
    with begin(configured, [390001]) as action:
        change = LumisectionChange(390001, "online", [({"dt-dt": Triplet("BAD", "abc")}, ranges)])
        version = action.append("x@y", "scattered", [change])
    with configured.read() as connection:
        covered = connection.execute(
            text(
                'SELECT lumisection_number FROM "LumisectionEventAssignation" a'
                ' JOIN "Event" e USING (version) WHERE atomic_version = :version ORDER BY 1'
            ),
            {"version": version},
        ).scalars()
        assert [*covered] == [1, 2, *range(8, 16), 20]
    check_folds(configured)


# --- beside the web service -----------------------------------------------------------------------


def test_that_an_event_of_the_web_service_is_seen_and_folded_in_by_our_next_write(
    configured: Database,
):
    key = (390001, "online")
    pull.apply(Acting(configured), a_run(390001, 10))
    web = WebService(configured)
    web.edits_column(key, "dt-dt", Triplet("STANDBY", "web"), 3, 5, by="web@cern.ch")
    web.edits_bit(key, "bpix_ready", value=False, first=1, last=2)
    with configured.read() as connection:
        assert states.fresh_compact(connection, [key]) == {}
    state = lumisections.dataset_state(Acting(configured), *key)
    assert state.rr.value("dt-dt", 4) == Triplet("STANDBY", "web")
    assert state.oms.value("bpix_ready", 2) is False
    edit = ColumnEdit(*key, "csc-csc", (LumiRange(1, 1),), Triplet("GOOD"))
    lumisections.edit_columns(Acting(configured, EXPERT), [edit])
    with configured.read() as connection:
        assert states.fresh_compact(connection, [key]).keys() == {key}
    check_folds(configured)


@pytest.mark.parametrize("oms", [False, True])
def test_that_what_the_web_service_is_storing_at_this_moment_is_not_lost(
    configured: Database, *, oms: bool
):
    """It knows none of our locks, and its event has an older number than ours."""
    key = (390001, "online")
    pull.apply(Acting(configured), a_run(390001, 10))
    outcome: list[object] = []
    payload: dict = {"bpix_ready": False} if oms else {"dt-dt": Triplet("STANDBY").as_json()}
    web = WebService(configured)
    with configured.transaction() as connection:
        web.store_event(connection, key, payload, 3, 5, by="web@cern.ch", oms=oms)
        thread = threading.Thread(
            target=lambda: outcome.append(pull.apply(Acting(configured), a_run(390001, 12)))
        )
        thread.start()
        until_somebody_waits(connection)
        if not oms:
            web.bump(connection, key, by="web@cern.ch")
    thread.join()
    assert len(outcome) == 1
    check_folds(configured)


# --- as of a version ------------------------------------------------------------------------------


def test_that_a_state_read_as_of_a_version_is_the_state_that_was_read_then(
    configured: Database, deskless: Database
):
    shift = Shift([configured, deskless], 7)
    for number in RUNS:
        shift.pull(number)
        shift.sign_off(number)
    seen: dict[int, dict[DatasetKey, tuple]] = {}
    for _ in range(15):
        shift.act()
        with configured.read() as connection:
            version = connection.execute(text('SELECT max(atomic_version) FROM "Version"'))
            keys = list(plain_datasets(connection))
            loaded = states.load(connection, keys, desk=True)
            seen[version.scalar_one()] = {key: _shown(loaded[key].state) for key in keys}
    assert len(seen) >= 8
    for version, then in seen.items():
        with configured.read() as connection:
            loaded = states.load(connection, list(then), desk=True, as_of=version)
            small, _ = states.load_compact(connection, list(then), desk=True, as_of=version)
            plain = plain_datasets(connection, version)
        assert {key: _shown(each.state) for key, each in loaded.items()} == then
        assert {key: _shown(each.expand()) for key, (each, *_) in small.items()} == then
        for key, each in loaded.items():
            assert_same_state(each.state, plain[key])


def _shown(state) -> tuple:
    return rr_objects(state), oms_objects(state), state.participating.tolist()


@pytest.mark.parametrize(
    "payload",
    [
        {"dt-dt": Triplet("BAD", 'a "ü" b', "hv"), "csc-csc": Triplet("GOOD")},
        {"beam1_stable": True, "prescale_index": 1, "recorded": 1.0, "delivered": 1e-7, "x": None},
        {"10": True, "9": 1, "a": False},
        {},
    ],
)
def test_that_an_object_is_written_as_javascript_writes_it_in_one_order(
    payload: dict[str, object],
) -> None:
    (written,) = event_log.texts_of([payload])
    assert written == js_stringify(event_log.canonical(payload))


def test_that_what_datasets_of_a_run_take_over_is_looked_for_once(
    configured: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull.apply(Acting(configured), a_run(1, 3))
    taken_over = {"dt-dt": Triplet("BAD", "no gas")}
    asked: list[int] = []
    deduplicated = event_log.deduplicated

    def counting(connection: Connection, texts: list[str]) -> list[int]:
        asked.append(len(texts))
        return deduplicated(connection, texts)

    monkeypatch.setattr(event_log, "deduplicated", counting)
    names = ("/Express/One/DQM", "/PromptReco/One/DQM")
    with begin(configured, [1]) as action:
        for name in names:
            action.is_new((1, name))
            action.append(
                EXPERT.email,
                "made",
                [
                    DatasetChange(1, name),
                    LumisectionChange(
                        1,
                        name,
                        [
                            (taken_over, (LumiRange(1, 1),)),
                            (dict(taken_over) | {"csc-csc": Triplet("GOOD")}, (LumiRange(2, 2),)),
                            (taken_over, (LumiRange(3, 3),)),
                        ],
                    ),
                ],
            )
    # The second dataset brings one object that wasn't there before.
    assert asked == [2, 1]
    check_folds(configured, stale=set())


def test_that_new_datasets_are_alike_only_where_they_got_the_same_events(configured: Database):
    pull.apply(Acting(configured), a_run(1, 3))
    bad = [({"dt-dt": Triplet("BAD", "no gas")}, (LumiRange(1, 3),))]
    good = [({"dt-dt": Triplet("GOOD")}, (LumiRange(2, 3),))]
    off = [({"dtm_ready": False}, (LumiRange(2, 2),))]
    made = {
        "/Express/One/DQM": (bad, off),
        "/Express/Two/DQM": (bad, off),
        "/Express/Three/DQM": (good, off),
        "/Express/Four/DQM": (bad, []),
        "/Express/Five/DQM": ([], off),
    }
    with begin(configured, [1]) as action:
        for name, (rr, oms) in made.items():
            key = (1, name)
            action.is_new(key)
            changes = [LumisectionChange(*key, rr), LumisectionChange(*key, oms, oms=True)]
            action.append(EXPERT.email, "made", [DatasetChange(*key), *changes])
    check_folds(configured)
